import { sharedController } from '../clock/shared-controller.ts'
import type { Logger } from '@libp2p/interface'

/** Work that nobody waits for. It is aborted, and awaited, when the node stops; its errors go to the log. */
export class Tasks {
  readonly #controller = sharedController()
  readonly #running = new Set<Promise<void>>()
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
    if (this.signal.aborted) {
      return
    }
    const running = task(this.signal)
      .catch(err => { this.#log('a background task failed: %e', err) })
      .finally(() => { this.#running.delete(running) })
    this.#running.add(running)
  }

  /** Abort all tasks for `reason` and wait until they are over. */
  async stop (reason: Error): Promise<void> {
    this.#controller.abort(reason)
    await Promise.all(this.#running)
  }
}
