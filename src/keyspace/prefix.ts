import { commonPrefixLength } from './distance.ts'
import { keyFromBytes } from './key.ts'
import type { Key } from './key.ts'

/** A part of the keyspace: all keys that share the first `bits` bits of `key`. */
export interface Prefix {
  readonly key: Key
  readonly bits: number
}

/** Does `key` lie in `prefix`? */
export function isWithin (prefix: Prefix, key: Key): boolean {
  return commonPrefixLength(prefix.key, key) >= prefix.bits
}

/** `key` with bit `index` the other way round, 0 being the most significant. */
export function withBitFlipped (key: Key, index: number): Key {
  const flipped = Uint8Array.from(key)
  flipped[index >>> 3] ^= 0x80 >>> (index & 7)
  return keyFromBytes(flipped)
}

/** Where the keys of `prefix` are among `sorted` keys (ascending): from `start` up to, not including, `end`. */
export function rangeWithin (sorted: readonly Key[], prefix: Prefix): { readonly start: number, readonly end: number } {
  return {
    start: firstWhere(sorted, key => side(key, prefix) >= 0),
    end: firstWhere(sorted, key => side(key, prefix) > 0)
  }
}

/** Negative: before all keys of the prefix; 0: among them; positive: behind them. */
function side (key: Key, prefix: Prefix): number {
  const common = commonPrefixLength(prefix.key, key)
  return common >= prefix.bits ? 0 : key[common >>> 3] - prefix.key[common >>> 3]
}

/** The first index for which `test` holds, when it holds for all behind it. */
function firstWhere (sorted: readonly Key[], test: (key: Key) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (test(sorted[middle])) {
      high = middle
    } else {
      low = middle + 1
    }
  }
  return low
}
