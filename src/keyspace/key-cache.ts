import { bytesToMapKey, keyOf } from './key.ts'
import type { Key } from './key.ts'

/**
 * Remembers keys of preimages that come again and again: the same peers are named in
 * most answers of a lookup, and hashing them is most of the work of reading one.
 *
 * Two generations, each of at most `size` keys: when the young one is full it becomes
 * the old one, and what was old and not asked for since is forgotten. A flood of new
 * preimages costs no more than hashing them.
 */
export class KeyCache {
  readonly #size: number
  #young = new Map<string, Key>()
  #old = new Map<string, Key>()

  /** @param size - keys of one generation; at most twice as many are kept */
  constructor (size: number) {
    this.#size = size
  }

  /** {@link keyOf} of `preimage`: do not write into it, others have it, too. */
  keyOf (preimage: Uint8Array): Key {
    const name = bytesToMapKey(preimage)
    const young = this.#young.get(name)
    if (young != null) {
      return young
    }
    const key = this.#old.get(name) ?? keyOf(preimage)
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, key)
    return key
  }
}
