import { StreamResetError } from '../../rpc/errors.ts'
import { MAX_PAUSED_BYTES } from './limits.ts'
import { ReadHalf } from './read-half.ts'
import { WriteHalf } from './write-half.ts'
import type { Stream } from '../../rpc/connection.ts'
import type { Stream as Libp2pStream, StreamCloseEvent } from '@libp2p/interface'

/**
 * A libp2p stream as the DHT wants it. libp2p's are event targets: this one reads and
 * writes on demand, so that a slow reader holds the sender back and a slow peer holds
 * us back.
 *
 * A libp2p stream that closes without an error has either been ended by both sides, or
 * lost its connection. Which of them is told by whether the end was seen before.
 */
export class StreamAdapter implements Stream {
  readonly source: ReadHalf
  readonly sink: Stream['sink']
  readonly #stream: Libp2pStream
  readonly #writing: WriteHalf
  #onOver: () => void = () => {}
  #reason: Error | undefined

  constructor (stream: Libp2pStream) {
    this.#stream = stream
    stream.maxReadBufferLength = Math.max(stream.maxReadBufferLength, MAX_PAUSED_BYTES)
    this.source = new ReadHalf(stream)
    this.#writing = new WriteHalf(stream, err => { this.abort(err) })
    this.sink = this.#writing.sink
    this.#attach()
  }

  /** Call `onOver` once, when nothing more will be sent or received. */
  whenOver (onOver: () => void): void {
    if (this.#isOver) {
      onOver()
    } else {
      this.#onOver = onOver
    }
  }

  abort (err: Error): void {
    if (!this.#isOver) {
      this.#reason = err
      this.source.abort(err)
      this.#stream.abort(err)
    }
  }

  get #isOver (): boolean {
    return this.#stream.status !== 'open' && this.#stream.status !== 'closing'
  }

  #attach (): void {
    if (this.#isOver) {
      // negotiation gave it to us too late; what had come is still there to be read
      this.#lose(new StreamResetError('the stream was over before it was used'))
      return
    }
    if (this.#stream.remoteWriteStatus === 'closed') {
      this.source.end()
    }
    this.#stream.addEventListener('remoteCloseWrite', () => { this.source.end() })
    this.#stream.addEventListener('close', event => { this.#onClose(event) })
  }

  #onClose ({ error }: StreamCloseEvent): void {
    if (error == null) {
      this.#lose(new StreamResetError('the connection was closed'))
    } else if (error === this.#reason) {
      this.#writing.fail(error)
    } else {
      const reset = new StreamResetError(`the stream was reset: ${error.message}`, { cause: error })
      this.source.fail(reset)
      this.#writing.fail(reset)
    }
    this.#onOver()
  }

  #lose (err: Error): void {
    this.source.fail(err)
    this.#writing.lose(err)
  }
}
