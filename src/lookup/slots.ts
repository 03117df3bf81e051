import type { MutableCandidate } from './candidates.ts'

/** The slots of a lookup, alpha to begin with: whoever was asked holds one until it answers, fails, or turns out slow. */
export class Slots {
  readonly #share: number
  #count: number
  readonly #holders: MutableCandidate[] = []
  /** How many more are taken, by requests of no path. */
  #lent = 0
  /** How many the candidates of each path hold. */
  readonly #held: number[]

  constructor (alpha: number, paths: number) {
    this.#count = alpha
    this.#share = Math.max(1, Math.floor(alpha / paths))
    this.#held = Array.from({ length: paths }, () => 0)
  }

  get full (): boolean {
    return this.#holders.length + this.#lent >= this.#count
  }

  /** There are so many from now on. */
  widen (count: number): void {
    this.#count = count
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

  /** One slot less, for a request of no path, until it is given back. */
  lend (): void {
    this.#lent++
  }

  /** The slot that was lent is free again. */
  giveBack (): void {
    this.#lent--
  }

  /** Take back the slot of `candidate`, unless it lost it before. */
  release (candidate: MutableCandidate): void {
    const index = this.#holders.indexOf(candidate)
    if (index !== -1) {
      this.#releaseAt(index)
    }
  }

  /** Take back the slots of those who are slow at `now` (ms). Returns how many. */
  releaseSlow (now: number): number {
    let slow = 0
    for (let i = this.#holders.length - 1; i >= 0; i--) {
      if (this.#holders[i].slowAt <= now) {
        this.#holders[i].state = 'slow'
        this.#releaseAt(i)
        slow++
      }
    }
    return slow
  }

  #releaseAt (index: number): void {
    const [{ path }] = this.#holders.splice(index, 1)
    this.#held[path]--
  }
}
