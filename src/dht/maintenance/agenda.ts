import { TimeHeap } from '../../clock/time-heap.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'
import type { Timed } from '../../clock/time-heap.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** The longest that one timer waits, milliseconds; then it is seen whether the clock was set. */
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
  time: number
}

/** What is to be done when: each thing once, however many there are, with one timer for all. */
export class Agenda {
  readonly #init: AgendaInit
  readonly #entries = new Map<string, Entry>()
  readonly #byTime = new TimeHeap<Entry>()
  #sequence = 0
  /** What the clock has read at least; ahead of it, once that has been set back. */
  #latest = 0
  /** What the clock reads when the timer ends, unless it is set meanwhile. */
  #wakes = 0
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
    this.#heedClock()
    this.delete(id)
    const entry = { id, time, sequence: this.#sequence++, place: -1 }
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
      const ms = Math.min(Math.max(0, first.time - clock.now()), MAX_WAIT_MS)
      this.#wakes = clock.now() + ms
      this.#cancel = tasks.after(clock, ms, async signal => this.#round(signal))
    }
  }

  async #round (signal: AbortSignal): Promise<void> {
    this.#state = 'working' // before anything is entered anew: no other round begins
    this.#latest = Math.max(this.#latest, this.#wakes)
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

  /** When the clock was set back, all is due after as long as it was before. */
  #heedClock (): void {
    const back = this.#latest - this.#init.clock.now()
    this.#latest -= back
    if (back > 0) {
      this.#wakes -= back
      this.#entries.forEach(entry => { entry.time -= back }) // in the same order
    }
  }

  #takeDue (): string[] {
    const now = this.#init.clock.now()
    const first = this.#byTime.first()
    const due = first == null || first.time > now ? [] : this.#byTime.upTo(now + this.#init.slack)
    return due.map(({ id }) => {
      this.delete(id)
      return id
    })
  }
}
