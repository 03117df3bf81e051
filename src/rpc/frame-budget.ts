import { LimitError } from './errors.ts'
import type { Stream } from './connection.ts'

/** Bounds what the unfinished frames of many streams hold together: when it is too much, the stream with the longest is reset. */
export class FrameBudget {
  readonly #maxBytes: number
  readonly #held = new Map<Stream, number>()
  #bytes = 0

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The unfinished frame of `stream` holds so many bytes now; 0: it has none. */
  hold (stream: Stream, byteLength: number): void {
    this.#bytes += byteLength - (this.#held.get(stream) ?? 0)
    if (byteLength > 0) {
      this.#held.set(stream, byteLength)
    } else {
      this.#held.delete(stream)
    }
    if (this.#bytes > this.#maxBytes) {
      this.#resetLongest()
    }
  }

  #resetLongest (): void {
    const [[first]] = this.#held
    let longest = first
    for (const [stream, byteLength] of this.#held) {
      if (byteLength > (this.#held.get(longest) ?? 0)) {
        longest = stream
      }
    }
    this.hold(longest, 0)
    longest.abort(new LimitError(`the unfinished frames of all streams have more than ${this.#maxBytes} bytes, and this one's is the longest`))
  }
}
