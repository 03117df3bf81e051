import { hasNewAddr } from '../../keyspace/contact.ts'
import { bytesToMapKey } from '../../keyspace/key.ts'
import { toBinary } from './address.ts'
import { MAX_REMOTE_ADDRS, MAX_REMOTE_PROTOCOLS } from './limits.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Topology } from '../../rpc/connection.ts'
import type { Connection, IdentifyResult, Libp2pEvents, PeerId, PeerStore, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface NeighboursInit {
  readonly connectionManager: Pick<ConnectionManager, 'getConnections'>
  readonly peerStore: Pick<PeerStore, 'get'>
  readonly events: TypedEventTarget<Libp2pEvents>
  /** Does a peer count that is connected over a relay, with limits? */
  readonly runOnLimitedConnection: boolean
}

/** What a peer says of itself. */
interface Said {
  readonly protocols: readonly string[]
  readonly addrs: readonly Multiaddr[]
}

interface Watcher {
  readonly protocol: string
  readonly topology: Topology
  /** By id: who it was told of, and with which addresses. As many as are connected. */
  readonly told: Map<string, PeerInfo>
}

/**
 * The peers we are connected to, as they describe themselves over identify.
 *
 * Watchers are told from libp2p's own events rather than by a topology at its
 * registrar, which tells of a leaving only after it has read the peer store: perhaps
 * when the peer is back, not at all if the store has forgotten it, and also of peers
 * that were never told of, for libp2p notes there that a peer serves a protocol when it
 * has merely opened a stream of it.
 */
export class Neighbours {
  readonly #init: NeighboursInit
  readonly #said = new WeakMap<Connection, Said>()
  /** The latest connection over which a connected peer has described itself, by its id. */
  readonly #identified = new Map<string, Connection>()
  readonly #watchers = new Set<Watcher>()

  constructor (init: NeighboursInit) {
    this.#init = init
    init.events.addEventListener('peer:identify', this.#onIdentify)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Where the peer at the other end of `connection` listens, if it has said that it serves `protocol`. */
  addrsOf (connection: Connection, protocol: string): Uint8Array[] {
    const said = this.#said.get(connection)
    return said?.protocols.includes(protocol) === true ? toBinary(said.addrs, MAX_REMOTE_ADDRS) : []
  }

  /** Where a connected peer listens, whatever it serves. */
  addrsOfPeer (id: Uint8Array): Uint8Array[] {
    const connection = this.#identified.get(bytesToMapKey(id))
    const said = connection == null ? undefined : this.#said.get(connection)
    return toBinary(said?.addrs ?? [], MAX_REMOTE_ADDRS)
  }

  /** Tell `topology` of peers that serve `protocol`, those included that are connected already. */
  watch (protocol: string, topology: Topology): () => void {
    const watcher: Watcher = { protocol, topology, told: new Map() }
    this.#watchers.add(watcher)
    void this.#tellOfPresent(watcher)
    return () => { this.#watchers.delete(watcher) }
  }

  /** Tell nobody anything more. */
  stop (): void {
    const { events } = this.#init
    events.removeEventListener('peer:identify', this.#onIdentify)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#watchers.clear()
    this.#identified.clear()
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const before = this.#said.get(detail.connection)
    const said = saidIn(detail, before)
    this.#said.set(detail.connection, said)
    if (detail.connection.status === 'open') { // else nobody would tell that it is gone
      this.#identified.set(bytesToMapKey(detail.peerId.toMultihash().bytes), detail.connection)
      this.#watchers.forEach(watcher => { this.#tell(watcher, detail.connection, said, before == null) })
    }
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const id = bytesToMapKey(detail.toMultihash().bytes)
    this.#identified.delete(id)
    for (const { told, topology } of this.#watchers) {
      const peer = told.get(id)
      if (peer != null) {
        told.delete(id)
        topology.onDisconnect(peer)
      }
    }
  }

  async #tellOfPresent (watcher: Watcher): Promise<void> {
    for (const connection of this.#init.connectionManager.getConnections()) {
      const said = this.#said.get(connection) ?? await this.#stored(connection.remotePeer)
      if (this.#watchers.has(watcher) && connection.status === 'open') {
        this.#tell(watcher, connection, this.#said.get(connection) ?? said, false)
      }
    }
  }

  /** `isNew`: its peer may have been lost over the connections that there were before, be they dead or not. */
  #tell ({ protocol, topology, told }: Watcher, connection: Connection, said: Said, isNew: boolean): void {
    if (connection.limits != null && !this.#init.runOnLimitedConnection) {
      return
    }
    const id = connection.remotePeer.toMultihash().bytes
    const key = bytesToMapKey(id)
    const before = told.get(key)
    if (said.protocols.includes(protocol)) {
      // an address that we have dialled ourselves is the best there is
      const dialled = connection.direction === 'outbound' ? [connection.remoteAddr] : []
      const peer = { id, addrs: toBinary([...dialled, ...said.addrs], MAX_REMOTE_ADDRS) }
      if (before == null || isNew || hasNewAddr(peer, before)) {
        told.set(key, peer)
        topology.onConnect(peer)
      }
    } else if (before != null) {
      told.delete(key)
      topology.onUnsupported?.(before)
    }
  }

  /** What the peer store knows, for connections that were identified before we listened. */
  async #stored (peerId: PeerId): Promise<Said> {
    try {
      const { protocols, addresses } = await this.#init.peerStore.get(peerId)
      return { protocols, addrs: addresses.map(({ multiaddr }) => multiaddr) }
    } catch {
      return { protocols: [], addrs: [] } // not found, or not readable: identify will tell
    }
  }
}

/** A push may leave out what has not changed. Addresses that are signed go before those that are not. Of thousands, which ten messages of identify have room for, the first. */
function saidIn ({ protocols, listenAddrs, signedPeerRecord }: IdentifyResult, before: Said | undefined): Said {
  const addrs = signedPeerRecord?.addresses ?? listenAddrs
  return {
    protocols: protocols.length > 0 ? protocols.slice(0, MAX_REMOTE_PROTOCOLS) : before?.protocols ?? [],
    addrs: addrs.length > 0 ? addrs.slice(0, MAX_REMOTE_ADDRS) : before?.addrs ?? []
  }
}
