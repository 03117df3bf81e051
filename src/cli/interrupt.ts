import { sharedController } from '../clock/shared-controller.ts'
import { InterruptedError, outputError } from './errors.ts'
import type { EndingSignal } from './errors.ts'

const SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** What makes a command end early. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Let go of the process: signals kill it again. */
  clear (): void
}

/**
 * Ctrl-C, SIGTERM and a terminal that is closed abort in good order the first time and kill the second time.
 * A closed stdout aborts too: nobody would read the rest. Messages that cannot be written, since the disk of a log
 * is full or nobody reads them, end nothing.
 */
export function watchInterrupts (): Interrupt {
  const controller = sharedController()
  const clear = (): void => { SIGNALS.forEach(signal => { process.off(signal, onSignal) }) }
  const onSignal = (signal: EndingSignal): void => {
    if (controller.signal.aborted) {
      clear()
      process.kill(process.pid, signal) // process.exit() would wait for what is being read or written, for ever perhaps
    }
    controller.abort(new InterruptedError(signal))
  }
  SIGNALS.forEach(signal => { process.on(signal, onSignal) })
  process.stdout.on('error', err => { controller.abort(outputError(err)) })
  process.stderr.on('error', () => {})
  return { signal: controller.signal, clear }
}
