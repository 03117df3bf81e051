/** Stops a scheduled call; harmless after it was made. */
export type Cancel = () => void

/**
 * The only source of time. Whatever waits takes a clock, so that the virtual
 * clock of `kadmium/memory` can replay two days of a thousand nodes in a test.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now (): number
  /**
   * Call `task` once, after `ms` milliseconds.
   * A scheduled call never keeps a process alive, but for one that is due at once: by that, others get a turn in work that goes on.
   */
  schedule (ms: number, task: () => void): Cancel
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule (ms, task) {
    const timer: unknown = setTimeout(task, ms)
    if (ms > 0) {
      unref(timer)
    }
    return () => { clearTimeout(timer as number) }
  }
}

/** Node.js timers are objects that can let go of the process; browser timers are numbers. */
function unref (timer: unknown): void {
  if (typeof timer === 'object' && timer != null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
