import { sleep } from '../../clock/wait.ts'
import { randomBetween } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** Milliseconds before the first attempt to come back. */
const FIRST_DELAY_MS = 1_000

/** Milliseconds between attempts at the most; the delay doubles up to here. */
const MAX_DELAY_MS = 300_000

export interface RejoinInit {
  readonly clock: Clock
  random (n: number): Uint8Array
  readonly tasks: Tasks
  readonly log: Logger
  /** Join. Rejects when nobody answered. */
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

  async #untilJoined (signal: AbortSignal): Promise<void> {
    const { clock, random, attempt, hasContacts, log } = this.#init
    let delay = FIRST_DELAY_MS
    do {
      await sleep(clock, randomBetween(delay / 2, delay, random), signal)
      delay = Math.min(2 * delay, MAX_DELAY_MS)
      try {
        await attempt(signal)
      } catch (err) {
        signal.throwIfAborted()
        log('could not join again: %e', err)
      }
    } while (!hasContacts())
    this.#running = false // in the same step: who is lost later begins anew
  }
}
