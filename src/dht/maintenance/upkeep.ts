import { abortable } from '../../clock/wait.ts'
import { randomBetween } from './jitter.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** Milliseconds before a round that is wanted soon: what changes meanwhile needs none of its own. */
const SOON_MS = 10_000

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
 *
 * Whoever has news of us that the peers closest to us should hear has the next one come {@link Upkeep.soon}.
 */
export class Upkeep {
  /** Resolves when the first round is over. Never rejects. */
  readonly firstRound: Promise<void>
  readonly #init: UpkeepInit
  #firstRoundOver = (): void => {}
  #wake = (): void => {}
  #ready = false
  /** Takes the next round back, until it begins. */
  #cancel: Cancel | undefined
  /** When it begins: milliseconds since the Unix epoch. */
  #due = 0
  /** Is the next round wanted soon? */
  #isSoon = false

  constructor (init: UpkeepInit) {
    this.#init = init
    this.firstRound = new Promise(resolve => { this.#firstRoundOver = resolve })
  }

  /** Is the first round over? */
  get ready (): boolean {
    return this.#ready
  }

  /** Begin the rounds. */
  begin (): void {
    this.#isSoon = false // whoever we join through hears what we say of ourselves now
    this.#roundIn(this.#init.first)
  }

  /** There is a contact. */
  onContact (): void {
    this.#wake()
  }

  /** The next round is to come soon, if not sooner, be it the one after that which goes on. */
  soon (): void {
    const isNews = !this.#isSoon
    this.#isSoon = true
    if (isNews && this.#cancel != null && this.#due - this.#init.clock.now() > SOON_MS) {
      this.#cancel()
      this.#roundIn(SOON_MS)
    }
  }

  #roundIn (ms: number): void {
    const { clock, random, interval, tasks } = this.#init
    this.#due = clock.now() + ms
    this.#cancel = tasks.after(clock, ms, async signal => {
      this.#cancel = undefined
      await this.#untilContact(signal)
      this.#isSoon = false
      await this.#round(signal)
      this.#ready = true
      this.#firstRoundOver()
      this.#roundIn(this.#isSoon ? SOON_MS : randomBetween(0.9 * interval, interval, random))
    })
  }

  async #untilContact (signal: AbortSignal): Promise<void> {
    if (!this.#init.hasContacts()) {
      await abortable(new Promise<void>(resolve => { this.#wake = resolve }), signal)
    }
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
