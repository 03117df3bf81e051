import { TimeoutError } from '../rpc/errors.ts'
import type { OperationOptions } from './events.ts'
import type { Clock } from '../clock/clock.ts'

/**
 * The options of an operation for what is left to do of it: if a `timeout` was given, it began to run at `begun`
 * (milliseconds since the Unix epoch).
 *
 * @throws {TimeoutError} `what` was done until now left no time for anything else
 */
export function forTheRest<O extends OperationOptions> (options: O, clock: Clock, begun: number, what: string): O {
  const { timeout } = options
  if (timeout == null) {
    return options
  }
  const left = timeout - (clock.now() - begun)
  if (left <= 0) {
    throw tookAll(what, timeout)
  }
  return { ...options, timeout: left }
}

/** `what` was done took all of the time of an operation. */
export function tookAll (what: string, ms: number): TimeoutError {
  return new TimeoutError(`${what} took all of the ${ms} ms`)
}
