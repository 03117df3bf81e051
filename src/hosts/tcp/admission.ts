import ipaddr from 'ipaddr.js'
import { isLoopbackIp } from './address.ts'
import { MAX_INBOUND_SOCKETS, MAX_INBOUND_SOCKETS_PER_REMOTE, MAX_UNFINISHED_HANDSHAKES } from './limits.ts'

/** How many inbound sockets there may be. */
export interface InboundLimits {
  /** In all. Default 1,000 */
  maxSockets?: number
  /** From one IPv4 address or IPv6 /64, loopback excepted. Default 100 */
  maxSocketsPerRemote?: number
  /** That have not finished handshake and hello, loopback excepted. Default 100 */
  maxHandshakes?: number
}

/** The place of one inbound socket among the others. */
export interface Admitted {
  /** Its handshake is over, well or not. */
  handshakeDone (): void
  /** It is closed. */
  leave (): void
}

/**
 * Decides which inbound sockets may stay, by how many there are.
 *
 * For sockets from loopback only the number in all counts: whoever can open them is on
 * this machine already, and demos and tests run hundreds of nodes on it, which all
 * dial the first one at once.
 */
export class Admission {
  readonly #limits: Required<InboundLimits>
  readonly #byRemote = new Map<string, number>()
  #sockets = 0
  #handshakes = 0

  constructor ({
    maxSockets = MAX_INBOUND_SOCKETS,
    maxSocketsPerRemote = MAX_INBOUND_SOCKETS_PER_REMOTE,
    maxHandshakes = MAX_UNFINISHED_HANDSHAKES
  }: InboundLimits = {}) {
    this.#limits = { maxSockets, maxSocketsPerRemote, maxHandshakes }
  }

  /** Sockets that have been let in and not left. */
  get sockets (): number {
    return this.#sockets
  }

  /** Those of them whose handshake is not over. */
  get handshakes (): number {
    return this.#handshakes
  }

  /** Let a socket from `ip` in. Undefined: there are too many. */
  admit (ip: string): Admitted | undefined {
    const remote = isLoopbackIp(ip) ? undefined : networkOf(ip)
    const siblings = remote == null ? 0 : this.#byRemote.get(remote) ?? 0
    const { maxSockets, maxSocketsPerRemote, maxHandshakes } = this.#limits
    const isCrowd = remote != null && (siblings >= maxSocketsPerRemote || this.#handshakes >= maxHandshakes)
    if (isCrowd || this.#sockets >= maxSockets) {
      return undefined
    }
    this.#sockets++
    this.#handshakes++
    this.#count(remote, 1)
    return this.#admitted(remote)
  }

  #admitted (remote: string | undefined): Admitted {
    let unfinished = true
    const handshakeDone = (): void => {
      this.#handshakes -= unfinished ? 1 : 0
      unfinished = false
    }
    let inside = true
    return {
      handshakeDone,
      leave: () => {
        handshakeDone()
        if (inside) {
          inside = false
          this.#sockets--
          this.#count(remote, -1)
        }
      }
    }
  }

  #count (remote: string | undefined, change: number): void {
    if (remote == null) {
      return
    }
    const count = (this.#byRemote.get(remote) ?? 0) + change
    if (count > 0) {
      this.#byRemote.set(remote, count)
    } else {
      this.#byRemote.delete(remote)
    }
  }
}

/** Who has one IPv6 address has 2^64 of them: they count as one. */
function networkOf (ip: string): string {
  const parsed = ipaddr.process(ip)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).map(part => part.toString(16)).join(':') : parsed.toString()
}
