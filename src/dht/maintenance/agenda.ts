import { TimeHeap } from '../../clock/time-heap.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Timed } from '../../clock/time-heap.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** The longest that one timer waits, milliseconds: those of JavaScript end at some 24 days. */
const MAX_WAIT_MS = 24 * 3_600_000

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
}

/** What is to be done when: each thing once, however many there are, with one timer for all. */
export class Agenda {
  readonly #init: AgendaInit
  readonly #entries = new Map<string, Entry>()
  readonly #byTime = new TimeHeap<Entry>()
  #sequence = 0
  #wake = (): void => {}

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
    const entry = { id, time, sequence: this.#sequence++, place: -1 }
    this.#entries.set(id, entry)
    this.#byTime.add(entry)
    if (this.#byTime.first() === entry) {
      this.#wake()
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
    this.#init.tasks.run(async signal => {
      while (true) {
        await this.#untilDue(signal)
        await this.#round(this.#takeDue(), signal)
      }
    })
  }

  async #round (due: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      if (due.length > 0) {
        await this.#init.work(due, signal)
      }
    } catch (err) {
      signal.throwIfAborted()
      this.#init.log('%s failed: %e', this.#init.what, err)
    }
  }

  /** Resolves when the first entry is due, or earlier. */
  async #untilDue (signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { clock } = this.#init
    await new Promise<void>((resolve, reject) => {
      let cancel = (): void => {}
      const end = (settle: () => void) => () => {
        this.#wake = () => {}
        cancel()
        signal.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = end(() => { reject(signal.reason) })
      const onTime = end(resolve)
      const first = this.#byTime.first()
      if (first != null) {
        cancel = clock.schedule(Math.min(Math.max(0, first.time - clock.now()), MAX_WAIT_MS), onTime)
      }
      this.#wake = onTime
      signal.addEventListener('abort', onAbort)
    })
  }

  #takeDue (): string[] {
    const now = this.#init.clock.now()
    const first = this.#byTime.first()
    const due = first == null || first.time > now ? [] : this.#byTime.upTo(now + this.#init.slack)
    due.forEach(({ id }) => { this.delete(id) })
    return due.map(({ id }) => id)
  }
}
