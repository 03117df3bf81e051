import { sharedController } from '../clock/shared-controller.ts'
import type { Cancel, Clock } from '../clock/clock.ts'
import type { Logger } from '@libp2p/interface'

/** Work that nobody waits for, now or later. It is aborted, and awaited, when the node stops; its errors go to the log. */
export class Tasks {
  readonly #controller = sharedController()
  readonly #running = new Set<Promise<void>>()
  readonly #scheduled = new Set<Cancel>()
  readonly #log: Logger

  constructor (log: Logger) {
    this.#log = log
  }

  /** Aborted when the node stops. */
  get signal (): AbortSignal {
    return this.#controller.signal
  }

  /** Start `task`. Does nothing after `stop`. */
  run (task: (signal: AbortSignal) => Promise<void>): void {
    void this.settle(task)
  }

  /** {@link run} `task`; resolves when it is over, however it ends. Never rejects. */
  async settle (task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.signal.aborted) {
      return
    }
    const running = task(this.signal)
      .catch(err => { this.#log('a background task failed: %e', err) })
      .finally(() => { this.#running.delete(running) })
    this.#running.add(running)
    await running
  }

  /**
   * {@link run} `task` in `ms` milliseconds of `clock`, unless what is returned is called before. Until then
   * there is nothing but a timer: a task that sleeps would keep some ten times its memory.
   */
  after (clock: Clock, ms: number, task: (signal: AbortSignal) => Promise<void>): Cancel {
    if (this.signal.aborted) {
      return () => {}
    }
    const stop = clock.schedule(ms, () => {
      this.#scheduled.delete(stop)
      this.run(task)
    })
    this.#scheduled.add(stop)
    return () => {
      this.#scheduled.delete(stop)
      stop()
    }
  }

  /** Abort all tasks for `reason` and wait until they are over. */
  async stop (reason: Error): Promise<void> {
    this.#controller.abort(reason)
    this.#scheduled.forEach(stop => { stop() })
    this.#scheduled.clear()
    await Promise.all(this.#running)
  }
}
