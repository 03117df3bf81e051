import { sharedController } from '../../clock/shared-controller.ts'
import { CONNECTION_ATTEMPT_DELAY_MS, HANDSHAKE_PATIENCE_MS } from './limits.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'

/**
 * One way to get there.
 *
 * @param onConnected - to be called when it has connected and goes on to shake hands
 */
export type Attempt<T> = (signal: AbortSignal, onConnected: () => void) => Promise<T>

export interface RaceOptions<T> {
  clock: Clock
  /** Stops everything that is under way. */
  signal: AbortSignal
  /** Is this failure the answer, so that trying on is in vain? */
  isVerdict (err: unknown): boolean
  /** Get rid of the result of one that came in too late. */
  discard (result: T): void
}

/**
 * Try `attempts` one after another, the next as soon as one fails or has not
 * connected in {@link CONNECTION_ATTEMPT_DELAY_MS} ("Happy Eyeballs", RFC 8305
 * §5). The first to succeed wins; the others are aborted.
 *
 * @throws {AggregateError} every one failed; with the errors in the order of `attempts`
 * @throws {Error} the failure that is a verdict
 */
export async function race <T> (attempts: ReadonlyArray<Attempt<T>>, options: RaceOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => { new Race(attempts, options, resolve, reject).start() })
}

class Race<T> {
  readonly #attempts: ReadonlyArray<Attempt<T>>
  readonly #options: RaceOptions<T>
  readonly #resolve: (result: T) => void
  readonly #reject: (err: unknown) => void
  readonly #controller = sharedController()
  readonly #failures: unknown[] = []
  #started = 0
  #failed = 0
  #over = false
  #cancel: Cancel = () => {}

  constructor (attempts: ReadonlyArray<Attempt<T>>, options: RaceOptions<T>, resolve: (result: T) => void, reject: (err: unknown) => void) {
    this.#attempts = attempts
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
  }

  start (): void {
    if (this.#options.signal.aborted) {
      this.#reject(new AggregateError([this.#options.signal.reason]))
      return
    }
    this.#options.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#next()
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#options.signal
    this.#controller.abort(reason)
    for (let i = 0; i < this.#started; i++) {
      this.#failures[i] ??= reason
    }
    this.#finish()
    this.#reject(new AggregateError(this.#failures))
  }

  #next (): void {
    this.#cancel()
    if (this.#over || this.#started === this.#attempts.length) {
      return
    }
    const index = this.#started++
    this.#nextAfter(CONNECTION_ATTEMPT_DELAY_MS)
    const onConnected = (): void => {
      // only the newest holds back the next
      if (!this.#over && index === this.#started - 1) {
        this.#nextAfter(HANDSHAKE_PATIENCE_MS)
      }
    }
    this.#attempts[index](this.#controller.signal, onConnected).then(
      result => { this.#onResult(result) },
      (err: unknown) => { this.#onFailure(index, err) }
    )
  }

  #nextAfter (ms: number): void {
    this.#cancel()
    this.#cancel = this.#options.clock.schedule(ms, () => { this.#next() })
  }

  #onResult (result: T): void {
    if (this.#over) {
      this.#options.discard(result)
      return
    }
    this.#finish()
    this.#resolve(result)
  }

  #onFailure (index: number, err: unknown): void {
    this.#failures[index] = err
    this.#failed++
    if (this.#over) {
      return
    }
    if (this.#options.isVerdict(err)) {
      this.#finish()
      this.#reject(err)
      return
    }
    this.#next()
    if (this.#failed === this.#started) {
      this.#finish()
      this.#reject(new AggregateError(this.#failures))
    }
  }

  #finish (): void {
    this.#over = true
    this.#cancel()
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(new Error('another address was faster'))
  }
}
