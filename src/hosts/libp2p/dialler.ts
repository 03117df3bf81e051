import { abortable } from '../../clock/wait.ts'
import { DialError, StreamResetError } from '../../rpc/errors.ts'
import { dialTargets, parseAddr, peerOf, toBinary, withoutPeer } from './address.ts'
import { MAX_REMOTE_ADDRS } from './limits.ts'
import { asDialError, asStreamError, isLost, isQueueFull } from './open-error.ts'
import { PeerIds } from './peer-ids.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { OpenStreamOptions } from '../../rpc/connection.ts'
import type { Connection, PeerId, PeerStore, Stream } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The code of `/dnsaddr` in the multiaddr protocol table: a name for other addresses, perhaps of several peers. */
const CODE_DNSADDR = 56

export interface DiallerInit {
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  readonly peerStore: Pick<PeerStore, 'get'>
  readonly maxOutboundStreams: number
  readonly runOnLimitedConnection: boolean
}

/** How to dial. */
type DialOptions = Pick<OpenStreamOptions, 'signal' | 'onQueued'>

/** Opens streams over the connections that libp2p has, or makes. */
export class Dialler {
  readonly #init: DiallerInit
  readonly #peerIds = new PeerIds()
  /** Dials of ours that libp2p has taken, or is asked to take. */
  #dials = 0
  /** Those that it would not take. */
  readonly #untaken = new Set<() => void>()

  constructor (init: DiallerInit) {
    this.#init = init
  }

  /**
   * A new stream to `peer`, over an open connection if there is one. It throws what
   * `Host.openStream` may throw, and a `LimitError`.
   */
  async openStream ({ id, addrs }: PeerInfo, protocol: string, options: DialOptions): Promise<Stream> {
    const { signal } = options
    signal?.throwIfAborted()
    const peerId = this.#peerIds.of(id)
    const open = this.#connectionTo(peerId)
    const stream = open == null ? undefined : await this.#tryStream(open, protocol, signal)
    return stream ?? this.#newStream(await this.#dial(peerId, addrs, options), protocol, signal)
  }

  /** Is there a connection over which a stream can be opened? */
  isConnected ({ id }: PeerInfo): boolean {
    try {
      return this.#connectionTo(this.#peerIds.of(id)) != null
    } catch {
      return false // its id is that of no key
    }
  }

  /**
   * Who serves `protocol` at `addr`. It throws what `Host.identify` may throw, and a
   * `LimitError`.
   */
  async identify (addr: Uint8Array, protocol: string, signal: AbortSignal | undefined): Promise<PeerInfo> {
    signal?.throwIfAborted()
    const target = parseAddr(addr)
    if (target == null) {
      throw new DialError('this is no multiaddr: check the address')
    }
    const connection = await this.#meet(target, signal)
    const stream = await this.#newStream(connection, protocol, signal)
    await endStream(stream)
    const stored = await this.#stored(connection.remotePeer, signal)
    const dialled = connection.direction === 'outbound' ? [connection.remoteAddr] : []
    const given = isAlias(target) ? [] : [target]
    return {
      id: connection.remotePeer.toMultihash().bytes,
      addrs: toBinary([...dialled, ...given, ...stored], MAX_REMOTE_ADDRS)
    }
  }

  /** Whoever is at `target`; if it names a peer, that one. */
  async #meet (target: Multiaddr, signal: AbortSignal | undefined): Promise<Connection> {
    const named = peerOf(target)
    const connection = await this.#connect([target], target.toString(), { signal })
    if (named != null && named !== connection.remotePeer.toString()) {
      throw new DialError(`someone else lives at ${withoutPeer(target)}: ${connection.remotePeer}`)
    }
    return connection
  }

  /** The best open connection: direct rather than relayed, without limits rather than with; of several the latest, since a peer that has moved leaves one that is dead, as nobody knows yet. */
  #connectionTo (peerId: PeerId): Connection | undefined {
    let best: Connection | undefined
    for (const connection of this.#init.connectionManager.getConnections(peerId)) {
      if (connection.status === 'open' && (connection.limits == null || this.#init.runOnLimitedConnection)) {
        best = best == null || rank(connection) >= rank(best) ? connection : best
      }
    }
    return best
  }

  /** Nothing, if `connection` turns out to be dead. */
  async #tryStream (connection: Connection, protocol: string, signal: AbortSignal | undefined): Promise<Stream | undefined> {
    try {
      return await this.#newStream(connection, protocol, signal)
    } catch (err) {
      const { cause } = err instanceof DialError ? err : { cause: undefined }
      if (cause == null || !isLost(connection, cause)) {
        throw err
      }
      if (connection.status === 'open') {
        // its muxer is closed, so it is of no use to anybody, but libp2p would offer it again
        connection.abort(new StreamResetError('the peer takes no more streams on this connection', { cause }))
      }
      return undefined
    }
  }

  async #newStream (connection: Connection, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    const { maxOutboundStreams, runOnLimitedConnection } = this.#init
    try {
      return await connection.newStream(protocol, { signal, maxOutboundStreams, runOnLimitedConnection })
    } catch (err) {
      signal?.throwIfAborted()
      throw asStreamError(err, connection.remotePeer.toString(), protocol)
    }
  }

  /** At the addresses with which it was named, or else at those that libp2p knows: where others reach it, we may not, behind the same NAT for one. */
  async #dial (peerId: PeerId, addrs: readonly Uint8Array[], options: DialOptions): Promise<Connection> {
    const named = dialTargets(peerId, addrs)
    try {
      return await this.#connectTo(peerId, named, options)
    } catch (err) {
      const stored = err instanceof DialError ? toBinary(await this.#stored(peerId, options.signal), MAX_REMOTE_ADDRS) : []
      const others = dialTargets(peerId, stored).filter(target => !named.some(tried => tried.equals(target)))
      if (others.length === 0) {
        throw err
      }
      return this.#connectTo(peerId, others, options)
    }
  }

  /**
   * A name for other addresses is tried last, since libp2p dials none of the others if it cannot be resolved, or not
   * before it is: whoever named the peer may have added it to hide the peer.
   *
   * Transports prove who is at the other end, against the `/p2p` of the address. That
   * of `@libp2p/memory` does not: it takes whoever listens for the one who was asked for.
   */
  async #connectTo (peerId: PeerId, targets: Multiaddr[], options: DialOptions): Promise<Connection> {
    if (targets.length === 0) {
      throw new DialError(`${peerId} cannot be reached: it is not connected, and no address of it is known`)
    }
    const direct = targets.filter(target => !isAlias(target))
    if (direct.length > 0 && direct.length < targets.length) {
      try {
        return await this.#connectTo(peerId, direct, options)
      } catch (err) {
        if (!(err instanceof DialError)) {
          throw err
        }
        return this.#connectTo(peerId, targets.filter(isAlias), options)
      }
    }
    const connection = await this.#connect(targets, peerId.toString(), options)
    if (connection.remotePeer.equals(peerId)) {
      return connection
    }
    const taken = withoutPeer(connection.remoteAddr)
    const others = targets.filter(target => !withoutPeer(target).equals(taken))
    if (others.length === 0 || others.length === targets.length) {
      throw new DialError(`${peerId} cannot be reached: someone else lives at ${taken}`)
    }
    return this.#connectTo(peerId, others, options)
  }

  /** What libp2p's queue of dials has no room for waits here until one of ours is over. */
  async #connect (targets: Multiaddr[], whom: string, options: DialOptions): Promise<Connection> {
    try {
      for (;;) {
        const connection = await this.#tryConnecting(targets, whom, options)
        if (connection != null) {
          return connection
        }
        options.onQueued?.(true)
        await this.#dialOver(options.signal)
        options.onQueued?.(false)
      }
    } finally {
      this.#tryNext()
    }
  }

  /** Nothing, if the queue of dials is full, of ours among others. */
  async #tryConnecting (targets: Multiaddr[], whom: string, { signal, onQueued }: DialOptions): Promise<Connection | undefined> {
    this.#dials++
    try {
      return await this.#init.connectionManager.openConnection(targets, {
        signal,
        onProgress: ({ type }) => {
          if (type === 'dial-queue:add-to-dial-queue' || type === 'dial-queue:start-dial') {
            onQueued?.(type !== 'dial-queue:start-dial')
          }
        }
      })
    } catch (err) {
      signal?.throwIfAborted()
      if (isQueueFull(err) && this.#dials > 1) {
        return undefined
      }
      throw asDialError(err, whom)
    } finally {
      this.#dials--
    }
  }

  #tryNext (): void {
    const [next] = this.#untaken
    if (next != null) {
      this.#untaken.delete(next) // the end of another dial is for another
      next()
    }
  }

  /** Resolves when a dial of ours is over. */
  async #dialOver (signal: AbortSignal | undefined): Promise<void> {
    let next = (): void => {}
    const over = new Promise<void>(resolve => { next = resolve })
    this.#untaken.add(next)
    try {
      await abortable(over, signal)
    } finally {
      this.#untaken.delete(next)
    }
  }

  /** What libp2p knows of where a peer listens. */
  async #stored (peerId: PeerId, signal: AbortSignal | undefined): Promise<Multiaddr[]> {
    try {
      const { addresses } = await this.#init.peerStore.get(peerId, { signal })
      return addresses.map(({ multiaddr }) => multiaddr)
    } catch {
      signal?.throwIfAborted()
      return [] // not found, or not readable: the dial will tell
    }
  }
}

/** An end and then a reset: the server reads the end, and freeing the stream does not depend on it. */
async function endStream (stream: Stream): Promise<void> {
  try {
    await stream.close()
  } catch (err) {
    stream.log('was over already - %e', err) // as it is of no more use, so be it
  }
  stream.abort(new StreamResetError('identified: that was all'))
}

function isAlias (addr: Multiaddr): boolean {
  return addr.getComponents().some(({ code }) => code === CODE_DNSADDR)
}

function rank ({ direct, limits }: Connection): number {
  return (limits == null ? 2 : 0) + (direct ? 1 : 0)
}
