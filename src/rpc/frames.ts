import { decode } from 'it-length-prefixed'
import { Watchdog } from '../clock/watchdog.ts'
import { frameDecoder, prefixLength } from '../wire/frame.ts'
import { ProtocolViolationError, TimeoutError } from './errors.ts'
import { FRAME_TIMEOUT_MS } from './limits.ts'
import type { Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface FrameLimits {
  /** The longest frame body accepted, bytes. A longer one is refused as soon as its length is read. */
  readonly maxBytes: number
  /** Milliseconds of silence between frames after which the stream is reset; undefined: whoever reads keeps watch. */
  readonly idleMs?: number
}

/**
 * The frames that arrive on `stream`, one at a time, as fast as they are consumed.
 *
 * Time runs only while we wait for the peer: a frame begun must be whole within
 * {@link FRAME_TIMEOUT_MS}, however slowly it drips.
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
  readonly #idleMs: number | undefined
  readonly #watchdog: Watchdog
  /** Bytes received that belong to no whole frame yet. */
  #unfinished = 0
  /** Milliseconds that the unfinished frame may still take. */
  #left = FRAME_TIMEOUT_MS

  constructor (stream: Stream, clock: Clock, { idleMs }: FrameLimits) {
    this.#stream = stream
    this.#clock = clock
    this.#idleMs = idleMs
    this.#watchdog = new Watchdog(clock, () => {
      stream.abort(this.#unfinished > 0
        ? new TimeoutError(`a frame was not whole within ${FRAME_TIMEOUT_MS} ms`)
        : new TimeoutError(`no request for ${idleMs} ms`))
    })
  }

  frameRead (byteLength: number): void {
    this.#unfinished -= prefixLength(byteLength) + byteLength
    this.#left = FRAME_TIMEOUT_MS
  }

  async * chunks (): AsyncGenerator<Uint8ArrayList> {
    try {
      while (true) {
        const chunk = await this.#read()
        if (chunk == null) {
          break
        }
        this.#unfinished += chunk.byteLength
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
    const begun = this.#clock.now()
    if (this.#unfinished > 0) {
      this.#watchdog.set(this.#left)
    } else if (this.#idleMs != null) {
      this.#watchdog.set(this.#idleMs)
    }
    const { done, value } = await this.#stream.source.next()
    this.#watchdog.clear()
    if (this.#unfinished > 0) {
      this.#left -= this.#clock.now() - begun
    }
    return done === true ? undefined : value
  }
}
