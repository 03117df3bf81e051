/**
 * How much strangers may take from a TCP host, and how long it waits for them.
 * Each with its unit and its reason.
 */

/** Milliseconds for a whole dial: every address tried, handshake and hello done. */
export const DIAL_TIMEOUT_MS = 5_000

/** Milliseconds an address may take to connect before the next is tried beside it (RFC 8305 §5, "Connection Attempt Delay"). */
export const CONNECTION_ATTEMPT_DELAY_MS = 250

/** Milliseconds an address that did connect may take for its handshake before the next is tried beside it. */
export const HANDSHAKE_PATIENCE_MS = 1_000

/** Milliseconds an inbound socket has for its TLS handshake and its hello together. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

/** Addresses of one peer that one dial tries at most. */
export const MAX_DIALLED_ADDRS = 16

/** Names among them that are looked up: one for each version of IP. */
export const MAX_NAMES_PER_DIAL = 2

/** Inbound sockets open at once. Each costs a file descriptor, of which a process often has 1,024. Beyond that, whoever has the most gives way. */
export const MAX_INBOUND_SOCKETS = 1_000

/** Inbound sockets open at once from one remote network: an IPv4 address or an IPv6 /64. Loopback is exempt. */
export const MAX_INBOUND_SOCKETS_PER_REMOTE = 100

/** Inbound sockets at once that have not said who they are. Beyond that, whoever has the most gives way. Loopback is exempt. */
export const MAX_UNFINISHED_HANDSHAKES = 100

/** Connections that the kernel queues for us before we accept them. */
export const BACKLOG = 128

/** Sockets of `identify` kept for the next `openStream`. Beyond that the oldest is closed. */
export const MAX_KEPT_SOCKETS = 64

/** Milliseconds such a socket is kept while nobody uses it. */
export const KEPT_SOCKET_MS = 10_000

/** Milliseconds that the other side may take to end a stream after we did and nobody of ours reads it. */
export const LINGER_MS = 10_000

/** Bytes that are written to a TLS socket at once: four records. */
export const MAX_WRITE_BYTES = 65_536

/** Bytes of a hello, without its length prefix. */
export const MAX_HELLO_BYTES = 8_192

/** Addresses that a hello may announce. */
export const MAX_HELLO_ADDRS = 16

/** Bytes of one announced address. */
export const MAX_ADDR_BYTES = 256

/** Bytes of the protocol id in a hello. */
export const MAX_NETWORK_BYTES = 256

/** Characters of the agent version in a hello. */
export const MAX_AGENT_LENGTH = 64

/** Addresses kept of one remote peer. */
export const MAX_REMOTE_ADDRS = 8

/** Addresses at which a visitor is dialled back beside those where it was seen: it may announce those of others, whom our dials would hit. */
export const MAX_OTHER_ADDRS = 2

/** Bytes of a peer's certificate. One with an RSA identity of 8,192 bits has less than half. */
export const MAX_CERTIFICATE_BYTES = 8_192

/** Certificates remembered of which it is known whom they prove, some 300 bytes each. */
export const MAX_PROVEN_CERTIFICATES = 1_024

/** Bytes that the other side sends in a handshake: an honest one that fails, however often, costs it nothing. */
export const USUAL_HANDSHAKE_BYTES = 4_096

/** Bytes beyond that which a remote may send in handshakes that come to nothing, before it is kept out. */
export const MAX_FAILED_BYTES = 65_536

/** Bytes of those that are forgiven each millisecond: made to take long, that many take 6 us. */
export const FAILED_BYTES_PER_MS = 1

/** Remotes of which it is known what they sent in vain. */
export const MAX_FAILED_REMOTES = 4_096

/** Bytes that may come on a socket beside data: more than any handshake. */
export const MAX_OVERHEAD_BYTES = 131_072

/** And for each byte of data: the smallest request is a record of TLS with seven times as much beside it. */
export const MAX_OVERHEAD_SHARE = 32

/** Milliseconds after which it is looked at again how much came beside data. */
export const OVERHEADS_CHECK_MS = 1_000

/** Milliseconds after which the machine's interfaces are looked at again. */
export const INTERFACES_MAX_AGE_MS = 10_000

/** Milliseconds after which they are looked at, if somebody is to be told of new addresses. Longer than that. */
export const INTERFACES_CHECK_MS = 30_000
