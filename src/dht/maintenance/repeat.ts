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
export function repeat (init: RepeatInit, round: (signal: AbortSignal) => Promise<unknown>): void {
  const { clock, tasks, log, interval, what } = init
  tasks.after(clock, interval, async signal => {
    try {
      await round(signal)
    } catch (err) {
      signal.throwIfAborted()
      log('%s failed: %e', what, err)
    }
    repeat(init, round)
  })
}
