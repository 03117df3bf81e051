import type { Cancel, Clock } from './clock.ts'

/**
 * A timer that is set far more often than it fires.
 *
 * Setting and clearing only write a number. The clock is asked again when the
 * scheduled call comes and finds its deadline moved. A deadline that has passed
 * gets one more turn of the event loop before it bites, so that bytes which came
 * while this process was busy are read first and count as in time. The bite tells
 * when that turn began: what came before has been read. When the machine's clock is set
 * back, it waits once more for as long as it was set for, rather than until that time comes again.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #bite: (readUntil: number) => void
  #deadline = Infinity
  /** How long it was set for. */
  #ms = 0
  #scheduledFor = Infinity
  #cancel: Cancel | undefined

  constructor (clock: Clock, bite: (readUntil: number) => void) {
    this.#clock = clock
    this.#bite = bite
  }

  /** Bite in `ms` milliseconds unless set or cleared before. Replaces what was set. `now`: for those who know what the clock says. */
  set (ms: number, now: number = this.#clock.now()): void {
    this.setAt(now + ms, now)
  }

  /** The same at a time, in milliseconds since the Unix epoch. One that has passed gets its turn of the event loop, too. */
  setAt (deadline: number, now: number = this.#clock.now()): void {
    this.#deadline = deadline
    this.#ms = deadline - now
    if (Math.max(deadline, now) < this.#scheduledFor) {
      this.#schedule(Math.max(0, deadline - now))
    }
  }

  /** Do not bite until set again. Leaves a scheduled call behind: {@link stop} takes that away too. */
  clear (): void {
    this.#deadline = Infinity
  }

  /** Clear, and leave nothing scheduled. */
  stop (): void {
    this.clear()
    this.#cancel?.()
    this.#cancel = undefined
    this.#scheduledFor = Infinity
  }

  #schedule (ms: number): void {
    this.#cancel?.()
    this.#scheduledFor = this.#clock.now() + ms
    this.#cancel = this.#clock.schedule(ms, () => { this.#check() })
  }

  #check (): void {
    this.#scheduledFor = Infinity
    this.#cancel = undefined
    if (this.#deadline === Infinity) {
      return
    }
    const now = this.#clock.now()
    const left = Math.min(this.#deadline - now, this.#ms)
    if (left > 0) {
      this.#deadline = now + left
      this.#schedule(left)
      return
    }
    this.#scheduledFor = now
    this.#cancel = this.#clock.schedule(0, () => {
      this.#scheduledFor = Infinity
      this.#cancel = undefined
      if (this.#deadline <= now) {
        this.stop()
        this.#bite(now)
      } else {
        this.#resume()
      }
    })
  }

  #resume (): void {
    if (this.#deadline !== Infinity && this.#cancel == null) {
      this.#schedule(Math.max(0, this.#deadline - this.#clock.now()))
    }
  }
}
