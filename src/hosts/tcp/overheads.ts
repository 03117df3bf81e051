import { MAX_OVERHEAD_BYTES, MAX_OVERHEAD_SHARE, OVERHEADS_CHECK_MS } from './limits.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'

/**
 * Finds connections on which much comes that is no data. TLS 1.3 lets its peers change keys, and offer sessions, as often as they
 * like: Node.js sees to that without a word to us, which takes long for what is 27 bytes on the wire, and keeps in memory what
 * it has to answer for as long as the other side does not read.
 */
export class Overheads {
  readonly #clock: Clock
  readonly #onExcess: (connection: TcpConnection) => void
  readonly #connections = new Set<TcpConnection>()
  #cancel: Cancel = () => {}

  constructor (clock: Clock, onExcess: (connection: TcpConnection) => void) {
    this.#clock = clock
    this.#onExcess = onExcess
  }

  /** Look at `connection` every {@link OVERHEADS_CHECK_MS} until it is closed. */
  watch (connection: TcpConnection): void {
    this.#connections.add(connection)
    if (this.#connections.size === 1) {
      this.#checkLater()
    }
    connection.onClose(() => {
      this.#connections.delete(connection)
      if (this.#connections.size === 0) {
        this.#cancel()
      }
    })
  }

  #checkLater (): void {
    this.#cancel = this.#clock.schedule(OVERHEADS_CHECK_MS, () => {
      this.#checkLater()
      for (const connection of this.#connections) {
        if (connection.overhead > MAX_OVERHEAD_BYTES + MAX_OVERHEAD_SHARE * connection.socket.bytesRead) {
          this.#onExcess(connection)
        }
      }
    })
  }
}
