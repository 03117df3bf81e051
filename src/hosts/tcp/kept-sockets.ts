import { bytesToMapKey } from '../../keyspace/key.ts'
import { KEPT_SOCKET_MS, MAX_KEPT_SOCKETS } from './limits.ts'
import type { SocketStream } from './socket-stream.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'

interface Kept {
  readonly stream: SocketStream
  readonly cancel: Cancel
}

/**
 * Sockets that `identify` has opened and nobody uses yet: the next `openStream` to
 * that peer takes one instead of dialling again.
 */
export class KeptSockets {
  readonly #clock: Clock
  readonly #close: (stream: SocketStream) => void
  /** By peer and protocol, oldest first. At most {@link MAX_KEPT_SOCKETS}. */
  readonly #kept = new Map<string, Kept>()

  /**
   * @param clock - ends the time they are kept
   * @param close - ends a stream that nobody took
   */
  constructor (clock: Clock, close: (stream: SocketStream) => void) {
    this.#clock = clock
    this.#close = close
  }

  keep (id: Uint8Array, protocol: string, stream: SocketStream): void {
    const key = keyFor(id, protocol)
    this.#drop(key)
    this.#kept.set(key, { stream, cancel: this.#clock.schedule(KEPT_SOCKET_MS, () => { this.#drop(key) }) })
    if (this.#kept.size > MAX_KEPT_SOCKETS) {
      const [oldest] = this.#kept.keys()
      this.#drop(oldest)
    }
  }

  /** The one kept for `id`, if it is still good. A listener never speaks first: one that did has ended or reset it. */
  take (id: Uint8Array, protocol: string): SocketStream | undefined {
    const key = keyFor(id, protocol)
    const kept = this.#kept.get(key)
    if (kept == null) {
      return undefined
    }
    if (kept.stream.isTouched) {
      this.#drop(key)
      return undefined
    }
    kept.cancel()
    this.#kept.delete(key)
    return kept.stream
  }

  clear (): void {
    for (const key of [...this.#kept.keys()]) {
      this.#drop(key)
    }
  }

  #drop (key: string): void {
    const kept = this.#kept.get(key)
    if (kept != null) {
      kept.cancel()
      this.#kept.delete(key)
      this.#close(kept.stream)
    }
  }
}

function keyFor (id: Uint8Array, protocol: string): string {
  return `${bytesToMapKey(id)} ${protocol}`
}
