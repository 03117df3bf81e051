import { hasNewAddr, nameOf } from '../../keyspace/contact.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Topology } from '../../rpc/connection.ts'

interface Visit {
  peer: PeerInfo
  sockets: number
}

/** The peers that have connected to us and serve a protocol, and who wants to know of them. */
export class Visitors {
  readonly #watchers = new Map<string, Set<Topology>>()
  /** By protocol and peer. Bounded by the limit on inbound sockets. */
  readonly #visits = new Map<string, Visit>()

  watch (protocol: string, topology: Topology): () => void {
    const watchers = this.#watchers.get(protocol) ?? new Set()
    // an object of its own, so that one topology can watch twice
    const watcher: Topology = {
      onConnect: peer => { topology.onConnect(peer) },
      onDisconnect: peer => { topology.onDisconnect(peer) }
    }
    this.#watchers.set(protocol, watchers.add(watcher))
    return () => { watchers.delete(watcher) }
  }

  /** A socket of `peer` for `protocol` is there. Returns what to call when it is gone. One that has moved is told of anew: its old sockets may stay for long, dead. */
  arrive (protocol: string, peer: PeerInfo): () => void {
    const key = `${nameOf(peer)} ${protocol}`
    const visit = this.#visits.get(key) ?? { peer, sockets: 0 }
    const isNews = visit.sockets === 0 || hasNewAddr(peer, visit.peer)
    visit.peer = peer
    visit.sockets++
    this.#visits.set(key, visit)
    if (isNews) {
      this.#watchers.get(protocol)?.forEach(watcher => { watcher.onConnect(peer) })
    }
    return () => {
      visit.sockets--
      if (visit.sockets === 0) {
        this.#visits.delete(key)
        this.#watchers.get(protocol)?.forEach(watcher => { watcher.onDisconnect(visit.peer) })
      }
    }
  }
}
