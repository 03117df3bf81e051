import type { Key } from './key.ts'

/**
 * The XOR metric of the Kademlia paper, §2.1: `d(a, b) = a ⊕ b`, an unsigned
 * integer of as many bytes as the keys have, most significant byte first.
 */
export function distance (a: Key, b: Key): Uint8Array {
  const out = new Uint8Array(a.byteLength)
  for (let i = 0; i < out.byteLength; i++) {
    out[i] = a[i] ^ b[i]
  }
  return out
}

/**
 * Which of `a` and `b` is closer to `target`? Negative: `a`; positive: `b`;
 * zero only when they are the same key. Allocates nothing, so it can sort.
 */
export function compareDistance (target: Key, a: Key, b: Key): number {
  const { length } = target
  let i = 0
  while (i < length && a[i] === b[i]) {
    i++
  }
  return i === length ? 0 : (a[i] ^ target[i]) - (b[i] ^ target[i])
}

/** How many leading bits `a` and `b` share: 0 … 256 for 32-byte keys. */
export function commonPrefixLength (a: Key, b: Key): number {
  for (let i = 0; i < a.byteLength; i++) {
    const differing = a[i] ^ b[i]
    if (differing !== 0) {
      return i * 8 + Math.clz32(differing) - 24
    }
  }
  return a.byteLength * 8
}

/** Are these two the same key? */
export function sameKey (a: Key, b: Key): boolean {
  return compareDistance(a, a, b) === 0
}

/** Bit `index` of `key`, 0 being the most significant. */
export function bitAt (key: Key, index: number): 0 | 1 {
  return (key[index >>> 3] >>> (7 - (index & 7)) & 1) as 0 | 1
}
