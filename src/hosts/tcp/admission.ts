import ipaddr from 'ipaddr.js'
import { isLoopbackIp } from './address.ts'
import { FailedHandshakes } from './failed-handshakes.ts'
import { MAX_INBOUND_SOCKETS, MAX_INBOUND_SOCKETS_PER_REMOTE, MAX_UNFINISHED_HANDSHAKES } from './limits.ts'
import type { Clock } from '../../clock/clock.ts'

/** How many inbound sockets there may be. */
export interface InboundLimits {
  /** In all. Beyond that, whoever has the most gives way. Default 1,000 */
  maxSockets?: number | undefined
  /** From one IPv4 address or IPv6 /64, loopback excepted. Default 100 */
  maxSocketsPerRemote?: number | undefined
  /** That have not finished handshake and hello, loopback excepted. Beyond that, whoever has the most gives way. Default 100 */
  maxHandshakes?: number | undefined
}

/** How wide the networks are that are counted. */
const LEVELS = 3

/** The place of one inbound socket among the others. */
export interface Admitted {
  /** Its handshake is over, well or not. */
  handshakeDone (): void
  /** It is closed. */
  leave (): void
}

/** Addresses that begin alike, and have sockets here. */
interface Network {
  /** What displaces each of them, oldest first. */
  readonly sockets: Set<() => void>
  /** The same of those that have not said who they are. */
  readonly unfinished: Set<() => void>
}

/**
 * Decides which inbound sockets may stay, by how many there are. Floods displace
 * themselves: when there are too many, or too many that have not said who they are, the oldest
 * of the remote that has the most of them gives way to one that has fewer. If all have as many, it is the oldest of the
 * network that has the most: who has one address often has thousands beside it.
 *
 * Who sends much in handshakes that come to nothing is kept out for a while: {@link FailedHandshakes}.
 *
 * For sockets from loopback only the number in all counts, and none of them gives way: whoever can open them is on
 * this machine already, and demos and tests run hundreds of nodes on it, which all
 * dial the first one at once.
 */
export class Admission {
  readonly #limits: Required<InboundLimits>
  /** Without loopback. Remotes, networks of these, and networks of those, by the name of each: see {@link networksOf}. */
  readonly #levels = Array.from({ length: LEVELS }, () => new Map<string, Network>())
  readonly #failed: FailedHandshakes
  #sockets = 0
  #handshakes = 0

  constructor (clock: Clock, {
    maxSockets = MAX_INBOUND_SOCKETS,
    maxSocketsPerRemote = MAX_INBOUND_SOCKETS_PER_REMOTE,
    maxHandshakes = MAX_UNFINISHED_HANDSHAKES
  }: InboundLimits = {}) {
    this.#failed = new FailedHandshakes(clock)
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
   * Let a socket from `ip` in. Undefined: there are too many, or it is kept out.
   *
   * @param ip - the address at its other end
   * @param reset - called when it has to give way to another
   */
  admit (ip: string, reset: () => void): Admitted | undefined {
    const { maxSocketsPerRemote } = this.#limits
    if (isLoopbackIp(ip)) {
      return this.#hasSocketFor([]) ? this.#admitted([noSockets()], reset, () => {}) : undefined
    }
    const names = networksOf(ip)
    if (this.#failed.areTooMany(names[0]) || this.#count(0, names, 'sockets') >= maxSocketsPerRemote || !this.#hasHandshakeFor(names) || !this.#hasSocketFor(names)) {
      return undefined
    }
    const networks = this.#levels.map((level, i) => level.get(names[i]) ?? noSockets())
    this.#levels.forEach((level, i) => { level.set(names[i], networks[i]) })
    return this.#admitted(networks, reset, i => { this.#levels[i].delete(names[i]) })
  }

  /** A handshake with `ip`, or what TLS sends after it, came to nothing after so many bytes from there. If that was too much, all of its that are under way are reset. */
  handshakeFailed (ip: string, byteLength: number): void {
    if (isLoopbackIp(ip)) {
      return
    }
    const [remote] = networksOf(ip)
    this.#failed.add(remote, byteLength)
    if (this.#failed.areTooMany(remote)) {
      this.#levels[0].get(remote)?.unfinished.forEach(displace => { displace() })
    }
  }

  /** Is `ip` kept out, so that it is not dialled either? */
  isKeptOut (ip: string): boolean {
    return !isLoopbackIp(ip) && this.#failed.areTooMany(networksOf(ip)[0])
  }

  /** How many there are in the network of that name and level. */
  #count (level: number, names: readonly string[], which: keyof Network): number {
    return this.#levels[level].get(names[level])?.[which].size ?? 0
  }

  /** May there be another socket in these networks? */
  #hasSocketFor (names: readonly string[]): boolean {
    return this.#sockets < this.#limits.maxSockets || this.#makeRoom(names, 'sockets')
  }

  /** May another handshake begin in these networks? */
  #hasHandshakeFor (names: readonly string[]): boolean {
    return this.#handshakes < this.#limits.maxHandshakes || this.#makeRoom(names, 'unfinished')
  }

  /** Makes room where somebody has more of them than the newcomer would have. */
  #makeRoom (names: readonly string[], which: keyof Network): boolean {
    for (const [i, level] of this.#levels.entries()) {
      let most = noSockets()
      for (const other of level.values()) {
        most = other[which].size > most[which].size ? other : most
      }
      // among equals nobody gives way: in a rush all would displace each other, and none get through
      if (most[which].size > this.#count(i, names, which) + 1) {
        const [displaceOldest] = most[which]
        displaceOldest()
        return true
      }
    }
    return false
  }

  /** `onEmpty`: the network of that level has no sockets any more. */
  #admitted (networks: readonly Network[], reset: () => void, onEmpty: (level: number) => void): Admitted {
    const [remote] = networks
    const displace = (): void => {
      leave()
      reset()
    }
    const handshakeDone = (): void => {
      this.#handshakes -= remote.unfinished.has(displace) ? 1 : 0
      networks.forEach(({ unfinished }) => { unfinished.delete(displace) })
    }
    const leave = (): void => {
      handshakeDone()
      this.#sockets -= remote.sockets.has(displace) ? 1 : 0
      networks.forEach(({ sockets }, level) => {
        if (sockets.delete(displace) && sockets.size === 0) {
          onEmpty(level)
        }
      })
    }
    this.#sockets++
    this.#handshakes++
    networks.forEach(({ sockets, unfinished }) => {
      sockets.add(displace)
      unfinished.add(displace)
    })
    return { handshakeDone, leave }
  }
}

function noSockets (): Network {
  return { sockets: new Set(), unfinished: new Set() }
}

/**
 * The networks that an address lies in, one for each level: of IPv4 itself, its /24 and /16, of IPv6
 * its /64, /48 and /32. Who has one IPv6 address has 2^64 of them: they count as one.
 */
function networksOf (ip: string): string[] {
  const parsed = ipaddr.process(ip)
  const parts = parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4) : parsed.octets
  return Array.from({ length: LEVELS }, (_, i) => `${parsed.kind()} ${parts.slice(0, parts.length - i).join()}`)
}
