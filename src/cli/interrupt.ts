import { sharedController } from '../clock/shared-controller.ts'
import { InterruptedError, outputError, OutputClosedError } from './errors.ts'
import { EXIT } from './exit-codes.ts'

/** What makes a command end early. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Let go of the process: signals kill it again. */
  clear (): void
}

/**
 * Ctrl-C and SIGTERM abort in good order the first time and kill the second time.
 * A closed stdout aborts too: nobody would read the rest.
 */
export function watchInterrupts (): Interrupt {
  const controller = sharedController()
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted) {
      process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated)
    }
    controller.abort(new InterruptedError(signal))
  }
  const onInt = (): void => { onSignal('SIGINT') }
  const onTerm = (): void => { onSignal('SIGTERM') }
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  process.stdout.on('error', err => { controller.abort(outputError(err)) })
  process.stderr.on('error', () => { controller.abort(new OutputClosedError('nobody reads the messages any more')) })
  return {
    signal: controller.signal,
    clear () {
      process.off('SIGINT', onInt)
      process.off('SIGTERM', onTerm)
    }
  }
}
