const HOUR_MS = 3_600_000

/** Values kept at once. */
export const MAX_VALUES = 65_536

/** Bytes of keys and values kept at once. */
export const MAX_VALUE_BYTES = 256 * 1024 * 1024

/** Milliseconds a value lives on libp2p networks (kad-dht spec, "Record expiry"). */
export const LIBP2P_VALUE_TTL_MS = 48 * HOUR_MS

/** Milliseconds a value lives on a standalone network (Kademlia paper, §2.5). */
export const VALUE_TTL_MS = 24 * HOUR_MS

/** Milliseconds a provider record lives (kad-dht spec, "Provider record expiry"). */
export const PROVIDER_TTL_MS = 48 * HOUR_MS

/** Milliseconds a provider's addresses are believed; after that it is named without. */
export const PROVIDER_ADDRS_TTL_MS = 24 * HOUR_MS

/** Multihashes with providers kept at once. */
export const MAX_PROVIDED_KEYS = 65_536

/** Providers kept for one multihash: the latest. */
export const MAX_PROVIDERS_PER_KEY = 64
