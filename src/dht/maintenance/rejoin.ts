import { sleep } from '../../clock/wait.ts'
import { randomBetween } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'

/** Milliseconds before the first attempt to come back. */
const FIRST_DELAY_MS = 1_000

/** Milliseconds between attempts at the most; the delay doubles up to here. */
const MAX_DELAY_MS = 300_000

/** The same when contacts are needed. */
const HURRIED_DELAY_MS = 5_000

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
 * less often, with jitter so that a whole network does not come back in step.
 */
export class Rejoin {
  readonly #init: RejoinInit
  #running = false
  /** Milliseconds left until the next attempt. */
  #left = 0

  constructor (init: RejoinInit) {
    this.#init = init
  }

  /** All contacts are lost. Does nothing while attempts are being made. */
  begin (): void {
    if (this.#running) {
      return
    }
    this.#running = true
    this.#init.tasks.run(async signal => this.#untilJoined(signal))
  }

  /** Contacts are needed: if attempts are being made, the next comes within {@link HURRIED_DELAY_MS}. */
  hurry (): void {
    this.#left = 0
  }

  async #untilJoined (signal: AbortSignal): Promise<void> {
    const { clock, random, attempt, hasContacts } = this.#init
    let delay = FIRST_DELAY_MS
    do {
      for (this.#left = randomBetween(delay / 2, delay, random); this.#left > 0; this.#left -= HURRIED_DELAY_MS) {
        await sleep(clock, Math.min(this.#left, HURRIED_DELAY_MS), signal)
      }
      delay = Math.min(2 * delay, MAX_DELAY_MS)
      await attempt(signal)
    } while (!hasContacts())
    this.#running = false // in the same step: who is lost later begins anew
  }
}
