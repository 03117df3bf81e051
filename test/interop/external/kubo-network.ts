import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { best, findProviders, get } from '../ask.ts'
import { until } from '../converge.ts'
import { stopAll } from '../network.ts'
import { createInteropNode } from '../node.ts'
import { KuboNode } from './kubo-node.ts'
import { nameKey } from './our-peer.ts'
import type { InteropNode } from '../node.ts'
import type { KuboInit } from './kubo-node.ts'
import type { Whereabouts } from './reply.ts'

/** Kubo's DHT of local networks. Into the public one it takes nobody whose address is not public. */
const LAN = '/ipfs/lan/kad/1.0.0'

/** A server of ours, and Kubo nodes that are told of no other peer. */
export class KuboNetwork {
  readonly server: InteropNode
  readonly kubos: KuboNode[] = []
  /** Those of ours that only ask. */
  readonly #clients: InteropNode[] = []
  readonly #program: string

  private constructor (program: string, server: InteropNode) {
    this.#program = program
    this.server = server
  }

  static async start (program: string): Promise<KuboNetwork> {
    return new KuboNetwork(program, await createInteropNode('ours', { protocol: LAN, allowQueryWithZeroPeers: true }))
  }

  /** The peer id of the server. */
  get serverId (): string {
    return this.server.libp2p.peerId.toString()
  }

  /** Where the server listens. */
  get serverAddrs (): string[] {
    return this.server.libp2p.getMultiaddrs().map(String)
  }

  /** Start one; resolves when the server is in its routing table. */
  async startKubo (routing: KuboInit['routing']): Promise<KuboNode> {
    const node = await KuboNode.start(this.#program, { routing, bootstrap: this.serverAddrs })
    this.kubos.push(node)
    await until('the server is entered', async () => (await node.table()).includes(this.serverId))
    return node
  }

  /** Start two that are alike. */
  async startTwo (routing: KuboInit['routing']): Promise<void> {
    await this.startKubo(routing)
    await this.startKubo(routing)
  }

  /** Start one of ours that only asks, and begins with `other`. */
  async startClient (other: KuboNode): Promise<InteropNode> {
    const client = await createInteropNode('ours', { protocol: LAN, clientMode: true })
    this.#clients.push(client)
    await client.libp2p.dial((await other.addrs()).map(addr => multiaddr(`${addr}/p2p/${other.id}`)))
    await until('it is entered', () => client.dht.routingTable.size > 0)
    return client
  }

  /** What the server has at a name. */
  async record (name: string): Promise<Uint8Array | undefined> {
    return best(await get(this.server, nameKey(name)))
  }

  /** The providers that the server knows. */
  async providers (cid: string): Promise<Whereabouts[]> {
    return providersOf(this.server, cid)
  }

  /** It may be that the server has stopped before. */
  async stop (): Promise<void> {
    await Promise.all(this.kubos.map(async node => { await node.stop() }))
    await stopAll([this.server, ...this.#clients])
  }
}

/** The providers that a node of ours finds. */
export async function providersOf (node: InteropNode, cid: string): Promise<Whereabouts[]> {
  const { providers } = await findProviders(node, CID.parse(cid))
  return [...providers.values()].map(({ id, multiaddrs }) => ({ peer: id.toString(), addrs: multiaddrs.map(String) }))
}
