import { StreamResetError } from './errors.ts'
import type { Channel } from './channel.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'

/**
 * Sends frames without an answer again that were lost with their stream: each on a stream of its own, lest what the
 * peer refuses take others with it once more. Those of one peer go one after another, until it cannot be reached.
 */
export class Resending {
  readonly #open: (peer: PeerInfo) => Channel
  /** Those of one frame each. */
  readonly #channels = new Set<Channel>()
  readonly #work = new Set<Promise<void>>()
  #isClosed = false

  /** @param open - opens a channel that is used for nothing else */
  constructor (open: (peer: PeerInfo) => Channel) {
    this.#open = open
  }

  /** `frames` were lost with the stream of `channel`. What is lost with one of ours was refused. */
  onLost (channel: Channel, frames: readonly Frame[]): void {
    if (!this.#isClosed && !this.#channels.has(channel)) {
      const sent = this.#sendSingly(channel.peer, frames)
      this.#work.add(sent)
      void sent.finally(() => { this.#work.delete(sent) })
    }
  }

  /** Send no more. Resolves when all streams are over. */
  async close (): Promise<void> {
    this.#isClosed = true
    this.#channels.forEach(channel => { channel.close() })
    await Promise.all(this.#work)
  }

  async #sendSingly (peer: PeerInfo, frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) {
      if (this.#isClosed || !await this.#sendOne(peer, frame)) {
        return
      }
    }
  }

  /** Resolves when its stream is over, with whether there was one. */
  async #sendOne (peer: PeerInfo, frame: Frame): Promise<boolean> {
    const channel = this.#open(peer)
    this.#channels.add(channel)
    try {
      await channel.send(frame, {})
      return true
    } catch (err) {
      return err instanceof StreamResetError
    } finally {
      channel.close()
      await channel.done
      this.#channels.delete(channel)
    }
  }
}
