import { commonPrefixLength } from '../keyspace/distance.ts'
import { keyOf } from '../keyspace/key.ts'
import type { Bucket } from './k-bucket.ts'

/**
 * Buckets with a longer prefix are not refreshed one by one, in bits: a preimage
 * for a prefix of n bits takes about 2^n hashes, and a lookup of ourselves
 * covers those that lie so near us.
 */
export const MAX_REFRESH_PREFIX = 12

/** sha2-256, 32 bytes: the head of a multihash as old PeerIds have it. */
const MULTIHASH_HEAD = [0x12, 0x20]
const DIGEST_BYTES = 32

export interface RefreshOptions {
  /** Milliseconds since the Unix epoch. */
  now: number
  /** A bucket is due when no lookup went through it for so many milliseconds (paper §2.3: an hour). */
  interval: number
  /** So many random bytes. */
  random (bytes: number): Uint8Array
}

/**
 * For each bucket that is due, what to look up so that it is refreshed: a
 * preimage whose key falls into it. A bucket is judged when its turn comes: the
 * lookups made meanwhile count.
 *
 * Look ourselves up as well: buckets of a prefix longer than
 * {@link MAX_REFRESH_PREFIX} are left out here.
 */
export function * refreshTargets (buckets: Iterable<Bucket>, options: RefreshOptions): Generator<Uint8Array> {
  for (const bucket of buckets) {
    if (bucket.prefixLength <= MAX_REFRESH_PREFIX && isDue(bucket, options)) {
      yield preimageIn(bucket, options.random)
    }
  }
}

/** Did no lookup go through this bucket for the interval? */
export function isDue (bucket: Bucket, options: Pick<RefreshOptions, 'now' | 'interval'>): boolean {
  return bucket.lastLookup == null || options.now - bucket.lastLookup >= options.interval
}

/**
 * A preimage whose SHA-256 falls into `bucket`, by trial: about 2^prefixLength
 * hashes. It has the form of a PeerId, for readers that take a FIND_NODE's key for one.
 */
export function preimageIn (bucket: Pick<Bucket, 'prefix' | 'prefixLength'>, random: (bytes: number) => Uint8Array): Uint8Array {
  const preimage = Uint8Array.from([...MULTIHASH_HEAD, ...random(DIGEST_BYTES)])
  // counting up, rather than drawing anew, ends with any source of randomness
  const counter = new DataView(preimage.buffer, preimage.byteLength - 4)
  while (commonPrefixLength(keyOf(preimage), bucket.prefix) < bucket.prefixLength) {
    counter.setUint32(0, counter.getUint32(0) + 1)
  }
  return preimage
}
