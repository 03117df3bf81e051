import type { Tasks } from './tasks.ts'

/** Work in the background. */
export type Work = (signal: AbortSignal) => Promise<void>

export interface WorkQueueInit {
  readonly tasks: Tasks
  /** Done at once. */
  readonly concurrency: number
  /** That wait at the most. */
  readonly maxWaiting: number
}

/** Work for each of many, a bounded number at once, a bounded number waiting; first come, first served. */
export class WorkQueue {
  readonly #init: WorkQueueInit
  readonly #waiting = new Map<string, Work>()
  #running = 0

  constructor (init: WorkQueueInit) {
    this.#init = init
  }

  /** How many are being worked on, and how many wait. */
  get counts (): { running: number, waiting: number } {
    return { running: this.#running, waiting: this.#waiting.size }
  }

  /** Add `work` for `id`, in the place of what waits for it already. Returns false if too many wait: then nothing changes. */
  add (id: string, work: Work): boolean {
    const { concurrency, maxWaiting } = this.#init
    if (!this.#waiting.has(id) && this.#running >= concurrency && this.#waiting.size >= maxWaiting) {
      return false
    }
    this.#waiting.set(id, work)
    this.#next()
    return true
  }

  /** Drop what waits for `id`. */
  drop (id: string): void {
    this.#waiting.delete(id)
  }

  #next (): void {
    const [next] = this.#waiting
    if (next == null || this.#running >= this.#init.concurrency) {
      return
    }
    const [id, work] = next
    this.#waiting.delete(id)
    this.#running++
    this.#init.tasks.run(async signal => {
      try {
        await work(signal)
      } finally {
        this.#running--
        this.#next()
      }
    })
  }
}
