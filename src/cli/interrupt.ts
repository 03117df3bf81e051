import { systemClock } from '../clock/clock.ts'
import { sharedController } from '../clock/shared-controller.ts'
import { InterruptedError, outputError } from './errors.ts'
import { EXIT_BY_SIGNAL } from './exit-codes.ts'
import type { EndingSignal } from './errors.ts'
import type { Clock } from '../clock/clock.ts'
import type { EventEmitter } from 'node:events'

const SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Milliseconds in which signals are one wish. Npm, which runs us as `npx`, passes on the Ctrl-C that its terminal sends
 * to both; the end of a terminal comes from the shell and from the system.
 */
const ONE_WISH_MS = 500

/** The first process of a container: no signal ends it that it has no handler for. */
const INIT_PID = 1

/** The process, as far as signals and its output go. */
interface Interruptible extends EventEmitter {
  readonly pid: number
  readonly stdout: EventEmitter
  readonly stderr: EventEmitter
  kill (pid: number, signal: EndingSignal): void
  exit (code: number): void
}

/**
 * What makes a command end early. Ctrl-C, SIGTERM and a terminal that is closed abort in good order the first time and kill the second time.
 * A closed stdout aborts too: nobody would read the rest. Messages that cannot be written, since the disk of a log
 * is full or nobody reads them, end nothing.
 */
export function watchInterrupts (target: Interruptible, clock: Clock = systemClock): AbortSignal {
  const controller = sharedController()
  let isSameWish = false
  const onSignal = (signal: EndingSignal): void => {
    if (isSameWish) {
      return
    }
    if (controller.signal.aborted) {
      SIGNALS.forEach(signal => { target.off(signal, onSignal) })
      target.kill(target.pid, signal) // process.exit() would wait for what is being read or written, for ever perhaps
      if (target.pid === INIT_PID) {
        target.exit(EXIT_BY_SIGNAL[signal])
      }
    }
    isSameWish = true
    clock.schedule(ONE_WISH_MS, () => { isSameWish = false })
    controller.abort(new InterruptedError(signal))
  }
  SIGNALS.forEach(signal => { target.on(signal, onSignal) })
  target.stdout.on('error', err => { controller.abort(outputError(err)) })
  target.stderr.on('error', () => {})
  return controller.signal
}
