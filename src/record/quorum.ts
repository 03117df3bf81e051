import { compareBytes } from './compare-bytes.ts'
import type { Contact } from '../keyspace/contact.ts'

/** What an answer did to a {@link Quorum}: its value is the new best, the best again, or one that the best replaces. */
export type Verdict = 'better' | 'same' | 'worse'

/**
 * Folds the answers of a value lookup: which value is the best, who has it, and who is
 * to be corrected.
 *
 * ```
 *                      add: better
 *   (no value) ─────────────────────────► best, agreeing = [from]
 *                                          │  ▲
 *                          add: same       │  │ add: better, the agreeing become outdated
 *                          → agreeing      └──┘ add: worse → outdated
 * ```
 *
 * The best does not depend on the order of the answers: where the selector prefers
 * whatever comes first, the lesser bytes do.
 */
export class Quorum {
  readonly #select: (values: readonly Uint8Array[]) => Promise<number>
  #best: Uint8Array | undefined
  #agreeing: Contact[] = []
  readonly #outdated: Contact[] = []
  readonly #without: Contact[] = []

  /** @param select - the index of the better of two valid values */
  constructor (select: (values: readonly Uint8Array[]) => Promise<number>) {
    this.#select = select
  }

  /** The best value so far. */
  get best (): Uint8Array | undefined {
    return this.#best
  }

  /** Is `value`, byte by byte, the best so far? Then it is valid. */
  isBest (value: Uint8Array): boolean {
    return this.#best != null && compareBytes(value, this.#best) === 0
  }

  /** Who gave the best value, in the order of their answers. */
  get agreeing (): readonly Contact[] {
    return this.#agreeing
  }

  /** Who gave a value that is not the best. */
  get outdated (): readonly Contact[] {
    return this.#outdated
  }

  /** Who answered without a valid value. */
  get without (): readonly Contact[] {
    return this.#without
  }

  /** How many gave a value. */
  get size (): number {
    return this.#agreeing.length + this.#outdated.length
  }

  /** `from` has the valid value `value`. One at a time: wait for the verdict before adding another. */
  async add (from: Contact, value: Uint8Array): Promise<Verdict> {
    if (this.isBest(value)) {
      this.#agreeing.push(from)
      return 'same'
    }
    if (this.#best != null && await this.#prefers(this.#best, value)) {
      this.#outdated.push(from)
      return 'worse'
    }
    this.#best = value
    this.#outdated.push(...this.#agreeing)
    this.#agreeing = [from]
    return 'better'
  }

  /** `from` has no value, or one that is not valid. */
  addWithout (from: Contact): void {
    this.#without.push(from)
  }

  async #prefers (a: Uint8Array, b: Uint8Array): Promise<boolean> {
    const inOrder = await this.#select([a, b]) === 0
    const inReverse = await this.#select([b, a]) === 1
    return inOrder === inReverse ? inOrder : compareBytes(a, b) < 0
  }
}
