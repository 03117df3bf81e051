import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { Watchdog } from '../clock/watchdog.ts'
import { frameDecoder } from '../wire/frame.ts'
import { MAX_PREFIX_BYTES } from '../wire/limits.ts'
import { ProtocolViolationError, TimeoutError } from './errors.ts'
import { FRAME_TIMEOUT_MS, transferTime } from './limits.ts'
import type { Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { LengthDecoderFunction } from 'it-length-prefixed'

const NOTHING = new Uint8Array(0)

const THERE = Promise.resolve(true)

export interface FrameLimits {
  /** The longest frame body accepted, bytes. A longer one is refused as soon as its length is read. */
  readonly maxBytes: number
  /** Milliseconds a frame may take from its first byte to its last, beside what its bytes need. Default: {@link FRAME_TIMEOUT_MS}. */
  readonly frameMs?: number
  /** Milliseconds of silence between frames after which the stream is reset; undefined: whoever reads keeps watch. */
  readonly idleMs?: number
  /** Told that a frame has begun to arrive: from then on its own deadline runs. */
  onBegun? (): void
}

/**
 * The frames that arrive on `stream`, as fast as they are consumed: one at a time by
 * iteration, or all that have come, with {@link FrameReader.wait} and {@link FrameReader.take}.
 *
 * Time runs only while we wait for the peer: a frame begun must be whole within
 * `frameMs`, however slowly it drips, but for the time that the
 * bytes it has delivered need at the slowest transfer.
 *
 * @throws {InvalidMessageError} a length prefix that is too long, overlong or over the limit
 * @throws {ProtocolViolationError} the stream ended inside a frame
 * @throws {TimeoutError} the frame was not whole in time, or the stream idle for too long; the stream is reset
 */
export function readFrames (stream: Stream, clock: Clock, limits: FrameLimits): FrameReader {
  return new FrameReader(stream, clock, limits)
}

/**
 * Holds the bytes of at most one unfinished frame, beside what came with them, and knows
 * how long that has been arriving.
 *
 * An iterator of its own rather than the generators of it-length-prefixed one in another:
 * what waits between two of these costs more than reading a frame.
 */
export class FrameReader implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #limits: FrameLimits
  readonly #watchdog: Watchdog
  readonly #readLength: LengthDecoderFunction
  /** Bytes received, of which those from `#at` on are in no frame yet. */
  #bytes: Uint8Array = NOTHING
  #at = 0
  /** Those that came after them. They are joined when a frame is whole, so that each byte is moved once. */
  readonly #more: Uint8Array[] = []
  /** Bytes received that are in no frame yet, of both. */
  #unread = 0
  /** Of the first frame of those, once its length is there: bytes of the length prefix, and of all; of all 0 before. */
  #prefix = 0
  #whole = 0
  /** When we began to wait for more of an unfinished frame, milliseconds since the Unix epoch. */
  #begun = 0
  /** Milliseconds that the unfinished frame may still take. */
  #left: number

  constructor (stream: Stream, clock: Clock, limits: FrameLimits) {
    this.#stream = stream
    this.#clock = clock
    this.#limits = limits
    this.#left = limits.frameMs ?? FRAME_TIMEOUT_MS
    this.#readLength = frameDecoder(limits.maxBytes).lengthDecoder
    this.#watchdog = new Watchdog(clock, () => {
      stream.abort(this.#unread > 0
        ? new TimeoutError(`a frame was not whole in time: ${this.#unread} bytes came`)
        : new TimeoutError(`no request for ${limits.idleMs} ms`))
    })
  }

  /** The next frame of those that have come whole; undefined: {@link FrameReader.wait} for more. */
  take (): Uint8Array | undefined {
    if (!this.#isWhole()) {
      return undefined
    }
    const frame = this.#bytes.subarray(this.#at + this.#prefix, this.#at + this.#whole)
    this.#at += this.#whole
    this.#unread -= this.#whole
    if (this.#at === this.#bytes.byteLength) {
      this.#bytes = this.#more.shift() ?? NOTHING
      this.#at = 0
    }
    this.#whole = 0
    this.#left = this.#limits.frameMs ?? FRAME_TIMEOUT_MS
    return frame
  }

  /** Wait until there is a frame to take. False: the stream has ended. */
  wait (): Promise<boolean> {
    try {
      return this.#isWhole() ? THERE : this.#read()
    } catch (err) {
      return Promise.reject(this.#failed(err))
    }
  }

  async next (): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.wait()
    const value = this.take()
    return value == null ? { done: true, value } : { done: false, value }
  }

  /** Nobody reads on. */
  async return (): Promise<IteratorResult<Uint8Array, undefined>> {
    this.stop()
    return { done: true, value: undefined }
  }

  /** Nobody reads on. */
  stop (): void {
    this.#watchdog.stop()
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  // not an async function: what it would keep while it waits costs more than reading a frame
  #read (): Promise<boolean> {
    return this.#next().then(this.#onRead, this.#onError)
  }

  readonly #onRead = (result: IteratorResult<Uint8ArrayList>): boolean | Promise<boolean> => {
    try {
      return this.#received(result) && (this.#isWhole() || this.#readOn())
    } catch (err) {
      throw this.#failed(err)
    }
  }

  /** The rest of a frame that comes in pieces: in a loop, lest a promise wait for each of them. */
  async #readOn (): Promise<boolean> {
    try {
      do {
        if (!this.#received(await this.#next())) {
          return false
        }
      } while (!this.#isWhole())
      return true
    } catch (err) {
      throw this.#failed(err)
    }
  }

  readonly #onError = (err: unknown): never => {
    throw this.#failed(err)
  }

  #failed (err: unknown): unknown {
    this.#watchdog.stop()
    return err
  }

  #checkEnd (): void {
    this.#watchdog.stop()
    if (this.#unread > 0) {
      throw new ProtocolViolationError('the stream ended inside a frame')
    }
  }

  /** Is the first frame of what has been received there to its end? Then it is in one piece. */
  #isWhole (): boolean {
    if (this.#whole === 0 && this.#unread > 0) {
      this.#readSize()
    }
    if (this.#whole === 0 || this.#unread < this.#whole) {
      return false
    }
    if (this.#bytes.byteLength - this.#at < this.#whole) {
      this.#join(this.#whole)
    }
    return true
  }

  #readSize (): void {
    if (this.#bytes.byteLength - this.#at < MAX_PREFIX_BYTES && this.#more.length > 0) {
      this.#join(Math.min(MAX_PREFIX_BYTES, this.#unread))
    }
    try {
      const head = this.#bytes.subarray(this.#at, this.#at + MAX_PREFIX_BYTES)
      const length = this.#readLength(Uint8ArrayList.fromUint8Arrays([head], head.byteLength))
      this.#prefix = this.#readLength.bytes
      this.#whole = this.#prefix + length
    } catch (err) {
      if (!(err instanceof RangeError)) { // which says that the length is not complete yet
        throw err
      }
    }
  }

  /** Bring the first `length` bytes, which have come, into one piece of their own. */
  #join (length: number): void {
    const parts = [this.#bytes.subarray(this.#at)]
    let count = 0
    let left = length - parts[0].byteLength
    while (left > 0) {
      const part = this.#more[count++]
      parts.push(part)
      left -= part.byteLength
    }
    const last = parts[parts.length - 1]
    const end = last.byteLength + left
    parts[parts.length - 1] = last.subarray(0, end)
    this.#bytes = concat(parts, length)
    this.#at = 0
    this.#more.splice(0, count, ...end < last.byteLength ? [last.subarray(end)] : [])
  }

  /** What the peer sends next, for which we wait from now on. */
  #next (): Promise<IteratorResult<Uint8ArrayList>> {
    const { idleMs } = this.#limits
    this.#begun = this.#unread > 0 ? this.#clock.now() : 0
    if (this.#unread > 0) {
      this.#watchdog.set(this.#left)
    } else if (idleMs != null) {
      this.#watchdog.set(idleMs)
    }
    return this.#stream.source.next()
  }

  /** What came of waiting for the peer since `#begun`. False: it has ended the stream. */
  #received ({ done, value: chunk }: IteratorResult<Uint8ArrayList>): boolean {
    if (done === true) {
      this.#checkEnd()
      return false
    }
    this.#watchdog.clear()
    if (this.#unread > 0) {
      this.#left -= this.#clock.now() - this.#begun
    }
    for (const part of chunk) {
      if (this.#unread === 0) {
        this.#bytes = part
      } else {
        this.#more.push(part)
      }
      this.#unread += part.byteLength
    }
    this.#left += transferTime(chunk.byteLength)
    this.#limits.onBegun?.()
    return true
  }
}
