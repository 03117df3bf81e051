import { Uint8ArrayList } from 'uint8arraylist'
import { Watchdog } from '../clock/watchdog.ts'
import { frameDecoder } from '../wire/frame.ts'
import { ProtocolViolationError, TimeoutError } from './errors.ts'
import { FRAME_TIMEOUT_MS, transferTime } from './limits.ts'
import type { Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { LengthDecoderFunction } from 'it-length-prefixed'

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
 * The frames that arrive on `stream`, one at a time, as fast as they are consumed.
 *
 * Time runs only while we wait for the peer: a frame begun must be whole within
 * `frameMs`, however slowly it drips, but for the time that the
 * bytes it has delivered need at the slowest transfer.
 *
 * @throws {InvalidMessageError} a length prefix that is too long, overlong or over the limit
 * @throws {ProtocolViolationError} the stream ended inside a frame
 * @throws {TimeoutError} the frame was not whole in time, or the stream idle for too long; the stream is reset
 */
export function readFrames (stream: Stream, clock: Clock, limits: FrameLimits): AsyncIterableIterator<Uint8ArrayList, undefined> {
  return new FrameReader(stream, clock, limits)
}

/**
 * Holds the bytes of at most one unfinished frame, beside what came with them, and knows
 * how long that has been arriving.
 *
 * An iterator of its own rather than the generators of it-length-prefixed one in another:
 * what waits between two of these costs more than reading a frame.
 */
class FrameReader implements AsyncIterableIterator<Uint8ArrayList, undefined> {
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #limits: FrameLimits
  readonly #watchdog: Watchdog
  readonly #readLength: LengthDecoderFunction
  /** Bytes received that are in no frame yet. */
  readonly #unread = new Uint8ArrayList()
  /** Of the frame that `#unread` begins with, once its length is there: bytes of the length prefix, and of all. */
  #size: { readonly prefix: number, readonly whole: number } | undefined
  /** Milliseconds that the unfinished frame may still take. */
  #left: number

  constructor (stream: Stream, clock: Clock, limits: FrameLimits) {
    this.#stream = stream
    this.#clock = clock
    this.#limits = limits
    this.#left = limits.frameMs ?? FRAME_TIMEOUT_MS
    this.#readLength = frameDecoder(limits.maxBytes).lengthDecoder
    this.#watchdog = new Watchdog(clock, () => {
      stream.abort(this.#unread.byteLength > 0
        ? new TimeoutError(`a frame was not whole in time: ${this.#unread.byteLength} bytes came`)
        : new TimeoutError(`no request for ${limits.idleMs} ms`))
    })
  }

  async next (): Promise<IteratorResult<Uint8ArrayList, undefined>> {
    try {
      for (;;) {
        const frame = this.#take()
        if (frame != null) {
          return { done: false, value: frame }
        }
        const begun = this.#clock.now()
        this.#watch()
        const { done, value } = await this.#stream.source.next()
        if (done === true) {
          break
        }
        this.#received(value, begun)
      }
    } catch (err) {
      this.#watchdog.stop()
      throw err
    }
    return this.#end()
  }

  /** Nobody reads on. */
  async return (): Promise<IteratorResult<Uint8ArrayList, undefined>> {
    this.#watchdog.stop()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  #end (): IteratorResult<Uint8ArrayList, undefined> {
    this.#watchdog.stop()
    if (this.#unread.byteLength > 0) {
      throw new ProtocolViolationError('the stream ended inside a frame')
    }
    return { done: true, value: undefined }
  }

  /** The first frame of what has been received, if it is whole. */
  #take (): Uint8ArrayList | undefined {
    this.#size ??= this.#sizeOfFirst()
    const size = this.#size
    if (size == null || this.#unread.byteLength < size.whole) {
      return undefined
    }
    const frame = this.#unread.sublist(size.prefix, size.whole)
    this.#unread.consume(size.whole)
    this.#size = undefined
    this.#left = this.#limits.frameMs ?? FRAME_TIMEOUT_MS
    return frame
  }

  #sizeOfFirst (): { prefix: number, whole: number } | undefined {
    if (this.#unread.byteLength === 0) {
      return undefined
    }
    try {
      const length = this.#readLength(this.#unread)
      return { prefix: this.#readLength.bytes, whole: this.#readLength.bytes + length }
    } catch (err) {
      if (err instanceof RangeError) {
        return undefined // the length is not complete yet
      }
      throw err
    }
  }

  /** We wait for the peer from now on. */
  #watch (): void {
    const { idleMs } = this.#limits
    if (this.#unread.byteLength > 0) {
      this.#watchdog.set(this.#left)
    } else if (idleMs != null) {
      this.#watchdog.set(idleMs)
    }
  }

  /** The peer, for which we have waited since `begun`, sent `chunk`. */
  #received (chunk: Uint8ArrayList, begun: number): void {
    this.#watchdog.clear()
    if (this.#unread.byteLength > 0) {
      this.#left -= this.#clock.now() - begun
    }
    this.#unread.append(chunk)
    this.#left += transferTime(chunk.byteLength)
    this.#limits.onBegun?.()
  }
}
