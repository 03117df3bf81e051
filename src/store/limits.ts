const HOUR_MS = 3_600_000

/** Values kept at once. */
export const MAX_VALUES = 65_536

/** Bytes of keys and values kept at once. */
export const MAX_VALUE_BYTES = 256 * 1024 * 1024

/** Milliseconds a value lives on libp2p networks (kad-dht spec, "Record expiry"). */
export const LIBP2P_VALUE_TTL_MS = 48 * HOUR_MS

/** Milliseconds a value lives on a standalone network (Kademlia paper, §2.5). */
export const VALUE_TTL_MS = 24 * HOUR_MS

/** Milliseconds that a value may live at the most on a standalone network: longer ones are for their publisher to send out again. */
export const MAX_VALUE_TTL_MS = 7 * 24 * HOUR_MS

/** Milliseconds a provider record lives (kad-dht spec, "Provider record expiry"). */
export const PROVIDER_TTL_MS = 48 * HOUR_MS

/** Milliseconds a provider's addresses are believed; after that it is named without. */
export const PROVIDER_ADDRS_TTL_MS = 24 * HOUR_MS

/** Multihashes with providers kept at once, those we provide ourselves not counted. */
export const MAX_PROVIDED_KEYS = 65_536

/** Providers kept for one multihash, ourselves not counted: the latest. */
export const MAX_PROVIDERS_PER_KEY = 64

/** Provider records kept at once, our own not counted: the latest. */
export const MAX_PROVIDER_ROWS = 262_144

/** Bytes of the addresses kept of one peer: the first that fit. An address takes some 10 to 150. */
export const MAX_ADDRS_BYTES = 2048

/** Bytes of providers' addresses that a store in memory keeps; those written longest ago give way. */
export const MAX_MEMORY_ADDRS_BYTES = 64 * 1024 * 1024

/** Providers whose addresses a store on a datastore keeps in memory too, by default. */
export const PROVIDER_CACHE_SIZE = 256

/** Contacts saved for the next start: more than a routing table of 20 a bucket holds on a network of millions. */
export const MAX_SAVED_CONTACTS = 1000
