import { Uint8ArrayList } from 'uint8arraylist'
import { ManualGenerator } from '../../iteration/manual-generator.ts'
import type { Socket } from 'node:net'

type Result = IteratorResult<Uint8ArrayList, undefined>

/** Somebody waits in `next`. */
interface Waiting {
  resolve (result: Result): void
  reject (err: unknown): void
}

/**
 * What a stream's reader iterates. The socket flows while somebody waits: what comes goes
 * straight to the reader. What comes while nobody does is kept, and the socket paused:
 * then it holds one chunk of 64 KiB at the most, and the socket its high-water mark.
 */
export class SocketReadHalf extends ManualGenerator<Uint8ArrayList> {
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  #unread: Uint8ArrayList | undefined
  /**
   * - new: nobody has read yet; the socket keeps what comes
   * - flowing, paused: as it says
   * - ended: the peer has ended its half, and all of it has come
   * - left: nobody will read any more; what comes is dropped, so that the end is noticed
   */
  #state: 'new' | 'flowing' | 'paused' | 'ended' | 'left' = 'new'
  #error: Error | undefined

  constructor (socket: Socket) {
    super()
    this.#socket = socket
    socket.on('end', this.#onEnd)
  }

  /** Has the peer sent or ended anything that nobody has read yet? */
  get isTouched (): boolean {
    return this.#state === 'ended' || this.#socket.readableLength > 0
  }

  /** Has all been read, to the end? */
  get isOver (): boolean {
    return this.#socket.readableEnded && this.#unread == null
  }

  /** The stream was reset. What is unread is lost. */
  fail (err: Error): void {
    if (this.#error != null || this.#state === 'left') {
      return
    }
    this.#error = err
    this.#unread = undefined
    this.#waiting.splice(0).forEach(reader => { reader.reject(err) })
    this.#drop()
  }

  // not an async function, which would wait for its promise once more
  next (): Promise<Result> {
    return new Promise((resolve, reject) => {
      const value = this.#unread
      if (this.#error != null) {
        reject(this.#error)
      } else if (value != null) {
        this.#unread = undefined
        resolve({ done: false, value })
      } else if (this.#state === 'ended' || this.#state === 'left') {
        resolve({ done: true, value: undefined })
      } else {
        this.#waiting.push({ resolve, reject })
        this.#flow()
      }
    })
  }

  /** Nobody will read any more. The stream goes on. */
  leave (): void {
    this.#unread = undefined
    this.#waiting.splice(0).forEach(reader => { reader.resolve({ done: true, value: undefined }) })
    this.#drop()
  }

  async return (): Promise<Result> {
    this.leave()
    return { done: true, value: undefined }
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const reader = this.#waiting.shift()
    if (reader != null) {
      reader.resolve({ done: false, value: listOf(chunk) })
      return
    }
    if (this.#unread == null) {
      this.#unread = listOf(chunk)
    } else {
      this.#unread.append(chunk)
    }
    this.#socket.pause()
    this.#state = 'paused'
  }

  readonly #onEnd = (): void => {
    if (this.#state !== 'left') {
      this.#state = 'ended'
      this.#waiting.splice(0).forEach(reader => { reader.resolve({ done: true, value: undefined }) })
    }
  }

  #flow (): void {
    if (this.#state === 'new') {
      this.#socket.on('data', this.#onData)
    }
    if (this.#state !== 'flowing') {
      this.#state = 'flowing'
      this.#socket.resume()
    }
  }

  #drop (): void {
    this.#state = 'left'
    this.#socket.off('data', this.#onData)
    this.#socket.resume()
  }
}

function listOf (chunk: Uint8Array): Uint8ArrayList {
  return Uint8ArrayList.fromUint8Arrays([chunk], chunk.byteLength)
}
