import { bitAt, commonPrefixLength } from '../keyspace/distance.ts'
import { keyOf } from '../keyspace/key.ts'
import type { Bucket } from './k-bucket.ts'

/**
 * Buckets with a longer prefix are not refreshed one by one, in bits: a preimage
 * for a prefix of n bits takes about 2^n hashes.
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
 * preimage whose key falls into it. `buckets` come in the order of the keyspace, and
 * each is judged when its turn comes: the lookups made meanwhile count.
 *
 * Buckets of a prefix longer than {@link MAX_REFRESH_PREFIX} are taken together, all that
 * begin with the same so many bits: they are due when each of them is, and share one
 * target, somewhere among them. Those among which our own key lies are left out: look
 * ourselves up as well.
 */
export function * refreshTargets (buckets: Iterable<Bucket>, options: RefreshOptions): Generator<Uint8Array> {
  let together: Bucket[] = []
  for (const bucket of buckets) {
    together.push(bucket)
    if (isLastOfTogether(bucket)) {
      const [{ prefix, prefixLength }] = together
      const nearUs = prefixLength > MAX_REFRESH_PREFIX && together.some(({ containsSelf }) => containsSelf)
      if (!nearUs && together.every(each => isDue(each, options))) {
        yield preimageIn({ prefix, prefixLength: Math.min(prefixLength, MAX_REFRESH_PREFIX) }, options.random)
      }
      together = []
    }
  }
}

/** Is it the last, in the order of the keyspace, of those that are taken together? Its bits after the common ones are all 1, if it has any. */
function isLastOfTogether ({ prefix, prefixLength }: Bucket): boolean {
  for (let bit = MAX_REFRESH_PREFIX; bit < prefixLength; bit++) {
    if (bitAt(prefix, bit) === 0) {
      return false
    }
  }
  return true
}

/** Did no lookup go through this bucket for the interval, or has the clock been set back by as much since? */
export function isDue (bucket: Bucket, options: Pick<RefreshOptions, 'now' | 'interval'>): boolean {
  return bucket.lastLookup == null || Math.abs(options.now - bucket.lastLookup) >= options.interval
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
