import type { Cancel, Clock } from '../../src/clock/clock.ts'

interface Task {
  due: number
  run (): void
}

/** A clock beside real sockets: it stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #tasks = new Set<Task>()
  #now = 1_700_000_000_000

  /** Calls that are scheduled and were neither made nor cancelled. */
  get pending (): number {
    return this.#tasks.size
  }

  now (): number {
    return this.#now
  }

  schedule (ms: number, run: () => void): Cancel {
    const task = { due: this.#now + ms, run }
    this.#tasks.add(task)
    return () => { this.#tasks.delete(task) }
  }

  /** Move on by `ms` milliseconds and make the calls that are due, in order. */
  advance (ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#tasks].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)
      if (next == null) {
        break
      }
      this.#now = Math.max(this.#now, next.due)
      this.#tasks.delete(next)
      next.run()
    }
    this.#now = end
  }
}
