import { Uint8ArrayList } from 'uint8arraylist'
import { ManualGenerator } from '../../iteration/manual-generator.ts'

type Result = IteratorResult<Uint8ArrayList, undefined>

/** Somebody waits in `next`. */
interface Waiting {
  resolve (result: Result): void
  reject (err: unknown): void
}

/**
 * What a stream's reader iterates. It holds at most the stream's window of bytes, for
 * the writer gets more room only as they are read. Where nobody will read any more,
 * bytes are dropped as if they were.
 */
export class ReadHalf extends ManualGenerator<Uint8ArrayList> {
  readonly #onRead: (bytes: number) => void
  readonly #waiting: Waiting[] = []
  #unread: Uint8ArrayList | undefined
  #ended = false
  #left = false
  #error: Error | undefined

  /** @param onRead - told how many bytes have been taken */
  constructor (onRead: (bytes: number) => void) {
    super()
    this.#onRead = onRead
  }

  /** Bytes have arrived. */
  push (bytes: Uint8ArrayList): void {
    const reader = this.#waiting.shift()
    if (this.#left || reader != null) {
      reader?.resolve({ done: false, value: bytes })
      this.#onRead(bytes.byteLength)
    } else if (this.#unread == null) {
      this.#unread = bytes
    } else {
      this.#unread.append(bytes)
    }
  }

  /** No more bytes will arrive. */
  end (): void {
    this.#ended = true
    this.#releaseWaiting(reader => { reader.resolve({ done: true, value: undefined }) })
  }

  /** The stream was reset. What is unread is lost; what has been read to its end stays so. */
  fail (err: Error): void {
    if (this.#error != null || this.#left || (this.#ended && this.#unread == null)) {
      return
    }
    this.#error = err
    this.#unread = undefined
    this.#releaseWaiting(reader => { reader.reject(err) })
  }

  // not an async function: readers wait here most of the time, and there are many
  next (): Promise<Result> {
    return new Promise((resolve, reject) => {
      const value = this.#unread
      if (this.#error != null) {
        reject(this.#error)
      } else if (value != null) {
        this.#unread = undefined
        this.#onRead(value.byteLength)
        resolve({ done: false, value })
      } else if (this.#ended || this.#left) {
        resolve({ done: true, value: undefined })
      } else {
        this.#waiting.push({ resolve, reject })
      }
    })
  }

  /** Nobody will read any more. The stream goes on. */
  async return (): Promise<Result> {
    this.#left = true
    this.#onRead(this.#unread?.byteLength ?? 0)
    this.#unread = undefined
    this.#releaseWaiting(reader => { reader.resolve({ done: true, value: undefined }) })
    return { done: true, value: undefined }
  }

  #releaseWaiting (release: (reader: Waiting) => void): void {
    this.#waiting.splice(0).forEach(release)
  }
}
