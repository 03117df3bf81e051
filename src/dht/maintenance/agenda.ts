import { TimeHeap } from '../../clock/time-heap.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'
import type { Timed } from '../../clock/time-heap.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** The longest that one timer waits, milliseconds; then it is seen whether the clock was set back. */
const MAX_WAIT_MS = 3_600_000

export interface AgendaInit {
  readonly clock: Clock
  readonly tasks: Tasks
  readonly log: Logger
  /** What the log calls it. */
  readonly what: string
  /** What is due within so many milliseconds is done together with what is due now. */
  readonly slack: number
  /** Do what is due. It is off the agenda when this begins; what is to be done again must be entered again. */
  work (ids: readonly string[], signal: AbortSignal): Promise<void>
}

interface Entry extends Timed {
  readonly id: string
  /** When it was entered: milliseconds since the Unix epoch. */
  readonly since: number
}

/** What is to be done when: each thing once, however many there are, with one timer for all. */
export class Agenda {
  readonly #init: AgendaInit
  readonly #entries = new Map<string, Entry>()
  readonly #byTime = new TimeHeap<Entry>()
  #sequence = 0
  /** When the latest was entered; ahead of the clock, once that has been set back. */
  #latest = -Infinity
  #state: 'new' | 'waiting' | 'working' = 'new'
  #cancel: Cancel = () => {}

  constructor (init: AgendaInit) {
    this.#init = init
  }

  /** How much is on it. */
  get size (): number {
    return this.#entries.size
  }

  /** When the next of it is due: milliseconds since the Unix epoch. */
  get next (): number | undefined {
    return this.#byTime.first()?.time
  }

  /** When `id` is due: milliseconds since the Unix epoch. */
  timeOf (id: string): number | undefined {
    return this.#entries.get(id)?.time
  }

  /** Do `id` at `time` (milliseconds since the Unix epoch), and not when it was to be done before. */
  set (id: string, time: number): void {
    this.delete(id)
    const since = this.#init.clock.now()
    this.#latest = Math.max(this.#latest, since)
    const entry = { id, time, since, sequence: this.#sequence++, place: -1 }
    this.#entries.set(id, entry)
    this.#byTime.add(entry)
    if (this.#byTime.first() === entry) {
      this.#await()
    }
  }

  delete (id: string): void {
    const entry = this.#entries.get(id)
    if (entry != null) {
      this.#entries.delete(id)
      this.#byTime.remove(entry)
    }
  }

  /** Begin. What was due before is done at once. */
  begin (): void {
    this.#state = 'waiting'
    this.#await()
  }

  /** Wait for the first entry, unless that comes later. */
  #await (): void {
    const { clock, tasks } = this.#init
    const first = this.#byTime.first()
    this.#cancel()
    if (this.#state === 'waiting' && first != null) {
      this.#cancel = tasks.after(clock, Math.min(Math.max(0, first.time - clock.now()), MAX_WAIT_MS), async signal => this.#round(signal))
    }
  }

  async #round (signal: AbortSignal): Promise<void> {
    this.#state = 'working' // before anything is entered anew: no other round begins
    this.#heedClock()
    const due = this.#takeDue()
    try {
      if (due.length > 0) {
        await this.#init.work(due, signal)
      }
    } catch (err) {
      signal.throwIfAborted()
      this.#init.log('%s failed: %e', this.#init.what, err)
    }
    this.#state = 'waiting'
    this.#await()
  }

  /** What was entered before the clock was set back is due after as long as it was then. */
  #heedClock (): void {
    const now = this.#init.clock.now()
    if (this.#latest <= now) {
      return
    }
    this.#latest = now
    for (const { id, time, since } of [...this.#entries.values()]) {
      if (since > now) {
        this.set(id, now + time - since)
      }
    }
  }

  #takeDue (): string[] {
    const now = this.#init.clock.now()
    const first = this.#byTime.first()
    const due = first == null || first.time > now ? [] : this.#byTime.upTo(now + this.#init.slack)
    due.forEach(({ id }) => { this.delete(id) })
    return due.map(({ id }) => id)
  }
}
