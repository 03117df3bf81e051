import { encode } from 'it-length-prefixed'
import { encodeUint8Array, encodingLength } from 'uint8-varint'
import { allocUnsafe } from 'uint8arrays/alloc'
import { MAX_BATCH_BYTES } from './limits.ts'
import type { Frame } from '../wire/frame.ts'

type Result = IteratorResult<Frame, undefined>

/** The stream waits for a batch. */
interface Taker {
  resolve (result: Result): void
  reject (err: unknown): void
}

/**
 * Steps of the microtask queue without a new frame after which those that are there
 * leave: as many as lie between two callers that go on in the same turn, and between
 * two answers that need no waiting.
 */
const QUIET_STEPS = 8

const NOW = Promise.resolve()

/** Outboxes with frames that may not be the last of the turn. One chain of steps is for all: a lookup writes to twenty at once. */
const unsettled: Outbox[] = []

function step (): void {
  let left = 0
  for (const outbox of unsettled) {
    if (!outbox.settle()) {
      unsettled[left++] = outbox
    }
  }
  unsettled.length = left
  if (left > 0) {
    NOW.then(step, undefined)
  }
}

function settleLater (outbox: Outbox): void {
  if (unsettled.push(outbox) === 1) {
    NOW.then(step, undefined)
  }
}

/**
 * Frames waiting to be written to one stream, which iterates it, once, until it is ended
 * and empty.
 *
 * Frames that are pushed in the same turn of the event loop leave in one piece, of
 * {@link MAX_BATCH_BYTES} at the most, since what carries them takes its toll by the
 * piece: a system call, a record of TLS, a message of noise and a frame of yamux each.
 * Nothing waits for longer than that turn. Its owner bounds it: a channel has at most
 * `MAX_UNDER_WAY` requests, a server waits for {@link Outbox.taken}.
 */
export class Outbox implements AsyncIterableIterator<Frame, undefined> {
  readonly #onGiven: (byteLength: number) => void
  readonly #frames: Frame[] = []
  /** Bytes of those that wait. */
  #bytes = 0
  /** Bytes of those that the stream has been given, until it asks for more. */
  #given = 0
  /** How many there have been in all. */
  #pushed = 0
  /** By how many frames there have been in all when theirs is taken. */
  readonly #onTaken: Array<{ readonly count: number, task (): void }> = []
  #state: 'open' | 'ended' | 'failed' = 'open'
  #failure: unknown
  #taker: Taker | undefined
  #quietSteps = 0
  #pushedBefore = 0
  #isSettling = false
  /** Somebody waits until all is taken. */
  #wake: (() => void) | undefined

  /** @param onGiven - told of each batch that the stream is given, and its bytes */
  constructor (onGiven: (byteLength: number) => void = () => {}) {
    this.#onGiven = onGiven
  }

  /** Queue a frame. `onTaken` is called when the stream has taken it. */
  push (frame: Frame, onTaken?: () => void): void {
    if (this.#state !== 'open') {
      return
    }
    this.#frames.push(frame)
    this.#bytes += frame.byteLength
    this.#pushed++
    if (onTaken != null) {
      this.#onTaken.push({ count: this.#pushed, task: onTaken })
    }
    if (this.#taker != null) {
      this.#giveSoon()
    }
  }

  /**
   * A batch of what there is, for a stream that is not open yet: it counts as taken when that asks for more.
   * Undefined: there is nothing, or it is long, and may be in vain.
   */
  takeEarly (): Uint8Array | undefined {
    return this.#frames.length === 0 || this.#frames[0].byteLength > MAX_BATCH_BYTES ? undefined : joined(this.#takeFrames())
  }

  /** No frame will follow soon: those that are there need not wait for the end of the turn. */
  flush (): void {
    if (this.#frames.length > 0) {
      this.#give()
    }
  }

  /** No more frames will come. */
  end (): void {
    if (this.#state === 'open') {
      this.#state = 'ended'
      this.#give()
    }
    this.#wakeIfTaken()
  }

  /** The stream is to fail of `err` when it has taken what there is. */
  fail (err: unknown): void {
    if (this.#state === 'open') {
      this.#failure = err
      this.#state = 'failed'
      this.#give()
    }
  }

  /** Does the stream take more, as far as is known? */
  get isOpen (): boolean {
    return this.#state === 'open'
  }

  /** Bytes of frames that the stream has not taken yet. */
  get untaken (): number {
    return this.#bytes + this.#given
  }

  /** Resolves when the stream has taken all there is, or takes nothing any more. */
  taken (): Promise<void> {
    this.flush()
    return this.#isTaken ? NOW : new Promise(resolve => { this.#wake = resolve })
  }

  // not an async function: it would wait for its promise once more
  next (): Promise<Result> {
    this.#onNext()
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject }
      if (this.#frames.length > 0) {
        this.#giveSoon()
      } else if (this.#state !== 'open') {
        this.#give()
      }
    })
  }

  /** The stream takes no more. */
  async return (): Promise<Result> {
    this.end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  get #isTaken (): boolean {
    return this.untaken === 0 || this.#state !== 'open'
  }

  /** Who asks for the next has taken the ones before. */
  #onNext (): void {
    this.#given = 0
    this.#wakeIfTaken()
    const taken = this.#pushed - this.#frames.length
    while (this.#onTaken.length > 0 && this.#onTaken[0].count <= taken) {
      this.#onTaken.shift()?.task()
    }
  }

  #wakeIfTaken (): void {
    if (this.#isTaken) {
      this.#wake?.()
      this.#wake = undefined
    }
  }

  /** Another step has passed: has what there was been given, or taken? */
  settle (): boolean {
    if (this.#taker != null) {
      this.#quietSteps = this.#pushed === this.#pushedBefore ? this.#quietSteps + 1 : 0
      this.#pushedBefore = this.#pushed
      if (this.#quietSteps < QUIET_STEPS) {
        return false
      }
      this.#give()
    }
    this.#isSettling = false
    return true
  }

  /** Give what there is when no more comes, or a batch is full. */
  #giveSoon (): void {
    if (this.#bytes >= MAX_BATCH_BYTES) {
      this.#give()
    } else if (!this.#isSettling) {
      this.#isSettling = true
      this.#quietSteps = 0
      this.#pushedBefore = this.#pushed
      settleLater(this)
    }
  }

  #give (): void {
    const taker = this.#taker
    if (taker == null) {
      return
    }
    this.#taker = undefined
    if (this.#frames.length > 0) {
      this.#giveBatch(taker)
    } else if (this.#state === 'failed') {
      taker.reject(this.#failure)
    } else {
      taker.resolve({ done: true, value: undefined })
    }
  }

  /** Whatever goes wrong is the taker's to hear: others wait in the same chain of steps. */
  #giveBatch (taker: Taker): void {
    try {
      const value = this.#takeBatch()
      this.#onGiven(value.byteLength)
      taker.resolve({ done: false, value })
    } catch (err) {
      taker.reject(err)
    }
  }

  #takeBatch (): Frame {
    const frames = this.#takeFrames()
    return frames[0].byteLength > MAX_BATCH_BYTES ? prefixed(frames[0]) : joined(frames)
  }

  #takeFrames (): Frame[] {
    let count = 0
    let bytes = 0
    do {
      bytes += this.#frames[count++].byteLength
    } while (count < this.#frames.length && bytes + this.#frames[count].byteLength <= MAX_BATCH_BYTES)
    this.#bytes -= bytes
    this.#given = bytes
    return this.#frames.splice(0, count)
  }
}

/** A frame with its length in front, as it travels: not copied. */
function prefixed (frame: Frame): Frame {
  return encode.single(frame, { maxDataLength: Infinity })
}

/** The same of several, in one piece. */
function joined (frames: readonly Frame[]): Uint8Array {
  let length = 0
  for (const { byteLength } of frames) {
    length += encodingLength(byteLength) + byteLength
  }
  const out = allocUnsafe(length) // every byte is written below
  let at = 0
  for (const frame of frames) {
    encodeUint8Array(frame.byteLength, out, at)
    at += encodingLength(frame.byteLength)
    for (const part of frame instanceof Uint8Array ? [frame] : frame) {
      out.set(part, at)
      at += part.byteLength
    }
  }
  return out
}
