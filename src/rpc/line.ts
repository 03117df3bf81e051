import type { Clock } from '../clock/clock.ts'

/** Those who have much to do wait here: one goes on in each turn of the event loop, and in between whoever has less is heard. */
export class Line {
  readonly #clock: Clock
  #last = Promise.resolve()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Resolves in a later turn of the event loop, when those who came before have had theirs. */
  turn (): Promise<void> {
    this.#last = this.#last.then(() => new Promise(resolve => { this.#clock.schedule(0, resolve) }))
    return this.#last
  }
}
