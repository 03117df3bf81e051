import { commonPrefixLength } from '../keyspace/distance.ts'
import { isWithin, rangeWithin } from '../keyspace/prefix.ts'
import type { Explored } from './explored.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'
import type { Prefix } from '../keyspace/prefix.ts'

// One after the other, in the order of the keyspace:
//
//   who lives closest to this key is known? ──yes──▶ send; on to the next key
//      │ no: some part of the keyspace is unknown
//      ├─ the key lies there ─────────────────────────▶ look up the key
//      ├─ it takes as many lookups as there are keys ─▶ look up the key
//      │  that could gain by them
//      ├─ another of the keys lies there ─────────────▶ look up that one
//      └─ else ───────────────────────────────────────▶ look up anything there
//
// How many lookups. Each makes a leaf of the trie known (see `Explored`), or else answers the key it is for. The
// latter is so if that key alone could gain of exploring more, hence at most once for each leaf; or if exploring gave
// less than was hoped, hence never before other leaves were made known for it. So with L leaves and n keys there are at
// most 3 · L lookups, and at most L + n; keys that lie close together take about L, and one key takes one. (If there
// are leaves so deep that no preimage is searched for, only the L + n is certain.)

/** A preimage of a longer prefix is not searched for, in bits: that takes about 2^bits hashes. */
const MAX_PREIMAGE_BITS = 12

/** What to do next. */
export type SweepStep =
  /** These are the k closest to key number `index`. Said of each key once. */
  | { readonly type: 'send', readonly index: number, readonly closest: readonly Contact[] }
  /** Look up key number `index`, then call `onFound` or `onLost`. */
  | { readonly type: 'look-up', readonly index: number }
  /** Look up any key of this part of the keyspace, then call `onFound` or `onLost`. */
  | { readonly type: 'explore', readonly part: Prefix }
  /** All keys are through. */
  | { readonly type: 'done' }

/**
 * Finds the k closest to each of many keys with as few lookups as possible, as a value: it
 * looks up nothing itself, but says what to look up next and is told what came of it.
 */
export class Sweep {
  readonly #keys: readonly Key[]
  readonly #explored: Explored
  /** What was found for keys that were looked up themselves. */
  readonly #found = new Map<number, readonly Contact[]>()
  #index = 0
  /** Lookups made for the sake of the key that is next. */
  #spent = 0
  /** A lookup for the sake of the key that is next told nothing. */
  #lost = false

  /**
   * @param keys - ascending
   * @param explored - what is known already; what this sweep finds is added
   */
  constructor (keys: readonly Key[], explored: Explored) {
    this.#keys = keys
    this.#explored = explored
  }

  /** What to do? Tell what came of that, then call it again, until it is done. */
  next (): SweepStep {
    const index = this.#index
    if (index === this.#keys.length) {
      return { type: 'done' }
    }
    const found = this.#found.get(index)
    if (found != null) {
      return this.#send(found)
    }
    const neighbourhood = this.#explored.neighbourhood(this.#keys[index])
    return neighbourhood.type === 'known' ? this.#send(neighbourhood.closest) : this.#lookUp(neighbourhood.part)
  }

  /** The lookup gave all that are closest to `target`: the k closest, or all there are if they are fewer. */
  onFound (step: SweepStep, target: Key, closest: readonly Contact[]): void {
    this.#spent++
    this.#explored.learn(target, closest)
    this.#remember(step, closest)
  }

  /** The lookup gave these only: there may be others closer. */
  onLost (step: SweepStep, closest: readonly Contact[]): void {
    this.#lost = true
    this.#remember(step, closest)
  }

  #remember (step: SweepStep, closest: readonly Contact[]): void {
    if (step.type === 'look-up') {
      this.#found.set(step.index, closest)
    }
  }

  #send (closest: readonly Contact[]): SweepStep {
    this.#spent = 0
    this.#lost = false
    this.#found.delete(this.#index)
    return { type: 'send', index: this.#index++, closest }
  }

  #lookUp (part: Prefix): SweepStep {
    const index = this.#index
    if (this.#lost || !this.#pays(part)) {
      return { type: 'look-up', index }
    }
    const { start, end } = rangeWithin(this.#keys, part)
    if (start < end) {
      return { type: 'look-up', index: start }
    }
    return part.bits <= MAX_PREIMAGE_BITS ? { type: 'explore', part } : { type: 'look-up', index }
  }

  /** Is to explore `part` cheaper than to look up each key that gains by it? */
  #pays (part: Prefix): boolean {
    const key = this.#keys[this.#index]
    if (isWithin(part, key)) {
      return false
    }
    const gaining = rangeWithin(this.#keys, { key, bits: commonPrefixLength(key, part.key) + 1 })
    return this.#spent + 1 < gaining.end - this.#index
  }
}
