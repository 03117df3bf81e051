import { sleep } from '../../clock/wait.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

export interface RepeatInit {
  readonly clock: Clock
  readonly tasks: Tasks
  readonly log: Logger
  /** Milliseconds between the end of one round and the next. */
  readonly interval: number
  /** What the log calls it. */
  readonly what: string
}

/** Do `round` every `interval` until the node stops. A round that fails is logged, and the next one comes all the same. */
export function repeat ({ clock, tasks, log, interval, what }: RepeatInit, round: (signal: AbortSignal) => Promise<unknown>): void {
  tasks.run(async signal => {
    while (true) {
      await sleep(clock, interval, signal)
      try {
        await round(signal)
      } catch (err) {
        signal.throwIfAborted()
        log('%s failed: %e', what, err)
      }
    }
  })
}
