import { Kademlia } from '../../src/dht/kademlia.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { Random } from '../../src/hosts/memory/random.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { UpkeepCounts } from '../../src/dht/context.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { MemoryNetwork } from '../../src/hosts/memory/network.ts'
import type { Request } from '../../src/wire/rpc.ts'

const PROTOCOL = '/churn/1.0.0'

/** Milliseconds that a message takes one way. */
const LATENCY = [10, 100] as const

/** Of how many nodes that are there a newcomer knows the addresses. */
const BOOTSTRAP_NODES = 5

/** How many of those that leave do so without their host noticing: what is sent to them is lost. The others' hosts refuse it. */
const SHARE_OF_CRASHES = 0.5

export interface PopulationInit {
  readonly nodes: number
  /** Milliseconds that half of the sessions last at the most. */
  readonly median: number
  readonly seed: number
  /** How the nodes are set. */
  readonly node: Partial<KademliaInit>
}

/** A node that is there. */
export interface Resident {
  readonly dht: Kademlia
  readonly host: MemoryHost
  /** Since when it has been through its join: milliseconds since the Unix epoch; undefined: not yet. */
  joined: number | undefined
}

/** What all nodes did so far, those that have left too. */
export type Totals = Readonly<{ requests: ReadonlyMap<Request['type'], number>, joins: number, leaves: number, bytes: number } & UpkeepCounts>

/**
 * A network whose nodes come and go: each stays for a session and leaves without a word,
 * another of a new identity comes at once. Sessions are exponentially distributed. Those
 * measured in Kad, Gnutella and BitTorrent (Stutzbach and Rejaie, "Understanding Churn in
 * Peer-to-Peer Networks", 2006) fit a Weibull distribution of a shape below 1 better: who
 * has stayed for long stays on, which spares a network what this one has to bear.
 */
export class Population {
  readonly clock = new VirtualClock()
  readonly residents = new Set<Resident>()
  readonly random: Random
  readonly #init: PopulationInit
  readonly #network: MemoryNetwork
  readonly #lives = new Map<Resident, () => void>()
  readonly #requests = new Map<Request['type'], number>()
  readonly #left: UpkeepCounts = { republished: 0, superseded: 0, replicated: 0, handedOver: 0, corrected: 0, cached: 0, collected: 0 }
  readonly #stopping = new Set<Promise<void>>()
  #joins = 0
  #leaves = 0

  constructor (init: PopulationInit) {
    this.#init = init
    this.random = new Random(init.seed)
    this.#network = createMemoryNetwork({ clock: this.clock, seed: init.seed, latency: LATENCY })
  }

  /** All join, one after another; then sessions begin. */
  async begin (signal?: AbortSignal): Promise<void> {
    while (this.residents.size < this.#init.nodes && signal?.aborted !== true) {
      await this.clock.run(this.#join(this.#newcomer()))
    }
    this.residents.forEach(resident => { this.#live(resident) })
  }

  /** One of those who have joined. */
  pick (): Resident {
    const joined = [...this.residents].filter(({ joined }) => joined != null)
    return joined[this.random.integer(0, joined.length - 1)]
  }

  get totals (): Totals {
    const sum = { ...this.#left }
    for (const { dht } of this.residents) {
      addTo(sum, dht.internals.counts)
    }
    return { ...sum, requests: new Map(this.#requests), joins: this.#joins, leaves: this.#leaves, bytes: this.#network.counters.bytes }
  }

  /** End it for all. Returns what is left on the clock, which should be nothing. */
  async stop (): Promise<number> {
    this.#lives.forEach(cancel => { cancel() })
    this.residents.forEach(resident => { this.#end(resident) })
    await this.clock.run(Promise.all(this.#stopping))
    await this.clock.run(this.#network.stop())
    return this.clock.pending
  }

  #newcomer (): Resident {
    const host = this.#network.createHost()
    const dht = new Kademlia({
      host,
      protocol: PROTOCOL,
      clock: this.clock,
      random: n => this.random.bytes(n),
      bootstrap: this.#introducers(),
      observer: { client: { onRequest: type => this.#count(type) } },
      ...this.#init.node
    })
    const resident: Resident = { dht, host, joined: undefined }
    this.residents.add(resident)
    this.#joins++
    return resident
  }

  async #join (resident: Resident): Promise<void> {
    await resident.dht.start()
    resident.joined = this.clock.now()
  }

  #count (type: Request['type']): () => void {
    this.#requests.set(type, (this.#requests.get(type) ?? 0) + 1)
    return () => {}
  }

  #introducers (): Uint8Array[] {
    const count = Math.min(BOOTSTRAP_NODES, this.residents.size)
    return Array.from({ length: count }, () => this.pick()).flatMap(({ host }) => host.self.addrs)
  }

  /** It stays for a session; its place is then taken by another. */
  #live (resident: Resident): void {
    const session = -Math.log(1 - this.random.fraction()) * this.#init.median / Math.LN2
    this.#lives.set(resident, this.clock.schedule(session, () => {
      this.#leaves++
      this.#end(resident)
      const newcomer = this.#newcomer()
      this.#join(newcomer).catch(() => {}) // it may leave before it has joined
      this.#live(newcomer)
    }))
  }

  #end (resident: Resident): void {
    const { dht, host } = resident
    this.residents.delete(resident)
    this.#lives.delete(resident)
    addTo(this.#left, dht.internals.counts)
    if (this.random.fraction() < SHARE_OF_CRASHES) {
      host.crash()
    } else {
      void host.stop()
    }
    const stopping = dht.stop().finally(() => { this.#stopping.delete(stopping) })
    this.#stopping.add(stopping)
  }
}

function addTo (sum: UpkeepCounts, { republished, superseded, replicated, handedOver, corrected, cached, collected }: UpkeepCounts): void {
  sum.republished += republished
  sum.superseded += superseded
  sum.replicated += replicated
  sum.handedOver += handedOver
  sum.corrected += corrected
  sum.cached += cached
  sum.collected += collected
}
