import { Turns } from '../store/turns.ts'
import type { Host, StreamHandler } from '../rpc/connection.ts'

/** Has the host serve our protocol, or not. It may take its time over either: each change waits for the one before, so the last one holds. */
export class Serving {
  readonly #host: Host
  readonly #protocol: string
  readonly #handler: StreamHandler
  readonly #changes = new Turns()
  #isServed = false

  constructor (host: Host, protocol: string, handler: StreamHandler) {
    this.#host = host
    this.#protocol = protocol
    this.#handler = handler
  }

  /** Serve, anew if it is served already. */
  async begin (): Promise<void> {
    await this.#changes.take('', async () => {
      this.#isServed = true // before it is through: a host that fails may have begun
      await this.#host.handle(this.#protocol, this.#handler)
    })
  }

  /** Serve no more. Does nothing when it is not served. */
  async end (): Promise<void> {
    await this.#changes.take('', async () => {
      if (this.#isServed) {
        await this.#host.unhandle(this.#protocol)
        this.#isServed = false
      }
    })
  }
}
