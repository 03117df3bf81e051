import type { MemoryHost } from './host.ts'
import type { Topology } from '../../rpc/connection.ts'

interface Watcher {
  readonly protocol: string
  readonly topology: Topology
}

interface Connection {
  /** How many streams the peer has open to us. */
  streams: number
  /** Who was told that it connected. */
  readonly told: Set<Watcher>
}

/** Tells of peers that serve a protocol, from their first stream to us to the end of the last. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()
  readonly #connections = new Map<MemoryHost, Connection>()

  add (protocol: string, topology: Topology): () => void {
    const watcher: Watcher = { protocol, topology }
    this.#watchers.add(watcher)
    return () => { this.#watchers.delete(watcher) }
  }

  /** `peer` has opened a stream to us. */
  opened (peer: MemoryHost): void {
    const connection = this.#connections.get(peer) ?? { streams: 0, told: new Set() }
    this.#connections.set(peer, connection)
    connection.streams++
    for (const watcher of this.#watchers) {
      if (!connection.told.has(watcher) && peer.listens && peer.serves(watcher.protocol)) {
        connection.told.add(watcher)
        watcher.topology.onConnect(peer.self)
      }
    }
  }

  /** A stream that `peer` had opened is over. */
  closed (peer: MemoryHost): void {
    const connection = this.#connections.get(peer)
    if (connection == null || --connection.streams > 0) {
      return
    }
    this.#connections.delete(peer)
    for (const watcher of connection.told) {
      if (this.#watchers.has(watcher)) {
        watcher.topology.onDisconnect(peer.self)
      }
    }
  }

  /** Tell nobody anything more. */
  clear (): void {
    this.#watchers.clear()
    this.#connections.clear()
  }
}
