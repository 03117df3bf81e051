import { TimeHeap } from '../../clock/time-heap.ts'
import { macrotask } from './macrotask.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'
import type { Timed } from '../../clock/time-heap.ts'

/** 2020-01-01T00:00:00Z: a fixed start, so that a seed gives the same times each run. */
const DEFAULT_START = 1_577_836_800_000

/** How a {@link VirtualClock} begins. */
export interface VirtualClockInit {
  /** What {@link VirtualClock.now} begins with: milliseconds since the Unix epoch. Default: 2020-01-01T00:00:00Z */
  start?: number | undefined
}

/** Time stands still: nothing is scheduled that could settle what is waited for. */
export class DeadlockError extends Error {
  override name = 'DeadlockError'
}

/** A call that is scheduled. Most are deadlines that are cancelled long before they are due. */
interface Timer extends Timed {
  task (): void
}

/** Somebody who lets time pass, until a promise settles or, given `until`, up to that time. */
interface Run {
  readonly until?: number
  resolve (): void
  reject (err: unknown): void
}

/**
 * A clock whose time passes only while somebody runs it, and then as fast as the
 * machine can: whenever everything that can run now has run, it jumps to the next
 * scheduled call. Two days of a network pass in seconds, each time in the same way.
 *
 * What it drives must wait for promises and for this clock alone. Work that ends in
 * its own time (sockets, files, Web Crypto, timers of the machine) it cannot see:
 * time may run on before that work is done, or a {@link DeadlockError} be thrown.
 *
 * @example
 *
 * ```typescript
 * import { VirtualClock } from 'kadmium/memory'
 *
 * const clock = new VirtualClock()
 * const begun = clock.now()
 * await clock.run(new Promise<void>(resolve => { clock.schedule(3_600_000, resolve) }))
 * console.info(clock.now() - begun) // 3600000, at once
 * ```
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimeHeap<Timer>()
  readonly #runs = new Set<Run>()
  #now: number
  #sequence = 0
  #driving = false

  constructor (init: VirtualClockInit = {}) {
    this.#now = init.start ?? DEFAULT_START
  }

  now (): number {
    return this.#now
  }

  /** How many calls are scheduled and neither made nor cancelled. */
  get pending (): number {
    return this.#timers.size
  }

  schedule (ms: number, task: () => void): Cancel {
    // as with the timers of the machine, what is no positive number means at once
    const time = this.#now + (ms > 0 ? ms : 0)
    const timer: Timer = { time, sequence: this.#sequence++, task, place: -1 }
    this.#timers.add(timer)
    return () => { this.#timers.remove(timer) }
  }

  /**
   * Let time pass until `task` settles, and give what it gives. Time then stands still
   * again, unless somebody else runs the clock at the same time. Beside a node that runs, something is
   * always scheduled: a task that never settles is waited for without end then.
   *
   * @throws {DeadlockError} nothing is scheduled any more and `task` still waits
   * @throws {unknown} what `task` rejects with, or what a scheduled call throws
   */
  async run <T> (task: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run: Run = { resolve () {}, reject }
      this.#start(run)
      task.then(resolve, reject).finally(() => { this.#runs.delete(run) })
    })
  }

  /**
   * Let `ms` milliseconds pass and make every call that falls due in them, also those
   * that are scheduled on the way.
   *
   * @throws {unknown} what a scheduled call throws
   */
  async advance (ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#start({ until: this.#now + (ms > 0 ? ms : 0), resolve, reject })
    })
  }

  #start (run: Run): void {
    this.#runs.add(run)
    if (!this.#driving) {
      this.#driving = true
      void this.#drive()
    }
  }

  /** The one loop that moves time, however many run the clock. */
  async #drive (): Promise<void> {
    for (;;) {
      await macrotask()
      if (this.#runs.size === 0) {
        this.#driving = false
        return
      }
      try {
        this.#step()
      } catch (err) {
        this.#failAll(err)
      }
    }
  }

  /** Make the calls of the next instant, or end the runs that go no further. */
  #step (): void {
    const next = this.#timers.first()?.time ?? Infinity
    const until = this.#earliestEnd()
    if (until < next) {
      this.#now = until
      this.#endRuns(until)
    } else if (next === Infinity) {
      throw new DeadlockError('nothing is scheduled, so time cannot pass, but what was run still waits: is a promise never settled, or does it wait for something other than this clock?')
    } else {
      this.#fire(next)
    }
  }

  #earliestEnd (): number {
    let earliest = Infinity
    for (const { until = Infinity } of this.#runs) {
      earliest = Math.min(earliest, until)
    }
    return earliest
  }

  #endRuns (until: number): void {
    for (const run of this.#runs) {
      if (run.until === until) {
        this.#runs.delete(run)
        run.resolve()
      }
    }
  }

  /**
   * Make all calls that are due at `time` in one turn. Those that they schedule for the
   * same instant come a turn later, after the promises that these calls have settled.
   */
  #fire (time: number): void {
    this.#now = time
    const end = this.#sequence
    for (let timer = this.#timers.first(); timer != null && timer.time === time && timer.sequence < end; timer = this.#timers.first()) {
      this.#timers.remove(timer)
      timer.task()
    }
  }

  #failAll (err: unknown): void {
    for (const run of this.#runs) {
      run.reject(err)
    }
    this.#runs.clear()
  }
}
