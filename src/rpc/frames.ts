import { concat } from 'uint8arrays/concat'
import { Watchdog } from '../clock/watchdog.ts'
import { freeBytes } from '../iteration/free-bytes.ts'
import { prefixLength, readPrefix } from '../wire/frame.ts'
import { MAX_PREFIX_BYTES } from '../wire/limits.ts'
import { ProtocolViolationError, TimeoutError } from './errors.ts'
import { FRAME_TIMEOUT_MS, maxTransferTime } from './limits.ts'
import type { Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

const NOTHING = new Uint8Array(0)

/** Bytes up to which parts of an unfinished frame are copied together: what holds a part takes hundreds of bytes itself, and a part may be one byte. */
const PILE_BYTES = 4096

/** Called when there are frames, all of which it is to {@link FrameReader.take}. What it returns is waited for before more is read. */
export type OnFrames = () => Promise<void> | undefined

/** Who reads. */
interface Reading {
  readonly onFrames: OnFrames
  resolve (): void
  reject (thrown: unknown): void
}

export interface FrameLimits {
  /** The longest frame body accepted, bytes. A longer one is refused as soon as its length is read. */
  readonly maxBytes: number
  /** Milliseconds a frame may take from its first byte to its last, beside what its bytes need. Default: {@link FRAME_TIMEOUT_MS}. */
  readonly frameMs?: number
  /** Milliseconds of silence between frames after which the stream is reset; undefined: whoever reads keeps watch. */
  readonly idleMs?: number
  /** Told how many bytes of an unfinished frame, whose own deadline runs, are held while more of it is waited for, and of 0 when it is none any more. */
  onHeld? (byteLength: number): void
}

/**
 * The frames that arrive on a stream, as fast as they are consumed.
 *
 * Time runs only while we wait for the peer: a frame begun must be whole within
 * `frameMs`, however slowly it drips, but for the time that the
 * bytes it has delivered need at the slowest transfer.
 *
 * Holds the bytes of at most one unfinished frame, beside what came with them, and knows
 * how long that has been arriving.
 *
 * It is made of callbacks rather than of generators, one in another: what these keep while they wait costs more than
 * reading a frame, and most streams wait nearly always.
 */
export class FrameReader {
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #limits: FrameLimits
  readonly #watchdog: Watchdog
  /** Bytes received, of which those from `#at` on are in no frame yet. */
  #bytes: Uint8Array = NOTHING
  #at = 0
  /** Those that came after them. They are joined when a frame is whole, so that each byte is moved once. */
  readonly #more: Uint8Array[] = []
  /** The last of those, if it is of our own making and may grow. */
  #pile: Uint8Array | undefined
  /** The last frame that was put together, with its prefix, until more is waited for: who waits need not keep it. */
  #joined: Uint8Array | undefined
  /** Bytes received that are in no frame yet, of both. */
  #unread = 0
  /** Of the first frame of those, once its length is there: bytes of the length prefix, and of all; of all 0 before. */
  #prefix = 0
  #whole = 0
  /** When we began to wait for more of an unfinished frame, milliseconds since the Unix epoch. */
  #begun = 0
  /** Milliseconds that the unfinished frame may still take. */
  #left: number
  /** What `onHeld` was told last. */
  #held = 0
  #reading: Reading | undefined

  constructor (stream: Stream, clock: Clock, limits: FrameLimits) {
    this.#stream = stream
    this.#clock = clock
    this.#limits = limits
    this.#left = limits.frameMs ?? FRAME_TIMEOUT_MS
    this.#watchdog = new Watchdog(clock, () => {
      stream.abort(this.#unread > 0
        ? new TimeoutError(`a frame was not whole in time: ${this.#unread} bytes came`)
        : new TimeoutError(`no request for ${limits.idleMs} ms`))
    })
  }

  /**
   * Read to the end of the stream. May be called once.
   *
   * @throws {InvalidMessageError} a length prefix that is too long, overlong or over the limit
   * @throws {ProtocolViolationError} the stream ended inside a frame
   * @throws {TimeoutError} the frame was not whole in time, or the stream idle for too long; the stream is reset
   * @throws what `onFrames` throws
   */
  readAll (onFrames: OnFrames): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reading = { onFrames, resolve, reject }
      this.#readOn()
    })
  }

  /** Has another frame come whole? */
  get hasFrame (): boolean {
    return this.#isWhole()
  }

  /** The next frame of those that have come whole; undefined: there is none left. */
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
      this.#pile = undefined
    }
    this.#whole = 0
    this.#left = this.#limits.frameMs ?? FRAME_TIMEOUT_MS
    return frame
  }

  /** `frame`, which {@link take} returned last, is read no more. */
  release (frame: Uint8Array): void {
    if (frame.buffer === this.#joined?.buffer) {
      freeBytes(this.#joined)
    }
  }

  readonly #onRead = (result: IteratorResult<Uint8ArrayList>): void => {
    try {
      if (!this.#received(result)) {
        this.#reading?.resolve()
        return
      }
      const later = this.#isWhole() ? this.#reading?.onFrames() : undefined
      if (later == null) {
        this.#readOn()
      } else {
        later.then(this.#readOn, this.#onThrown)
      }
    } catch (err) {
      this.#onThrown(err)
    }
  }

  readonly #onThrown = (thrown: unknown): void => {
    this.#watchdog.stop()
    this.#tellHeld(0)
    this.#reading?.reject(thrown)
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
      this.#joined = this.#bytes
    }
    return true
  }

  #readSize (): void {
    if (this.#bytes.byteLength - this.#at < MAX_PREFIX_BYTES && this.#more.length > 0) {
      this.#join(Math.min(MAX_PREFIX_BYTES, this.#unread))
    }
    const length = readPrefix(this.#bytes.subarray(this.#at, this.#at + MAX_PREFIX_BYTES), this.#limits.maxBytes)
    if (length != null) {
      this.#prefix = prefixLength(length)
      this.#whole = this.#prefix + length
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
    this.#pile = undefined
    parts.forEach(part => { this.#stream.release?.(part) })
  }

  /** No two neighbours of `#more` are shorter than a pile together. */
  #append (part: Uint8Array): void {
    const last = this.#more.at(-1)
    if (last == null || last.byteLength + part.byteLength > PILE_BYTES) {
      this.#more.push(part)
      return
    }
    if (last !== this.#pile) {
      this.#pile = new Uint8Array(PILE_BYTES)
      this.#pile.set(last)
    }
    this.#pile = new Uint8Array(this.#pile.buffer, 0, last.byteLength + part.byteLength)
    this.#pile.set(part, last.byteLength)
    this.#more[this.#more.length - 1] = this.#pile
  }

  #tellHeld (byteLength: number): void {
    if (byteLength !== this.#held) {
      this.#held = byteLength
      this.#limits.onHeld?.(byteLength)
    }
  }

  /** What the peer sends next is waited for from now on. */
  readonly #readOn = (): void => {
    const { idleMs } = this.#limits
    this.#joined = undefined
    this.#begun = this.#unread > 0 ? this.#clock.now() : 0
    if (this.#unread > 0) {
      this.#watchdog.set(this.#left)
    } else if (idleMs != null) {
      this.#watchdog.set(idleMs)
    }
    this.#tellHeld(this.#unread)
    this.#stream.source.next().then(this.#onRead, this.#onThrown)
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
        this.#append(part)
      }
      this.#unread += part.byteLength
    }
    this.#left += maxTransferTime(chunk.byteLength)
    return true
  }
}
