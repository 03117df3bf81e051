/** A frame on its way out. */
interface Outgoing {
  readonly frame: Uint8Array
  /** Called when the stream has taken the frame. */
  onTaken? (): void
}

/**
 * Frames waiting to be written to one stream. Its owner bounds it: a channel has
 * at most `MAX_PENDING` requests.
 */
export class Outbox {
  #frames: Outgoing[] = []
  #ended = false
  #wake: (() => void) | undefined

  /** Queue a frame. */
  push (frame: Uint8Array, onTaken?: () => void): void {
    this.#frames.push({ frame, onTaken })
    this.#wake?.()
  }

  /** No more frames will come: `frames()` ends after those queued. */
  end (): void {
    this.#ended = true
    this.#wake?.()
  }

  /** The frames, as they are pushed, until the outbox is ended. To be consumed once. */
  async * frames (): AsyncGenerator<Uint8Array> {
    while (true) {
      const batch = this.#frames
      this.#frames = []
      for (const { frame, onTaken } of batch) {
        yield frame
        onTaken?.()
      }
      if (this.#frames.length > 0) {
        continue
      }
      if (this.#ended) {
        return
      }
      await new Promise<void>(resolve => { this.#wake = resolve })
      this.#wake = undefined
    }
  }
}
