import { bytesToMapKey, keyOf } from './key.ts'
import { Whereabouts } from './whereabouts.ts'
import type { Key } from './key.ts'

/** A peer's id and what follows from it alone, worked out when it is asked for, once, and shared: do not write into it. */
export class Identity {
  /** The PeerId's multihash. */
  readonly id: Uint8Array
  #key: Key | undefined
  #name: string | undefined
  /** Nobody's, when no table has the peer there any more. */
  #whereabouts: WeakRef<Whereabouts> | undefined

  constructor (id: Uint8Array) {
    this.id = id
  }

  /** SHA-256 of the id. */
  get key (): Key {
    this.#key ??= keyOf(this.id)
    return this.#key
  }

  /** The id as a string of one character a byte, fit for a `Map`. */
  get name (): string {
    this.#name ??= bytesToMapKey(this.id)
    return this.#name
  }

  /** The peer at `addrs`: what all have who know it there, and copies of what is a view. Others may know it elsewhere. */
  at (addrs: readonly Uint8Array[]): Whereabouts {
    const known = this.#whereabouts?.deref()
    if (known?.isAt(addrs) === true) {
      return known
    }
    const whereabouts = new Whereabouts(addrs)
    this.#whereabouts = new WeakRef(whereabouts)
    return whereabouts
  }
}

/** Identities remembered, a power of two: those of the peers that a node meets in some minutes. They take 4 MB at the most. */
const SLOTS = 8_192

/** Each has one place, by its last bytes, where it stays until another takes it. */
const remembered: Array<Identity | undefined> = Array.from({ length: SLOTS })

/**
 * The identity whose id is the bytes from `start` up to `end`. The same peers are named in
 * most answers of a lookup, and to hash and copy their ids would be most of the work of reading one.
 * A flood of new ids costs no more than copying them, and hashing those that somebody looks at.
 */
export function identityAt (bytes: Uint8Array, start: number, end: number): Identity {
  const slot = (bytes[end - 2] << 8 | bytes[end - 1]) & (SLOTS - 1)
  const known = remembered[slot]
  if (known != null && isAt(known.id, bytes, start, end)) {
    return known
  }
  const identity = new Identity(new Uint8Array(bytes.subarray(start, end)))
  remembered[slot] = identity
  return identity
}

/** Is `id` what lies there? */
function isAt (id: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (id.length !== end - start) {
    return false
  }
  for (let i = 0; i < id.length; i++) {
    if (id[i] !== bytes[start + i]) {
      return false
    }
  }
  return true
}
