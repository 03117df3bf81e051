import { between } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

export interface UpkeepInit {
  readonly clock: Clock
  random (n: number): Uint8Array
  readonly tasks: Tasks
  readonly log: Logger
  /** Milliseconds before the first round, and between rounds. */
  readonly first: number
  readonly interval: number
  /** Are there any contacts to ask? */
  hasContacts (): boolean
  /** Look ourselves up, refresh the buckets that are due, keep what outlives us. */
  round (signal: AbortSignal): Promise<void>
}

/**
 * Keeps the routing table good for as long as the node runs: a first round once it is
 * due and there is a contact, then one each interval, jittered so that nodes that
 * started together do not stay in step.
 *
 * ```
 *  begin ──first──▶ (a contact?) ──▶ round ──interval──▶ round ─ …
 *                        └─ no: waits for `onContact`
 * ```
 */
export class Upkeep {
  /** Resolves when the first round is over. Never rejects. */
  readonly firstRound: Promise<void>
  readonly #init: UpkeepInit
  #firstRoundOver = (): void => {}
  #wake = (): void => {}
  #begun = false
  #ready = false

  constructor (init: UpkeepInit) {
    this.#init = init
    this.firstRound = new Promise(resolve => { this.#firstRoundOver = resolve })
  }

  /** Is the first round over? */
  get ready (): boolean {
    return this.#ready
  }

  /** Begin the rounds. Does nothing the second time. */
  begin (): void {
    if (this.#begun) {
      return
    }
    this.#begun = true
    this.#roundIn(this.#init.first)
  }

  /** There is a contact. */
  onContact (): void {
    this.#wake()
  }

  #roundIn (ms: number): void {
    const { clock, random, interval, tasks } = this.#init
    tasks.after(clock, ms, async signal => {
      await this.#untilContact(signal)
      await this.#round(signal)
      this.#ready = true
      this.#firstRoundOver()
      this.#roundIn(between(0.9 * interval, interval, random))
    })
  }

  async #untilContact (signal: AbortSignal): Promise<void> {
    if (this.#init.hasContacts()) {
      return
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => { reject(signal.reason) }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
    })
  }

  async #round (signal: AbortSignal): Promise<void> {
    try {
      await this.#init.round(signal)
    } catch (err) {
      signal.throwIfAborted()
      this.#init.log('a round of upkeep failed: %e', err)
    }
  }
}
