import type { Sink, Source } from 'it-stream-types'

/** A source that is being written. */
interface Work<T> {
  readonly iterator: Iterator<T> | AsyncIterator<T>
  resolve (): void
  reject (thrown: unknown): void
}

/**
 * Writes one source, no faster than whoever extends it takes it. It stops at once on a
 * failure, also while it waits for the source, which is then let go of.
 *
 * It is made of callbacks, where an async function would read better: each open stream waits for its source nearly always,
 * and what an async function keeps meanwhile is several times as much.
 */
export abstract class SourceWriter<T> {
  #begun = false
  #isPaused = false
  #work: Work<T> | undefined
  #failure: Error | undefined

  /**
   * Write all of `source`, once.
   *
   * @throws what the source throws, or taking it; it was aborted then
   * @throws what it failed of
   */
  readonly sink: Sink<Source<T>, Promise<void>> = source => new Promise((resolve, reject) => {
    const work = { iterator: iteratorOf(source), resolve, reject }
    if (this.#begun) {
      const err = new Error('a stream is written once: give its sink one source with all there is to send')
      leave(work, err)
      this.abort(err)
      return
    }
    this.#begun = true
    if (this.#failure != null) {
      leave(work, this.#failure)
      return
    }
    this.#work = work
    this.#pull(work)
  })

  /** Nothing can be written any more. What has been written to its end stays so. */
  fail (err: Error): void {
    this.#failure ??= err
    this.#stop(err)
  }

  /** Write `chunk`. False: no more until {@link SourceWriter.resume}, which is called later. */
  protected abstract take (chunk: T): boolean

  /** That was all. It has been written when this is done. */
  protected abstract end (): Promise<void> | undefined

  /** The source threw, or the two methods above did. */
  protected abstract abort (thrown: unknown): void

  /** There is room again. */
  protected resume (): void {
    if (this.#isPaused && this.#work != null) {
      this.#isPaused = false
      this.#pull(this.#work)
    }
  }

  #pull ({ iterator }: Work<T>): void {
    try {
      Promise.resolve(iterator.next()).then(this.#onNext, this.#onThrown)
    } catch (err) {
      this.#onThrown(err)
    }
  }

  readonly #onNext = ({ done, value }: IteratorResult<T>): void => {
    const work = this.#work
    if (work == null) {
      return // it has failed meanwhile
    }
    try {
      if (done === true) {
        this.#end()
      } else if (this.take(value)) {
        this.#pull(work)
      } else {
        this.#isPaused = true
      }
    } catch (err) {
      this.#onThrown(err)
    }
  }

  readonly #onThrown = (thrown: unknown): void => {
    if (this.#work != null) {
      this.#stop(thrown)
      this.abort(thrown)
    }
  }

  #end (): void {
    const ended = this.end()
    if (ended == null) {
      this.#finish()
    } else {
      ended.then(() => { this.#finish() }, this.#onThrown)
    }
  }

  #finish (): void {
    this.#work?.resolve()
    this.#work = undefined
  }

  #stop (thrown: unknown): void {
    const work = this.#work
    this.#work = undefined
    if (work != null) {
      leave(work, thrown)
    }
  }
}

function iteratorOf<T> (source: Source<T>): Iterator<T> | AsyncIterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

function leave<T> ({ iterator, reject }: Work<T>, thrown: unknown): void {
  // nobody waits for the source to tidy up, and what fails then is less than what failed now
  release(iterator).catch(() => undefined)
  reject(thrown)
}

async function release<T> (iterator: Iterator<T> | AsyncIterator<T>): Promise<void> {
  await iterator.return?.()
}
