import { asError, StreamResetError } from '../../rpc/errors.ts'
import type { Stream } from '@libp2p/interface'
import type { Source } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList
type AnyIterator<T> = Iterator<T> | AsyncIterator<T>

/**
 * Writes to a libp2p stream no faster than it drains, then closes its write half.
 *
 * ```
 * open ── source has ended ──► closing ── all is with the transport ──► closed
 *   └──────────────┴── reset, or the connection is lost ──► failed
 * ```
 */
export class WriteHalf {
  readonly #stream: Stream
  readonly #abort: (err: Error) => void
  #state: 'open' | 'closing' | 'closed' = 'open'
  #failure: Error | undefined
  #onFailure: (err: Error) => void = () => {}
  #wake: () => void = () => {}

  /**
   * @param stream - where to
   * @param abort - resets the stream, because what is to be written broke
   */
  constructor (stream: Stream, abort: (err: Error) => void) {
    this.#stream = stream
    this.#abort = abort
    stream.addEventListener('drain', () => { this.#wake() })
  }

  async sink (source: Source<Chunk>): Promise<void> {
    if (this.#failure != null) {
      throw this.#failure
    }
    const iterator = iteratorOf(source)
    await new Promise<void>((resolve, reject) => {
      this.#onFailure = err => {
        releaseIterator(iterator)
        reject(err)
      }
      this.#writeAll(iterator).then(resolve, (err: unknown) => {
        this.#abort(asError(err))
        reject(err)
      })
    })
  }

  /** The stream was reset: a sink that is not done rejects at once. */
  fail (err: Error): void {
    if (this.#failure == null && this.#state !== 'closed') {
      this.#failure = err
      this.#wake()
      this.#onFailure(err)
    }
  }

  /** The stream is closed, without an error: if we have not begun to close it, the connection is gone. */
  end (err: Error): void {
    if (this.#state === 'open') {
      this.fail(err)
    }
  }

  async #writeAll (iterator: AnyIterator<Chunk>): Promise<void> {
    for (;;) {
      const { done, value } = await iterator.next()
      if (this.#failure != null) {
        return
      }
      if (done === true) {
        return this.#close()
      }
      if (!this.#send(value)) {
        await this.#drained()
      }
    }
  }

  #send (chunk: Chunk): boolean {
    if (chunk.byteLength === 0) {
      return true
    }
    try {
      return this.#stream.send(chunk)
    } catch (err) {
      throw this.#failure ?? new StreamResetError('the connection is closing', { cause: err })
    }
  }

  /** A drain may end at once in a stream that is full again: libp2p first sends what it still holds. */
  async #drained (): Promise<void> {
    while (this.#stream.writableNeedsDrain && this.#failure == null) {
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }

  async #close (): Promise<void> {
    this.#state = 'closing'
    try {
      await this.#stream.close()
    } catch (err) {
      // libp2p rejects with the event of the closing here, not with an error
      throw this.#failure ?? new StreamResetError('the stream was over before everything was written', { cause: err })
    }
    this.#state = 'closed'
  }
}

function iteratorOf <T> (source: Source<T>): AnyIterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Let go of a source without waiting: it may be busy, and its own failure is of no more interest. */
function releaseIterator (iterator: AnyIterator<unknown>): void {
  Promise.resolve(iterator.return?.()).catch(() => { /* see above */ })
}
