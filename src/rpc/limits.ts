/**
 * How much a peer may take from us. Each limit that a peer could otherwise grow
 * stands here, with its unit and its reason.
 */

/** Milliseconds a peer may take to deliver one whole frame unless told otherwise, and more only as its bytes come in. A slower one holds memory for nothing. */
export const FRAME_TIMEOUT_MS = 10_000

/** Bytes a second that a transfer usually makes at the least: each so many bytes that are sent or came in buy a second more. */
const USUAL_BYTES_PER_SECOND = 32 * 1024

/** The same for one that shares a slow link with twenty others, as the answers to a get do. */
const MIN_BYTES_PER_SECOND = 4 * 1024

/** Bytes of frames that have not come whole yet, on all streams of a server, and on all of a client, and of a server's answers that have not been read: 64 of the largest size at default limits. Beyond that the longest is reset. */
export const MAX_UNFINISHED_BYTES = 256 * 1024 * 1024

/** Bytes of an unfinished answer that are read on though nobody waits for any answer of that stream: to read more would cost more than another stream. */
export const MAX_UNWANTED_BYTES = 256 * 1024

/** Milliseconds that `byteLength` bytes usually take on the way at the most. */
export function transferTime (byteLength: number): number {
  return byteLength * 1000 / USUAL_BYTES_PER_SECOND
}

/** Milliseconds that `byteLength` bytes may take on the way before they are given up. */
export function maxTransferTime (byteLength: number): number {
  return byteLength * 1000 / MIN_BYTES_PER_SECOND
}

/** Milliseconds an inbound stream may be silent between requests; go's servers wait as long. */
export const SERVER_IDLE_MS = 60_000

/** Milliseconds a peer may take to read an answer it asked for, beside the time its bytes need. */
export const ANSWER_TAKEN_TIMEOUT_MS = 10_000

/** Milliseconds after which a peer is late whose answer has begun to arrive, beside the time that the bytes which came need: a lost packet takes less. */
export const ARRIVAL_MS = 2_000

/** Milliseconds for which one stream is answered before others have a turn: more than a client's window of small requests needs. */
export const MAX_ANSWERING_MS = 10

/** Requests of one stream that are worked on beside its first, if they take their time: a peer's next ones need not wait for each other. */
export const MAX_BESIDE_PER_STREAM = 15

/** The same of all streams together: their answers may be of the largest size. Beyond that each stream has its requests answered one after another. */
export const MAX_BESIDE = 64

/** Inbound streams served at once, from all peers. Beyond that the oldest of whoever has the most is reset; a further one, if nobody has more. */
export const MAX_INBOUND_STREAMS = 2_000

/** Inbound streams served at once from one peer: js opens one a request and alpha of ours are in flight at most. */
export const MAX_INBOUND_STREAMS_PER_PEER = 32

/** Milliseconds after which we close a stream we have no more requests for, well before any server would. */
export const CLIENT_IDLE_MS = 30_000

/** The same on libp2p networks, milliseconds: js servers reset a stream 10 s after its last request. */
export const LIBP2P_CLIENT_IDLE_MS = 8_000

/** Streams the client keeps open, one a peer. Beyond that those idle are closed, the least recently used first. */
export const MAX_CHANNELS = 1_000

/** Of so many streams one is closed when the host can open no more: enough that the next dials find room, too. */
export const FULL_HOST_SHARE = 8

/** Requests waiting for an answer on one stream. */
export const MAX_PENDING = 1_024

/** Requests on their way on one stream: what is given up behind them costs its peer nothing. */
export const MAX_UNDER_WAY = 128

/** Frames without an answer that a channel keeps in case its stream is lost: of more, the first are taken for read. */
export const MAX_UNPROVEN = 1_024

/** Milliseconds to open a stream to a peer, dialling included, when nothing is known of the network yet. */
export const OPEN_TIMEOUT_MS = 5_000

/** Milliseconds to wait for an answer when nothing is known of the network yet; the upper bound ever after. */
export const ANSWER_TIMEOUT_MS = 10_000

/** Milliseconds below which no deadline adapts: a busy peer pauses for that long (a garbage collection, a disk write). */
export const MIN_TIMEOUT_MS = 500

/** Peers whose requests are late and go on all the same, at once: enough to learn how slow the network has become, and few beside what a host dials at once. */
export const MAX_LATE = 32

/** Milliseconds after which it is seen anew what a deadline is of which nothing was known: others may have told meanwhile how long they take. */
export const RECHECK_MS = 500

/** Milliseconds a server may take to end a stream after we did. */
export const CLOSE_LINGER_MS = 1_000

/** Bytes of a request and its answer up to which the time they took tells of the peer rather than of their size. */
export const MAX_TIMED_BYTES = 32 * 1024

/** Bytes of frames that leave in one piece at the most; a longer frame leaves alone. Half of what one message of noise carries. */
export const MAX_BATCH_BYTES = 32 * 1024
