import { Uint8ArrayList } from 'uint8arraylist'
import { ManualGenerator } from '../../iteration/manual-generator.ts'
import { MAX_UNREAD_BYTES } from './limits.ts'
import { grantWindow } from './window.ts'
import type { StreamMessageEvent, Stream } from '@libp2p/interface'

type Result = IteratorResult<Uint8ArrayList, undefined>

/** Somebody waits in `next`. */
interface Waiting {
  resolve (result: Result): void
  reject (err: unknown): void
}

/**
 * What a stream's reader iterates. While nobody reads, it takes
 * {@link MAX_UNREAD_BYTES} (and what of the last message is over) and then pauses the
 * libp2p stream, which stops granting window to the sender.
 *
 * The libp2p stream is resumed only here, by a reader that has read everything, and
 * never paused while it resumes: `resume` emits what it holds before it tells the
 * muxer, so that a `pause` from within would be undone where it counts, and the sender
 * let loose on a stream that nobody drains.
 */
export class ReadHalf extends ManualGenerator<Uint8ArrayList> {
  readonly #stream: Stream
  readonly #waiting: Waiting[] = []
  #unread: Uint8ArrayList | undefined
  #resuming = false
  #waking = false
  #ended = false
  #left = false
  #error: Error | undefined

  constructor (stream: Stream) {
    super()
    this.#stream = stream
    stream.addEventListener('message', this.#onMessage)
  }

  /** The peer has closed its write half: when all is read that libp2p still holds, that is the end. */
  end (): void {
    this.#ended = true
    this.#wake()
  }

  /** The stream was reset by the peer, or lost. What has come before can still be read; an end that has come stays one. */
  fail (err: Error): void {
    if (!this.#ended) {
      this.#error ??= err
    }
    this.#wake()
  }

  /** We have reset the stream. What is unread is dropped; what has been read to its end stays so. */
  abort (err: Error): void {
    if (!this.#ended || this.#unread != null || !this.#isDrained()) {
      this.#error ??= err
    }
    this.#unread = undefined
    this.#wake()
  }

  // not an async function, which would wait for its promise once more
  next (): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#wake()
    })
  }

  /** Nobody will read any more: what comes is dropped. The stream goes on. */
  async return (): Promise<Result> {
    this.#left = true
    this.#resume()
    this.#unread = undefined
    this.#wake()
    return { done: true, value: undefined }
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    grantWindow(this.#stream)
    if (this.#left) {
      return
    }
    if (this.#unread == null) {
      this.#unread = data instanceof Uint8ArrayList ? data : new Uint8ArrayList(data)
    } else {
      this.#unread.append(data)
    }
    if (this.#unread.byteLength >= MAX_UNREAD_BYTES && !this.#resuming && this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
    this.#wake()
  }

  #take (): Uint8ArrayList | undefined {
    if (this.#unread == null) {
      this.#resume()
    }
    const value = this.#unread
    this.#unread = undefined
    return value
  }

  #resume (): void {
    if (this.#stream.readStatus !== 'paused') {
      return
    }
    this.#resuming = true
    try {
      this.#stream.resume()
    } catch (err) {
      // what libp2p held has been emitted by now: it threw where it tells the peer, and the connection is gone
      this.#stream.log('could not resume - %e', err)
    } finally {
      this.#resuming = false
    }
  }

  /** Has libp2p emitted all it will? It may hold bytes that it emits in a later turn. */
  #isDrained (): boolean {
    const { readBufferLength, readStatus } = this.#stream
    return readBufferLength === 0 || readStatus === 'closed' || readStatus === 'closing'
  }

  /** Give those who wait what there is. To look for that may resume the stream, and that may call us again. */
  #wake (): void {
    if (this.#waking) {
      return
    }
    this.#waking = true
    while (this.#waiting.length > 0 && this.#give(this.#waiting[0])) {
      this.#waiting.shift()
    }
    this.#waking = false
  }

  /** False: there is nothing yet. */
  #give (reader: Waiting): boolean {
    const value = this.#take()
    if (value != null) {
      reader.resolve({ done: false, value })
    } else if (this.#error != null && !this.#left && this.#isDrained()) {
      reader.reject(this.#error)
    } else if (this.#left || (this.#ended && this.#isDrained())) {
      reader.resolve({ done: true, value: undefined })
    } else {
      return false
    }
    return true
  }
}
