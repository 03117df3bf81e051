const HOUR_MS = 3_600_000

/** Values kept at once. */
export const MAX_VALUES = 65_536

/** Bytes of keys and values kept at once. */
export const MAX_VALUE_BYTES = 256 * 1024 * 1024

/**
 * One peer has at most one part in so many of a store, unless it is set otherwise: 16,384
 * values and 64 MiB of them, 16,384 provider records. One who publishes much, or hands
 * its values over to a newcomer in a small network, has room; to fill a store takes several.
 */
export const PEER_PARTS = 4

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

/** Providers kept for one multihash, ourselves not counted: half of them those who have provided it for longest, half later ones. */
export const MAX_PROVIDERS_PER_KEY = 64

/**
 * Provider records kept at once, our own not counted. With as many, each of another
 * provider, their index takes less than 96 MiB, whatever is added and however often.
 */
export const MAX_PROVIDER_ROWS = 262_144

/**
 * While a provider has at most one record for so many that a store takes, it has no more
 * than others: 64 of 65,536 multihashes. Fewer peers than this cannot push its records out,
 * and those who have a single record, as somebody with many ids can, are not preferred to it.
 */
export const LIGHT_PARTS = 1024

/** Bytes of the addresses kept of one peer: the first that fit. An address takes some 10 to 150. */
export const MAX_ADDRS_BYTES = 2048

/** Bytes of providers' addresses that a store in memory keeps; those written longest ago give way. */
export const MAX_MEMORY_ADDRS_BYTES = 64 * 1024 * 1024

/**
 * Providers whose addresses a store on a datastore keeps in memory too, by default, some 1 KB each: who asks for a popular
 * multihash is told of 64, and to read them all takes 25 times as long.
 */
export const PROVIDER_CACHE_SIZE = 4_096

/** Contacts saved for the next start: more than a routing table of 20 a bucket holds on a network of millions. */
export const MAX_SAVED_CONTACTS = 1000

/**
 * `limits`, each a whole number from 0, or `Infinity`.
 *
 * @throws {RangeError} one is none
 */
export function checkedLimits<T extends object> (limits: T): T {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit !== Infinity && !(Number.isInteger(limit) && limit >= 0)) {
      throw new RangeError(`limits.${name} is ${String(limit)}: give a whole number from 0, or Infinity`)
    }
  }
  return limits
}
