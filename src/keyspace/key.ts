import { sha256 } from '@noble/hashes/sha2.js'

declare const kind: unique symbol

/**
 * Every preimage goes through one hasher, which begins as one that was fed nothing: a new one
 * for each takes longer than the hash, and memory outside of the heap.
 */
const UNFED = sha256.create()
const hasher = sha256.create()
const digest = new Uint8Array(new ArrayBuffer(sha256.outputLen))

/**
 * A point of the keyspace: 32 bytes, read as a 256-bit unsigned integer.
 *
 * A key is the SHA-256 of some bytes: of a peer's id, of a record's key, of a
 * provided multihash. The type is branded so that the bytes that name a thing
 * cannot be mistaken for the point where it lies.
 *
 * Everything that works on keys takes its length from the key itself, so tests
 * may use keys of 8 bits.
 */
export type Key = Uint8Array & { readonly [kind]: 'key' }

/**
 * The key of `preimage`: its SHA-256. Each preimage is hashed once, at the edge,
 * and its key kept beside it.
 *
 * @example
 *
 * ```typescript
 * import { keyOf } from 'kadmium/engine'
 *
 * keyOf(new TextEncoder().encode('/kv/greeting')) // 32 bytes
 * ```
 */
export function keyOf (preimage: Uint8Array): Key {
  UNFED._cloneInto(hasher).update(preimage).digestInto(digest)
  return digest.slice() as Uint8Array as Key
}

/**
 * Take bytes that already are a point of the keyspace (a random refresh target,
 * a tiny key in a test) as a key, unhashed.
 */
export function keyFromBytes (bytes: Uint8Array): Key {
  return bytes as Key
}

/** A key (or any other bytes) as a string of one character a byte: short, cheap, and fit for a `Map`, not for eyes. */
export function bytesToMapKey (bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}
