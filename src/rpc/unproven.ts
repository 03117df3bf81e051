import { MAX_UNPROVEN } from './limits.ts'
import type { Frame } from '../wire/frame.ts'

/**
 * Frames to which there is no answer, which a stream has taken, and of which nothing shows yet that the peer has read
 * them: the last {@link MAX_UNPROVEN}. It reads in order, so that it has read what was sent before what it answers.
 */
export class Unproven {
  /** How many frames without an answer there have been. */
  #sent = 0
  #kept: Array<{ readonly place: number, readonly frame: Frame }> = []

  /** How many there have been by now: what is answered that was sent now proves them. */
  get sent (): number {
    return this.#sent
  }

  /** Another is sent; returns its place among them. */
  place (): number {
    return this.#sent++
  }

  /** The stream has taken the one at this place. */
  keep (place: number, frame: Frame): void {
    this.#kept.push({ place, frame })
    if (this.#kept.length > MAX_UNPROVEN) {
      this.#kept.shift()
    }
  }

  /** The peer has read the first `count`. */
  prove (count: number): void {
    if (this.#kept.length > 0) {
      this.#kept = this.#kept.filter(({ place }) => place >= count)
    }
  }

  /** All that the peer may not have read, in order; they are kept no longer. */
  take (): Frame[] {
    return this.#kept.splice(0).map(({ frame }) => frame)
  }
}
