/**
 * How much peers may take from a libp2p host. Each with its unit and its reason.
 */

/** Bytes that a stream holds for a reader who does not read, before libp2p is told to pause: yamux' initial window, https://github.com/hashicorp/yamux/blob/master/spec.md#flow-control */
export const MAX_UNREAD_BYTES = 256 * 1024

/**
 * Bytes that libp2p may hold of a paused stream before it resets it, at least: the
 * largest receive window of js-libp2p's yamux (`MAX_STREAM_WINDOW`). A sender that was
 * granted such a window may use it up after we paused, and must not be reset for that.
 */
export const MAX_PAUSED_BYTES = 16 * 1024 * 1024

/** Inbound streams of one protocol on one connection: what libp2p's registrar takes by default. */
export const MAX_INBOUND_STREAMS = 32

/** Outbound streams of one protocol on one connection: what libp2p's registrar takes by default. */
export const MAX_OUTBOUND_STREAMS = 64

/** Addresses of one peer that one dial is for at most; libp2p tries 25 of those that it has a transport for. */
export const MAX_DIALLED_ADDRS = 64

/** Milliseconds that it may take to open a stream: libp2p dials one address after the other, and gives each that is silent 6 s (its `addressDialTimeout`). Two may be. */
export const MAX_OPEN_MS = 15_000

/** Addresses kept of what one peer says of itself: of identify's ten messages of 8 KiB. */
export const MAX_REMOTE_ADDRS = 64

/** Protocols kept of that: Kubo names some 20. */
export const MAX_REMOTE_PROTOCOLS = 256

/** Peer ids kept decoded. Decoding one costs a key, and for secp256k1 a point on the curve. */
export const MAX_CACHED_PEER_IDS = 1024
