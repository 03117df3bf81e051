import { Kademlia } from '../../src/dht/kademlia.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { Random } from '../../src/hosts/memory/random.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { MemoryHostInit, MemoryNetwork, MemoryNetworkInit } from '../../src/hosts/memory/network.ts'
import type { Key } from '../../src/keyspace/key.ts'

export const PROTOCOL = '/test/1.0.0'

/** A node and the host that carries its bytes. */
export interface SimulatedNode {
  readonly dht: Kademlia
  readonly host: MemoryHost
}

/** Nodes on the memory network, on virtual time, made from a seed. */
export class Simulation {
  readonly clock = new VirtualClock()
  readonly network: MemoryNetwork
  readonly nodes: SimulatedNode[] = []
  readonly #random: Random

  constructor (init: Omit<MemoryNetworkInit, 'clock'> = {}) {
    this.network = createMemoryNetwork({ ...init, clock: this.clock })
    this.#random = new Random(init.seed ?? 0)
  }

  /** Make a node and start it; a client does not listen. */
  async node (init: Partial<KademliaInit> = {}, hostInit: MemoryHostInit = {}): Promise<SimulatedNode> {
    const host = this.network.createHost({ listen: init.mode !== 'client', ...hostInit })
    const dht = new Kademlia({ host, protocol: PROTOCOL, clock: this.clock, random: n => this.#random.bytes(n), ...init })
    const node = { dht, host }
    this.nodes.push(node)
    await this.clock.run(dht.start())
    return node
  }

  /** Make `count` nodes that join one after another, each through one of those before. */
  async nodesJoined (count: number, init: Partial<KademliaInit> = {}): Promise<SimulatedNode[]> {
    const nodes = [await this.node(init)]
    while (nodes.length < count) {
      const through = nodes[this.#random.integer(0, nodes.length - 1)]
      nodes.push(await this.node({ ...init, bootstrap: through.host.self.addrs }))
    }
    return nodes
  }

  /** The k of `nodes` closest to `target`, by sorting them all. */
  closest (nodes: readonly SimulatedNode[], target: Key, k: number): Uint8Array[] {
    return nodes
      .map(({ dht }) => dht.self)
      .sort((a, b) => compareDistance(target, a.key, b.key))
      .slice(0, k)
      .map(({ id }) => id)
  }

  /** Stop every node and the network; says what is left on the clock, which should be nothing. */
  async stop (): Promise<number> {
    await this.clock.run((async () => {
      await Promise.all(this.nodes.map(async ({ dht }) => { await dht.stop() }))
      await this.network.stop()
    })())
    return this.clock.pending
  }
}
