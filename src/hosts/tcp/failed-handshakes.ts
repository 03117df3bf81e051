import { LruCache } from '../../cache/lru-cache.ts'
import { FAILED_BYTES_PER_MS, MAX_FAILED_BYTES, MAX_FAILED_REMOTES, USUAL_HANDSHAKE_BYTES } from './limits.ts'
import type { Clock } from '../../clock/clock.ts'

/**
 * Who sends much in handshakes that come to nothing. OpenSSL verifies a chain of certificates, of up to
 * 100 KB, before anybody can refuse it; made for that, one takes the better part of a second. And after a handshake it takes
 * new keys without end. So each remote has a bound.
 */
export class FailedHandshakes {
  readonly #clock: Clock
  /** By remote: how many bytes there were beyond what is usual, and when, in milliseconds since the Unix epoch. */
  readonly #failed = new LruCache<{ readonly bytes: number, readonly at: number }>(MAX_FAILED_REMOTES)

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** A handshake with `remote` came to nothing after so many bytes from there. */
  add (remote: string, byteLength: number): void {
    const bytes = byteLength - USUAL_HANDSHAKE_BYTES
    if (bytes > 0) {
      this.#failed.set(remote, { bytes: this.#bytes(remote) + bytes, at: this.#clock.now() })
    }
  }

  areTooMany (remote: string): boolean {
    return this.#bytes(remote) > MAX_FAILED_BYTES
  }

  /** They are forgiven with time. */
  #bytes (remote: string): number {
    const { bytes, at } = this.#failed.get(remote) ?? { bytes: 0, at: 0 }
    return Math.max(0, bytes - Math.abs(this.#clock.now() - at) * FAILED_BYTES_PER_MS)
  }
}
