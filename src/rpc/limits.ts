/**
 * How much a peer may take from us. Each limit that a peer could otherwise grow
 * stands here, with its unit and its reason.
 */

/** Milliseconds a peer may take to deliver one whole frame. A slower one holds memory for nothing. */
export const FRAME_TIMEOUT_MS = 10_000

/** Milliseconds an inbound stream may be silent between requests; go's servers wait as long. */
export const SERVER_IDLE_MS = 60_000

/** Milliseconds a peer may take to read an answer it asked for. */
export const ANSWER_TAKEN_TIMEOUT_MS = 10_000

/** Inbound streams served at once, from all peers. Further ones are reset. */
export const MAX_INBOUND_STREAMS = 2_000

/** Inbound streams served at once from one peer: js opens one a request and alpha of ours are in flight at most. */
export const MAX_INBOUND_STREAMS_PER_PEER = 32

/** Milliseconds after which we close a stream we have no more requests for, well before any server would. */
export const CLIENT_IDLE_MS = 30_000

/** Streams the client keeps open, one a peer. Beyond that the least recently used idle one is closed. */
export const MAX_CHANNELS = 1_000

/** Requests waiting for an answer on one stream. */
export const MAX_PENDING = 1_024

/** Milliseconds to open a stream to a peer, dialling included, when nothing is known of the network yet. */
export const OPEN_TIMEOUT_MS = 5_000

/** Milliseconds to wait for an answer when nothing is known of the network yet; the upper bound ever after. */
export const ANSWER_TIMEOUT_MS = 10_000

/** Milliseconds below which no deadline adapts: a busy peer pauses for that long (a garbage collection, a disk write). */
export const MIN_TIMEOUT_MS = 500

/** Milliseconds a server may take to end a stream after we did. */
export const CLOSE_LINGER_MS = 1_000
