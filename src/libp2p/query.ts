import { sharedController } from '../clock/shared-controller.ts'
import { onAbort } from '../clock/wait.ts'
import { ManualGenerator } from '../iteration/manual-generator.ts'

/**
 * What a query does: it tells events, or whatever else, as they happen, and ends when it is over or `signal` is aborted.
 *
 * @param wanted - resolves when all that was told has been read, and more is wanted; or nobody reads any more
 */
export type QueryBody<T> = (tell: (event: T) => void, signal: AbortSignal, wanted: () => Promise<void>) => Promise<void>

/** Why a query ends whose consumer has left. */
const NOBODY_LISTENS = new Error('nobody reads the events of this query any more')

/** Was `signal`, which a body has, aborted because its reader has left? */
export function isLeft (signal: AbortSignal): boolean {
  return signal.reason === NOBODY_LISTENS
}

/**
 * The events of `body` as a sequence, which begins when it is read. Leaving the loop
 * aborts the query, and waits until it is over. `next` rejects with whatever `body` throws;
 * with the reason of `signal`, when that is aborted.
 */
export function query<T> (body: QueryBody<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  return new Query(body, signal)
}

type Result<T> = IteratorResult<T, undefined>

/** Somebody who waits for an event. */
interface Reader<T> {
  resolve (result: Result<T>): void
  reject (err: unknown): void
}

/**
 * Events that wait to be read are never more than one query makes, which its lookup bounds.
 */
class Query<T> extends ManualGenerator<T> {
  readonly #body: QueryBody<T>
  readonly #signal: AbortSignal | undefined
  readonly #events: T[] = []
  readonly #readers: Array<Reader<T>> = []
  #onWanted: () => void = () => {}
  /** Lets go of the signal. */
  #unlink: () => void = () => {}
  #controller: AbortController | undefined
  #running: Promise<void> | undefined
  #left = false
  #over = false
  #failed: { readonly err: unknown } | undefined

  constructor (body: QueryBody<T>, signal: AbortSignal | undefined) {
    super()
    this.#body = body
    this.#signal = signal
  }

  next (): Promise<Result<T>> {
    if (this.#running == null && !this.#left) {
      this.#running = this.#run()
    }
    const event = this.#events.shift()
    if (event != null) {
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#over || this.#left) {
      return this.#last()
    }
    return new Promise<Result<T>>((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      this.#onWanted()
    })
  }

  async return (): Promise<Result<T>> {
    this.#left = true
    this.#events.length = 0
    this.#failed = undefined
    this.#abort(NOBODY_LISTENS)
    await this.#running
    return { done: true, value: undefined }
  }

  async #run (): Promise<void> {
    try {
      this.#signal?.throwIfAborted()
      this.#controller = sharedController()
      this.#unlink = onAbort(this.#signal, reason => { this.#abort(reason) })
      await this.#body(event => { this.#put(event) }, this.#controller.signal, async () => this.#wanted())
    } catch (err) {
      this.#failed = this.#left ? undefined : { err }
    } finally {
      this.#end()
    }
  }

  #abort (reason: unknown): void {
    this.#controller?.abort(reason)
    this.#onWanted()
  }

  async #wanted (): Promise<void> {
    if (this.#readers.length === 0 && this.#controller?.signal.aborted !== true) {
      await new Promise<void>(resolve => { this.#onWanted = resolve })
    }
  }

  #put (event: T): void {
    const reader = this.#readers.shift()
    if (reader != null) {
      reader.resolve({ done: false, value: event })
    } else if (!this.#left) {
      this.#events.push(event)
    }
  }

  #end (): void {
    this.#over = true
    this.#unlink()
    for (const { resolve, reject } of this.#readers.splice(0)) {
      this.#last().then(resolve, reject)
    }
  }

  /** The end; the first to see it learns what the query failed of. */
  async #last (): Promise<Result<T>> {
    const failed = this.#failed
    this.#failed = undefined
    if (failed != null) {
      throw failed.err
    }
    return { done: true, value: undefined }
  }
}
