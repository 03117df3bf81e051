import { asError } from '../rpc/errors.ts'
import type { OnProgress } from './events.ts'
import type { Deadline } from '../clock/wait.ts'

/** Tells events from where nobody would hear what an operation's `onProgress` throws: that ends the operation's deadline, and nothing is told any more. */
export class Reporting {
  /** Never throws; undefined if nobody listens. */
  readonly onProgress: OnProgress | undefined
  #error: Error | undefined

  constructor (onProgress: OnProgress | undefined, deadline: Deadline) {
    this.onProgress = onProgress && (event => {
      try {
        if (this.#error == null) {
          onProgress(event)
        }
      } catch (err) {
        this.#error = asError(err)
        deadline.abort(this.#error)
      }
    })
  }

  /** @throws what `onProgress` has thrown */
  check (): void {
    if (this.#error != null) {
      throw this.#error
    }
  }
}
