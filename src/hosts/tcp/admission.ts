import ipaddr from 'ipaddr.js'
import { isLoopbackIp } from './address.ts'
import { MAX_INBOUND_SOCKETS, MAX_INBOUND_SOCKETS_PER_REMOTE, MAX_UNFINISHED_HANDSHAKES } from './limits.ts'

/** How many inbound sockets there may be. */
export interface InboundLimits {
  /** In all. Beyond that, whoever has the most gives way. Default 1,000 */
  maxSockets?: number | undefined
  /** From one IPv4 address or IPv6 /64, loopback excepted. Default 100 */
  maxSocketsPerRemote?: number | undefined
  /** That have not finished handshake and hello, loopback excepted. Beyond that, whoever has the most gives way. Default 100 */
  maxHandshakes?: number | undefined
}

/** The place of one inbound socket among the others. */
export interface Admitted {
  /** Its handshake is over, well or not. */
  handshakeDone (): void
  /** It is closed. */
  leave (): void
}

/** A remote network that has sockets here. */
interface Remote {
  /** What displaces each of them, oldest first. */
  readonly sockets: Set<() => void>
  /** The same of those that have not said who they are. */
  readonly unfinished: Set<() => void>
}

/**
 * Decides which inbound sockets may stay, by how many there are. Floods displace
 * themselves: when there are too many, or too many that have not said who they are, the oldest
 * of the remote that has the most of them gives way to one that has fewer.
 *
 * For sockets from loopback only the number in all counts, and none of them gives way: whoever can open them is on
 * this machine already, and demos and tests run hundreds of nodes on it, which all
 * dial the first one at once.
 */
export class Admission {
  readonly #limits: Required<InboundLimits>
  /** Without loopback. */
  readonly #remotes = new Map<string, Remote>()
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

  /**
   * Let a socket from `ip` in. Undefined: there are too many.
   *
   * @param ip - the address at its other end
   * @param reset - called when it has to give way to another
   */
  admit (ip: string, reset: () => void): Admitted | undefined {
    const { maxSocketsPerRemote } = this.#limits
    if (isLoopbackIp(ip)) {
      const alone = noSockets()
      return this.#hasSocketFor(alone) ? this.#admitted(alone, reset, () => {}) : undefined
    }
    const network = networkOf(ip)
    const remote = this.#remotes.get(network) ?? noSockets()
    if (remote.sockets.size >= maxSocketsPerRemote || !this.#hasHandshakeFor(remote) || !this.#hasSocketFor(remote)) {
      return undefined
    }
    this.#remotes.set(network, remote)
    return this.#admitted(remote, reset, () => { this.#remotes.delete(network) })
  }

  /** May there be another socket of `remote`? */
  #hasSocketFor (remote: Remote): boolean {
    return this.#sockets < this.#limits.maxSockets || this.#makeRoom(remote, 'sockets')
  }

  /** May another handshake of `remote` begin? */
  #hasHandshakeFor (remote: Remote): boolean {
    return this.#handshakes < this.#limits.maxHandshakes || this.#makeRoom(remote, 'unfinished')
  }

  /** Makes room where somebody has more of them than `remote` would have. */
  #makeRoom (remote: Remote, which: keyof Remote): boolean {
    let most = remote
    for (const other of this.#remotes.values()) {
      most = other[which].size > most[which].size ? other : most
    }
    // among equals nobody gives way: in a rush all would displace each other, and none get through
    if (most[which].size <= remote[which].size + 1) {
      return false
    }
    const [displaceOldest] = most[which]
    displaceOldest()
    return true
  }

  #admitted (remote: Remote, reset: () => void, onEmpty: () => void): Admitted {
    const displace = (): void => {
      leave()
      reset()
    }
    const handshakeDone = (): void => {
      this.#handshakes -= remote.unfinished.delete(displace) ? 1 : 0
    }
    const leave = (): void => {
      handshakeDone()
      if (!remote.sockets.delete(displace)) {
        return
      }
      this.#sockets--
      if (remote.sockets.size === 0) {
        onEmpty()
      }
    }
    this.#sockets++
    this.#handshakes++
    remote.sockets.add(displace)
    remote.unfinished.add(displace)
    return { handshakeDone, leave }
  }
}

function noSockets (): Remote {
  return { sockets: new Set(), unfinished: new Set() }
}

/** Who has one IPv6 address has 2^64 of them: they count as one. */
function networkOf (ip: string): string {
  const parsed = ipaddr.process(ip)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).map(part => part.toString(16)).join(':') : parsed.toString()
}
