import type { Key } from './key.ts'

/**
 * The first 32 bits of a key as a signed integer (of a shorter one, as if zeros followed): tells most keys apart, and
 * most distances, in one step. What it does not tell is up to `sameKey` and `compareDistance`.
 */
export function headOf (key: Key): number {
  return key.length >= 4 ? key[0] << 24 | key[1] << 16 | key[2] << 8 | key[3] : headOfShort(key)
}

function headOfShort (key: Key): number {
  let head = 0
  for (let i = 0; i < key.length; i++) {
    head |= key[i] << (24 - 8 * i)
  }
  return head
}
