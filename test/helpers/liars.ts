import { Random } from '../../src/hosts/memory/random.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { bytesToMapKey, keyOf } from '../../src/keyspace/key.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { replaceAnswers } from './impostor.ts'
import { Simulation } from './simulation.ts'
import type { SimulatedNode } from './simulation.ts'
import type { GetOptions } from '../../src/dht/operations/get.ts'
import type { Contact, PeerInfo } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { Handlers } from '../../src/rpc/handlers/handlers.ts'

const K = 20

/** An Ed25519 PeerId up to its key. */
const ED25519_PEER_ID = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

/** Peers that a liar names in place of those that exist: as many as one answer may. */
const NAMED = 40

/** Peers that liars have made up: of so many, some are closer to any target than those of a network of hundreds. */
const MADE_UP = 2 ** 14

/**
 * What liars do. `hearsay`: they tell who is closest, as they should, but name false providers and addresses, and give
 * values that were replaced. `made-up`: all they name is peers that do not exist, closer than any that do, at an address that is silent.
 */
export type Lie = 'hearsay' | 'made-up'

export interface LiarsInit {
  readonly nodes: number
  /** The share of them that lie. */
  readonly share: number
  readonly lie: Lie
  readonly rounds: number
  readonly seed: number
  /** Ends it with the rounds that there were. */
  readonly signal?: AbortSignal
  /** What goes on. */
  onPhase? (phase: 'joining' | 'asking'): void
}

/** What honest nodes found. All but `rounds`, `ms` and `dials` are shares. */
export interface LiarsResult {
  readonly rounds: number
  /** Of the k closest, of lookups of random targets. */
  readonly recall: number
  /** Milliseconds and dials that such a lookup took. */
  readonly ms: number
  readonly dials: number
  /** Gets that found the newest value, and of those with a quorum of 1. */
  readonly newest: number
  readonly newestOfOne: number
  /** Searches that found the one true provider, and of those without a limit. */
  readonly provider: number
  readonly providerOfAll: number
  /** Searches for a peer that found where it is. */
  readonly address: number
  /** Timers left on the clock. */
  readonly left: number
}

type Tally = { -readonly [Name in Exclude<keyof LiarsResult, 'left'>]: number }

/** Nodes join, then some of them begin to lie, and the honest ones look for nodes, values, providers and peers. From the same seed always the same. */
export async function simulateLiars (init: LiarsInit): Promise<LiarsResult> {
  const { nodes: count, share, rounds, seed, signal, onPhase } = init
  const simulation = new Simulation({ seed, latency: [20, 80] })
  onPhase?.('joining')
  const nodes = await simulation.nodesJoined(count)
  const liars = nodes.slice(0, Math.round(count * share))
  const stage = new Stage(simulation, nodes, nodes.slice(liars.length), seed)
  for (const liar of liars) {
    await replaceAnswers(simulation, liar, stage.lies(init.lie))
  }
  await simulation.clock.advance(60_000) // streams of before are closed
  onPhase?.('asking')
  while (stage.tally.rounds < rounds && signal?.aborted !== true) {
    await stage.round()
  }
  const left = await simulation.stop()
  const { rounds: done, ...sums } = stage.tally
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / done])) as Omit<Tally, 'rounds'>
  return { rounds: done, ...means, left }
}

class Stage {
  readonly tally: Tally = { rounds: 0, recall: 0, ms: 0, dials: 0, newest: 0, newestOfOne: 0, provider: 0, providerOfAll: 0, address: 0 }
  readonly #simulation: Simulation
  readonly #everybody: RoutingTable
  readonly #honest: readonly SimulatedNode[]
  readonly #random: Random
  /** Made on first use. */
  #madeUp: RoutingTable | undefined
  /** What was put first, by key. */
  readonly #replaced = new Map<string, ValueRecord>()
  /** Where nobody answers. */
  readonly #silent: readonly Uint8Array[]

  constructor (simulation: Simulation, nodes: readonly SimulatedNode[], honest: readonly SimulatedNode[], seed: number) {
    this.#simulation = simulation
    this.#honest = honest
    this.#random = new Random(seed)
    this.#everybody = tableOf(nodes.map(({ dht }) => dht.self))
    const silent = simulation.network.createHost()
    silent.crash()
    this.#silent = silent.self.addrs
  }

  lies (lie: Lie): Partial<Handlers> {
    const closer = (target: Uint8Array): PeerInfo[] => lie === 'hearsay' ? this.#closestBut(target) : this.#fakes(keyOf(target))
    const providers = (key: Uint8Array): PeerInfo[] => lie === 'hearsay' ? this.#fakes(keyOf(key)) : []
    return {
      'find-node': ({ target }) => [{ type: 'find-node', closer: closer(target) }],
      'get-value': ({ key }) => [{ type: 'get-value', key, record: lie === 'hearsay' ? this.#replaced.get(bytesToMapKey(key)) : undefined, closer: closer(key) }],
      'get-providers': ({ key }) => [{ type: 'get-providers', key, providers: providers(key), closer: closer(key) }]
    }
  }

  async round (): Promise<void> {
    await this.#look()
    await this.#get()
    await this.#findProvider()
    await this.#findPeer()
    this.tally.rounds++
  }

  async #look (): Promise<void> {
    const { network, clock } = this.#simulation
    const { dht } = this.#anyone()
    const before = network.counters.dials
    const target = this.#random.bytes(32)
    const { closest, ms } = await clock.run(dht.lookup(target))
    const key = keyOf(target)
    const truth = this.#everybody.closest(key, K + 1).filter(({ id }) => !bytesEqual(id, dht.self.id)).slice(0, K)
    this.tally.recall += truth.filter(({ id }) => closest.some(found => bytesEqual(found.id, id))).length / K
    this.tally.ms += ms
    this.tally.dials += network.counters.dials - before
  }

  async #get (): Promise<void> {
    const { clock } = this.#simulation
    const name = `value ${this.tally.rounds}`
    await clock.run(this.#anyone().dht.put(name, 'old'))
    const { key, record } = await clock.run(this.#anyone().dht.get(name))
    this.#replaced.set(bytesToMapKey(key), record)
    await clock.advance(1000)
    await clock.run(this.#anyone().dht.put(name, 'new'))
    const found = async (options: GetOptions): Promise<number> => {
      const { value } = await clock.run(this.#anyone().dht.get(name, options))
      return new TextDecoder().decode(value) === 'new' ? 1 : 0
    }
    this.tally.newest += await found({})
    this.tally.newestOfOne += await found({ quorum: 1 })
  }

  async #findProvider (): Promise<void> {
    const { clock } = this.#simulation
    const key = Uint8Array.from([0x12, 0x20, ...this.#random.bytes(32)])
    const provider = this.#anyone().dht
    await clock.run(provider.provide(key))
    const found = async (limit?: number): Promise<number> => {
      for await (const { provider: { id } } of this.#anyone().dht.findProviders(key, { limit })) {
        if (bytesEqual(id, provider.self.id)) {
          return 1
        }
      }
      return 0
    }
    this.tally.provider += await clock.run(found())
    this.tally.providerOfAll += await clock.run(found(0))
  }

  async #findPeer (): Promise<void> {
    const { self } = this.#anyone().dht
    const found = await this.#simulation.clock.run(this.#anyone().dht.findPeer(self.id, { source: 'network' }))
    this.tally.address += found != null && bytesEqual(found.peer.addrs[0], self.addrs[0]) ? 1 : 0
  }

  #anyone (): SimulatedNode {
    return this.#honest[this.#random.integer(0, this.#honest.length - 1)]
  }

  /** The k closest as they are, but for whoever is asked for: that one would be elsewhere. */
  #closestBut (target: Uint8Array): PeerInfo[] {
    return this.#everybody.closest(keyOf(target), K).map(({ id, addrs }) => ({ id, addrs: bytesEqual(id, target) ? this.#silent : addrs }))
  }

  #fakes (target: Key): PeerInfo[] {
    this.#madeUp ??= tableOf(Array.from({ length: MADE_UP }, () => contactOf({ id: Uint8Array.from([...ED25519_PEER_ID, ...this.#random.bytes(32)]), addrs: this.#silent })))
    return this.#madeUp.closest(target, NAMED).map(({ id, addrs }) => ({ id, addrs }))
  }
}

function tableOf (contacts: readonly Contact[]): RoutingTable {
  const table = new RoutingTable({ self: keyOf(new Uint8Array(0)), prefixLength: Infinity })
  contacts.forEach(contact => { table.insert(contact, 0) })
  return table
}
