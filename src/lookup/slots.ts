import type { MutableCandidate } from './candidates.ts'

/** The alpha slots of a lookup: whoever was asked holds one until it answers, fails, or turns out slow. */
export class Slots {
  readonly #alpha: number
  readonly #holders: MutableCandidate[] = []

  constructor (alpha: number) {
    this.#alpha = alpha
  }

  get full (): boolean {
    return this.#holders.length >= this.#alpha
  }

  /** When the next slot is freed without an answer: milliseconds since the Unix epoch, or `Infinity`. */
  get nextSlow (): number {
    return this.#holders.reduce((earliest, candidate) => Math.min(earliest, candidate.slowAt), Infinity)
  }

  take (candidate: MutableCandidate): void {
    this.#holders.push(candidate)
  }

  /** Take back the slot of `candidate`, unless it lost it before. */
  release (candidate: MutableCandidate): void {
    const index = this.#holders.indexOf(candidate)
    if (index !== -1) {
      this.#holders.splice(index, 1)
    }
  }

  /** Take back the slots of those who are slow at `now` (ms). */
  releaseSlow (now: number): void {
    for (let i = this.#holders.length - 1; i >= 0; i--) {
      if (this.#holders[i].slowAt <= now) {
        this.#holders[i].state = 'slow'
        this.#holders.splice(i, 1)
      }
    }
  }
}
