import type { MutableCandidate } from './candidates.ts'

/** The alpha slots of a lookup: whoever was asked holds one until it answers, fails, or turns out slow. */
export class Slots {
  readonly #alpha: number
  readonly #share: number
  readonly #holders: MutableCandidate[] = []
  /** How many the candidates of each path hold. */
  readonly #held: number[]

  constructor (alpha: number, paths: number) {
    this.#alpha = alpha
    this.#share = Math.max(1, Math.floor(alpha / paths))
    this.#held = Array.from({ length: paths }, () => 0)
  }

  get full (): boolean {
    return this.#holders.length >= this.#alpha
  }

  /** Does this path hold all that it may while another could use one? */
  hasItsShare (path: number): boolean {
    return this.#held[path] >= this.#share
  }

  /** When the next slot is freed without an answer: milliseconds since the Unix epoch, or `Infinity`. */
  get nextSlow (): number {
    return this.#holders.reduce((earliest, candidate) => Math.min(earliest, candidate.slowAt), Infinity)
  }

  take (candidate: MutableCandidate): void {
    this.#holders.push(candidate)
    this.#held[candidate.path]++
  }

  /** Take back the slot of `candidate`, unless it lost it before. */
  release (candidate: MutableCandidate): void {
    const index = this.#holders.indexOf(candidate)
    if (index !== -1) {
      this.#releaseAt(index)
    }
  }

  /** Take back the slots of those who are slow at `now` (ms). */
  releaseSlow (now: number): void {
    for (let i = this.#holders.length - 1; i >= 0; i--) {
      if (this.#holders[i].slowAt <= now) {
        this.#holders[i].state = 'slow'
        this.#releaseAt(i)
      }
    }
  }

  #releaseAt (index: number): void {
    const [{ path }] = this.#holders.splice(index, 1)
    this.#held[path]--
  }
}
