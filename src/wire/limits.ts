/** Bytes of a request beside the value it may carry. A FIND_NODE takes tens of bytes, an ADD_PROVIDER with many addresses a few thousand. */
export const MAX_REQUEST_BYTES = 64 * 1024

/** Bytes of an answer that carries peers must stay below this: rust-libp2p reads no larger message. */
export const MAX_ANSWER_BYTES = 16 * 1024

/** Bytes of an answer that we read beside the value: what go and js read, and so what they may send. */
export const MAX_READ_ANSWER_BYTES = 4 * 1024 * 1024

/** Peers of one list that are looked at: twice the usual k of 20. */
export const MAX_PEERS_READ = 40

/** Bytes of one peer of a list, addresses included. A larger one is skipped. */
export const MAX_PEER_BYTES = 8 * 1024

/** Bytes of what is looked for, the key of a value or else: a request for it stays below the 16 KiB that rust-libp2p reads. */
export const MAX_TARGET_BYTES = 15 * 1024

/** Bytes of the key of a provider record: go's limit. */
export const MAX_PROVIDER_KEY_BYTES = 80

/** Bytes of a length prefix: enough for frames of 256 MiB. */
export const MAX_PREFIX_BYTES = 4

/** Bytes of memory that a peer taken from a frame may keep alive beside its own. */
export const MAX_SHARED_BUFFER_BYTES = 2 * MAX_ANSWER_BYTES

/** Bytes of one address. A larger one is not used. */
export const MAX_ADDR_BYTES = 1024

/** Addresses of one peer that are used. One that is reached over relays has a dozen for each of them, and we may have the transport of the last only. */
export const MAX_ADDRS = 64

/** Bytes of them, all in all. */
export const MAX_ADDRS_BYTES = 4096

/** Bytes of a domain name (RFC 1035 §2.3.4). */
export const MAX_DNS_NAME_BYTES = 253

/** Bytes from which on a value is not copied into its message: it travels as a piece of its own. */
export const LARGE_VALUE_BYTES = 32 * 1024
