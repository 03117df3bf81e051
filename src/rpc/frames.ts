import { decode } from 'it-length-prefixed'
import { Watchdog } from '../clock/watchdog.ts'
import { frameDecoder, prefixLength } from '../wire/frame.ts'
import { ProtocolViolationError, TimeoutError } from './errors.ts'
import { FRAME_TIMEOUT_MS, transferTime } from './limits.ts'
import type { Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

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
export async function * readFrames (stream: Stream, clock: Clock, limits: FrameLimits): AsyncGenerator<Uint8ArrayList> {
  const meter = new FrameMeter(stream, clock, limits)
  for await (const frame of decode(meter.chunks(), frameDecoder(limits.maxBytes))) {
    meter.frameRead(frame.byteLength)
    yield frame
  }
}

/** Knows how much of an unfinished frame lies in the decoder, and how long that has been arriving. */
class FrameMeter {
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #limits: FrameLimits
  readonly #watchdog: Watchdog
  /** Bytes received that belong to no whole frame yet. */
  #unfinished = 0
  /** Milliseconds that the unfinished frame may still take. */
  #left: number

  constructor (stream: Stream, clock: Clock, limits: FrameLimits) {
    this.#stream = stream
    this.#clock = clock
    this.#limits = limits
    this.#left = limits.frameMs ?? FRAME_TIMEOUT_MS
    this.#watchdog = new Watchdog(clock, () => {
      stream.abort(this.#unfinished > 0
        ? new TimeoutError(`a frame was not whole in time: ${this.#unfinished} bytes came`)
        : new TimeoutError(`no request for ${limits.idleMs} ms`))
    })
  }

  frameRead (byteLength: number): void {
    this.#unfinished -= prefixLength(byteLength) + byteLength
    this.#left = this.#limits.frameMs ?? FRAME_TIMEOUT_MS
  }

  async * chunks (): AsyncGenerator<Uint8ArrayList> {
    try {
      while (true) {
        const chunk = await this.#read()
        if (chunk == null) {
          break
        }
        this.#unfinished += chunk.byteLength
        this.#left += transferTime(chunk.byteLength)
        this.#limits.onBegun?.()
        yield chunk
      }
    } finally {
      this.#watchdog.stop()
    }
    if (this.#unfinished > 0) {
      throw new ProtocolViolationError('the stream ended inside a frame')
    }
  }

  async #read (): Promise<Uint8ArrayList | undefined> {
    const { idleMs } = this.#limits
    const begun = this.#clock.now()
    if (this.#unfinished > 0) {
      this.#watchdog.set(this.#left)
    } else if (idleMs != null) {
      this.#watchdog.set(idleMs)
    }
    const { done, value } = await this.#stream.source.next()
    this.#watchdog.clear()
    if (this.#unfinished > 0) {
      this.#left -= this.#clock.now() - begun
    }
    return done === true ? undefined : value
  }
}
