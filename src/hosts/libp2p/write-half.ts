import { SourceWriter } from '../../iteration/source-writer.ts'
import { asError, StreamResetError } from '../../rpc/errors.ts'
import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * Writes to a libp2p stream no faster than it drains, then closes its write half.
 *
 * ```
 * open ── source has ended ──► closing ── all is with the transport ──► closed
 *   └──────────────┴── reset, or the connection is lost ──► failed
 * ```
 */
export class WriteHalf extends SourceWriter<Uint8Array | Uint8ArrayList> {
  readonly #stream: Stream
  readonly #abort: (err: Error) => void
  #isClosing = false

  /**
   * @param stream - where to
   * @param abort - resets the stream, because what is to be written broke
   */
  constructor (stream: Stream, abort: (err: Error) => void) {
    super()
    this.#stream = stream
    this.#abort = abort
    stream.addEventListener('drain', () => {
      // one that is full again already has first sent what libp2p still held
      if (!stream.writableNeedsDrain) {
        this.resume()
      }
    })
  }

  /** The stream is closed, without an error: if we have not begun to close it, the connection is gone. */
  lose (err: Error): void {
    if (!this.#isClosing) {
      this.fail(err)
    }
  }

  protected override take (chunk: Uint8Array | Uint8ArrayList): boolean {
    if (chunk.byteLength === 0) {
      return true
    }
    try {
      return this.#stream.send(chunk) || !this.#stream.writableNeedsDrain
    } catch (err) {
      throw new StreamResetError('the connection is closing', { cause: err })
    }
  }

  protected override async end (): Promise<void> {
    this.#isClosing = true
    try {
      await this.#stream.close()
    } catch (err) {
      // libp2p rejects with the event of the closing here, not with an error
      throw new StreamResetError('the stream was over before everything was written', { cause: err })
    }
  }

  protected override abort (thrown: unknown): void {
    this.#abort(asError(thrown))
  }
}
