import { encode } from 'it-length-prefixed'
import type { Uint8ArrayList } from 'uint8arraylist'

type Result = IteratorResult<Uint8ArrayList, undefined>

/** A frame on its way out. */
interface Outgoing {
  readonly frame: Uint8Array
  /** Called when the stream has taken the frame. */
  onTaken? (): void
}

/** `frame` with its length in front, as it travels. */
export function prefixed (frame: Uint8Array): Uint8ArrayList {
  return encode.single(frame, { maxDataLength: Infinity })
}

/**
 * Frames waiting to be written to one stream, which iterates it, once: it yields them
 * as they are pushed, until it is ended and empty. Its owner bounds it: a channel has
 * at most `MAX_PENDING` requests.
 */
export class Outbox implements AsyncIterableIterator<Uint8ArrayList, undefined> {
  readonly #frames: Outgoing[] = []
  #ended = false
  /** The stream waits for a frame. */
  #give: ((result: Result) => void) | undefined
  #onTaken: (() => void) | undefined

  /** Queue a frame. */
  push (frame: Uint8Array, onTaken?: () => void): void {
    this.#frames.push({ frame, onTaken })
    this.#giveNext()
  }

  /** No more frames will come. */
  end (): void {
    this.#ended = true
    this.#giveNext()
  }

  next (): Promise<Result> {
    // who asks for the next has taken the one before
    this.#onTaken?.()
    this.#onTaken = undefined
    return new Promise(resolve => {
      this.#give = resolve
      this.#giveNext()
    })
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  #giveNext (): void {
    if (this.#give == null) {
      return
    }
    const next = this.#frames.shift()
    if (next != null) {
      this.#give({ done: false, value: prefixed(next.frame) })
    } else if (this.#ended) {
      this.#give({ done: true, value: undefined })
    } else {
      return
    }
    this.#onTaken = next?.onTaken
    this.#give = undefined
  }
}
