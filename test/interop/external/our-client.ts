import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { systemClock } from '../../../src/clock/clock.ts'
import { RpcClient } from '../../../src/rpc/client.ts'
import { LIBP2P_CLIENT_IDLE_MS } from '../../../src/rpc/limits.ts'
import { createLibp2pNode } from '../../helpers/libp2p-tcp.ts'
import { hostNode, stopNode } from '../../hosts/libp2p-hosts.ts'
import { PROTOCOL } from '../node.ts'
import type { LivePeer } from './live-peer.ts'
import type { PeerInfo } from '../../../src/keyspace/contact.ts'
import type { Question } from '../../../src/rpc/client.ts'
import type { ResponseTo } from '../../../src/wire/rpc.ts'
import type { HostNode } from '../../hosts/libp2p-hosts.ts'
import type { Stream } from '@libp2p/interface'

/** Bytes of the largest value: more than anybody else reads, so that others have something to refuse. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024

/**
 * Ours, as it sends single requests: the engine's client over a libp2p node that serves
 * nobody. What it sends it does not check, so that others can be tried.
 */
export class OurClient {
  readonly #node: HostNode
  readonly #client: RpcClient

  private constructor (node: HostNode, idleMs: number) {
    this.#node = node
    this.#client = new RpcClient({
      host: node.services.host,
      protocol: PROTOCOL,
      clock: systemClock,
      maxRecordSize: MAX_VALUE_BYTES,
      idleMs
    })
  }

  /** It closes a stream after `idleMs` milliseconds without a request. */
  static async start (idleMs = LIBP2P_CLIENT_IDLE_MS): Promise<OurClient> {
    return new OurClient(await hostNode(createLibp2pNode), idleMs)
  }

  get id (): string {
    return this.#node.peerId.toString()
  }

  /** Streams that were opened, and requests that were sent. */
  get counts (): { streamsOpened: number, requestsSent: number } {
    return this.#client.counts
  }

  /** The streams of the DHT that are open. */
  get streams (): Stream[] {
    return this.#node.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === PROTOCOL)
  }

  /** How many connections there are. */
  get connections (): number {
    return this.#node.getConnections().length
  }

  async ask<R extends Question> (peer: LivePeer, request: R): Promise<ResponseTo<R['type']>> {
    return this.#client.request(infoOf(peer), request)
  }

  async stop (): Promise<void> {
    await this.#client.close()
    await stopNode(this.#node)
  }
}

/** The bytes of a peer id. */
export function idBytes (id: string): Uint8Array {
  return peerIdFromString(id).toMultihash().bytes
}

function infoOf ({ id, addrs }: LivePeer): PeerInfo {
  return { id: idBytes(id), addrs: addrs.map(addr => multiaddr(addr.replace(/\/p2p\/.*/, '')).bytes) }
}
