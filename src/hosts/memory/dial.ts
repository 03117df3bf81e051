import { DialError } from '../../rpc/errors.ts'
import type { Medium } from './medium.ts'
import type { Cancel } from '../../clock/clock.ts'

/** How long a dial waits for its answer: milliseconds. js-libp2p's dial timeout. */
export const DIAL_TIMEOUT_MS = 10_000

/**
 * A dial under way. It travels to the address and, answered, back; either way it may
 * get lost, and then hears nothing until its time is out.
 */
export class Dial<T> {
  readonly result: Promise<T>
  readonly from: number
  readonly to: number
  readonly #medium: Medium
  readonly #timeout: Cancel
  #travel: Cancel
  #settled = false
  #onFail: (err: unknown) => void = () => {}
  #resolve: (value: T) => void = () => {}
  #reject: (err: unknown) => void = () => {}

  /** Sends it on its way, and calls `arrive` when it has reached the address. */
  constructor (medium: Medium, from: number, to: number, arrive: (dial: Dial<T>) => void) {
    this.#medium = medium
    this.from = from
    this.to = to
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    medium.counters.dials++
    medium.record('dial', from, to)
    this.#timeout = medium.clock.schedule(DIAL_TIMEOUT_MS, () => {
      this.fail(new DialError(`/memory/${to} did not answer within ${DIAL_TIMEOUT_MS} ms`))
    })
    this.#travel = this.#send(from, to, () => { arrive(this) })
  }

  /** Send the answer back, and call `arrive` when it is there. */
  answer (arrive: () => void): void {
    this.#travel = this.#send(this.to, this.from, arrive)
  }

  /** Call `onFail` when the dial fails from here on. */
  whenFailed (onFail: (err: unknown) => void): void {
    this.#onFail = onFail
  }

  /** Harmless when the dial has failed. */
  succeed (value: T): void {
    if (this.#settle()) {
      this.#resolve(value)
    }
  }

  /** Give up. Harmless when the dial has succeeded or failed. */
  fail (err: unknown): void {
    if (this.#settle()) {
      this.#onFail(err)
      this.#reject(err)
    }
  }

  #send (from: number, to: number, arrive: () => void): Cancel {
    const medium = this.#medium
    const lost = medium.loses()
    return medium.carry(medium.latency(from, to), () => {
      if (lost || !medium.reaches(from, to)) {
        medium.record('lost', from, to)
      } else {
        arrive()
      }
    })
  }

  /** Let go of the timers. False if that was done before. */
  #settle (): boolean {
    const first = !this.#settled
    this.#settled = true
    this.#timeout()
    this.#travel()
    return first
  }
}
