import { LimitError } from './errors.ts'
import type { Stream } from './connection.ts'

/** Bounds what the frames under way on many streams, to us or from us, hold together: when it is too much, the stream with the most is reset, of several the oldest. */
export class FrameBudget {
  readonly #maxBytes: number
  /** None until anything is held: of thousands of simulated nodes most never hold any. */
  #held: Map<Stream, number> | undefined
  #bytes = 0

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What is under way on `stream` holds so many bytes now; 0: nothing. */
  hold (stream: Stream, byteLength: number): void {
    this.#bytes += byteLength - (this.#held?.get(stream) ?? 0)
    if (byteLength > 0) {
      this.#held ??= new Map()
      this.#held.set(stream, byteLength)
    } else {
      this.#held?.delete(stream)
    }
    if (this.#held != null && this.#bytes > this.#maxBytes) {
      this.#resetLongest(this.#held)
    }
  }

  #resetLongest (held: ReadonlyMap<Stream, number>): void {
    const [[first]] = held
    let longest = first
    for (const [stream, byteLength] of held) {
      if (byteLength > (held.get(longest) ?? 0)) {
        longest = stream
      }
    }
    this.hold(longest, 0)
    longest.abort(new LimitError(`the frames under way have more than ${this.#maxBytes} bytes, most of them on this stream`))
  }
}
