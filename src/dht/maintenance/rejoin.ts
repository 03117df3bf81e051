import { randomBetween } from './jitter.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'

/** Milliseconds before the first attempt to come back. */
const FIRST_DELAY_MS = 1_000

/** Milliseconds between attempts at the most; the delay doubles up to here. */
const MAX_DELAY_MS = 300_000

/** Milliseconds from one attempt to the next at the least, when contacts are needed. */
const MIN_DELAY_MS = 5_000

export interface RejoinInit {
  readonly clock: Clock
  random (n: number): Uint8Array
  readonly tasks: Tasks
  /** Join, if anybody answers. Rejects when aborted. */
  attempt (signal: AbortSignal): Promise<void>
  /** Are there any contacts? Not even after an attempt at which somebody answered, if they are lost again. */
  hasContacts (): boolean
}

/**
 * Brings a node back that has lost every contact: attempts to join again, less and
 * less often, with jitter so that a whole network does not come back in step. One that
 * is wanted comes at once.
 */
export class Rejoin {
  readonly #init: RejoinInit
  #running = false
  /** Milliseconds until the next attempt, at the most. */
  #delay = FIRST_DELAY_MS
  /** Takes the next attempt back, until it begins. */
  #cancel: Cancel | undefined
  /** When the last one was over: milliseconds since the Unix epoch. */
  #tried = -Infinity
  /** Resolves when there is somebody, or an attempt under way has found nobody. */
  #outcome: Promise<void> | undefined
  #settle = (): void => {}

  constructor (init: RejoinInit) {
    this.#init = init
  }

  /** All contacts are lost. Does nothing while attempts are being made. */
  begin (): void {
    if (!this.#running) {
      this.#running = true
      this.#delay = FIRST_DELAY_MS
      this.#attemptLater()
    }
  }

  /**
   * Contacts are needed: if attempts are being made, and the last was not a moment ago, the next begins now.
   *
   * @returns resolves when there is somebody, or the attempt under way, if any, has found nobody. Never rejects.
   */
  async hurry (): Promise<void> {
    const { clock, tasks } = this.#init
    if (this.#cancel != null && Math.abs(clock.now() - this.#tried) >= MIN_DELAY_MS) {
      this.#cancel()
      tasks.run(async signal => this.#attempt(signal))
    }
    await this.#outcome
  }

  /** There is a contact. */
  onContact (): void {
    this.#settle()
  }

  #attemptLater (): void {
    const { clock, random, tasks } = this.#init
    this.#cancel = tasks.after(clock, randomBetween(this.#delay / 2, this.#delay, random), async signal => this.#attempt(signal))
    this.#delay = Math.min(2 * this.#delay, MAX_DELAY_MS)
  }

  async #attempt (signal: AbortSignal): Promise<void> {
    const { clock, attempt, hasContacts } = this.#init
    this.#cancel = undefined
    this.#outcome = new Promise(resolve => { this.#settle = resolve })
    try {
      await attempt(signal)
    } finally {
      this.#tried = clock.now()
      this.#settle()
    }
    if (hasContacts()) {
      this.#running = false // in the same step: who is lost later begins anew
    } else {
      this.#attemptLater()
    }
  }
}
