import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { Random } from '../../src/hosts/memory/random.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { mutableKeyOf } from '../../src/record/mutable-key.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { utf8 } from './protobuf.ts'
import { PROTOCOL } from './simulation.ts'
import type { OperationOptions } from '../../src/dht/events.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { MemoryNetwork } from '../../src/hosts/memory/network.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** Those who join first never leave: there is always somebody whom a newcomer can ask. */
const ROOTS = 3
const MAX_NODES = 12
const STEPS = 80

/** How every node is set: what takes a day by default takes an hour or two. */
const OPTIONS = {
  protocol: PROTOCOL,
  k: 8,
  valueTtl: 240 * MINUTE,
  replicateInterval: 10 * MINUTE,
  selfLookupInterval: 10 * MINUTE,
  refreshInterval: 10 * MINUTE,
  reprovide: { interval: 5 * MINUTE, threshold: 220 * MINUTE, validity: 240 * MINUTE }
} as const

/** Milliseconds in which nothing happens at the end: whoever fell silent is missed, and what lies elsewhere has come back, by then. */
const REST = 60 * MINUTE

const KEYS = ['a', 'b', 'c'].map(name => utf8(`/kv/${name}`))
const MULTIHASHES = [1, 2, 3].map(n => Uint8Array.from([0x12, 0x20, ...new Uint8Array(32).fill(n)]))
const writer = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(3))
const MUTABLE = mutableKeyOf(writer.publicKey, utf8(''))

/** The names of errors that operations may end with while the network fails, but for what they are aborted with. */
const DOCUMENTED = new Set(['NotStartedError', 'TimeoutError', 'NoPeersError', 'ValueNotFoundError', 'OutdatedRecordError', 'SequenceMismatchError'])

/** What an operation throws that is aborted. */
class GivenUp extends Error {
  override name = 'GivenUp'
}

interface Resident {
  readonly dht: Kademlia
  readonly host: MemoryHost
  readonly provides: Set<Uint8Array>
}

/**
 * Plays a program drawn from `seed` on a network: nodes join, leave and crash, the network parts and heals, and all kinds of
 * operations begin, some to be aborted, before others have ended. Then nothing happens for an hour. Returns what was not as it should be.
 */
export async function playRandomProgram (seed: number): Promise<string[]> {
  return new RandomProgram(seed).play()
}

class RandomProgram {
  readonly #wrong: string[] = []
  readonly #clock = new VirtualClock()
  readonly #random: Random
  readonly #network: MemoryNetwork
  readonly #residents: Resident[] = []
  readonly #underWay = new Set<string>()
  #begun = 0

  constructor (seed: number) {
    this.#random = new Random(seed)
    this.#network = createMemoryNetwork({ clock: this.#clock, seed, latency: [5, 100] })
  }

  async play (): Promise<string[]> {
    for (let step = 0; step < ROOTS + STEPS; step++) {
      this.#step(step)
      await this.#clock.advance(this.#random.integer(0, this.#draw([SECOND, 30 * SECOND, 10 * MINUTE])))
    }
    this.#network.heal()
    await this.#clock.advance(REST)
    this.#underWay.forEach(what => { this.#wrong.push(`${what} has not ended`) })
    await this.#atRest()
    await Promise.all(this.#residents.splice(0).map(async resident => this.#leave(resident)))
    await this.#clock.run(this.#network.stop())
    if (this.#clock.pending > 0) {
      this.#wrong.push(`${this.#clock.pending} timers are left`)
    }
    return this.#wrong
  }

  #step (step: number): void {
    const chance = this.#random.fraction()
    if (step < ROOTS || (chance < 0.15 && this.#residents.length < MAX_NODES)) {
      this.#join()
    } else if (chance < 0.25 && this.#residents.length > ROOTS + 1) {
      const [leaving] = this.#residents.splice(this.#random.integer(ROOTS, this.#residents.length - 1), 1)
      void this.#leave(leaving)
    } else if (chance < 0.28) {
      const halves = [0, 1].map(side => this.#residents.filter((_, i) => i % 2 === side).map(({ host }) => host))
      this.#network.partition(halves)
    } else if (chance < 0.33) {
      this.#network.heal()
    } else {
      this.#operate(this.#draw(this.#residents))
    }
  }

  #join (): void {
    const mode = this.#residents.length < ROOTS || this.#random.fraction() < 0.8 ? 'server' : 'client'
    const host = this.#network.createHost({ listen: mode === 'server' })
    const bootstrap = this.#residents.slice(0, ROOTS).flatMap(({ host }) => host.self.addrs)
    const dht = new Kademlia({ ...OPTIONS, host, mode, bootstrap, clock: this.#clock, random: n => this.#random.bytes(n) })
    this.#residents.push({ dht, host, provides: new Set() })
    this.#watch('start', dht.start())
  }

  /** In good order, with a reset, or without a word. */
  async #leave ({ dht, host }: Resident): Promise<void> {
    const how = this.#draw(['stop', 'reset', 'crash'])
    if (how === 'crash') {
      host.crash()
    } else if (how === 'reset') {
      await host.stop()
    }
    await this.#clock.run(dht.stop())
    if (host.openStreams > 0) {
      this.#wrong.push(`a node has ${host.openStreams} streams after ${how} and stop()`)
    }
    await host.stop()
  }

  #operate (resident: Resident): void {
    const { dht, provides } = resident
    const key = this.#draw(KEYS)
    const multihash = this.#draw(MULTIHASHES)
    const options = this.#mayBeAborted()
    const value = `value ${this.#begun}`
    const operations: Record<string, () => Promise<unknown>> = {
      put: async () => dht.put(key, value, options),
      putMutable: async () => dht.putMutable(writer, { value, ...options }),
      get: async () => (await dht.get(this.#draw([...KEYS, MUTABLE]), { ...options, quorum: this.#draw([0, 1, 3]) })).passedOn,
      unpublish: async () => dht.unpublish(key),
      provide: async () => {
        await dht.provide(multihash, options)
        provides.add(multihash)
      },
      findProviders: async () => all(dht.findProviders(multihash, options)),
      findPeer: async () => dht.findPeer(this.#draw(this.#residents).dht.self.id, options),
      lookup: async () => dht.lookup(value, options),
      refresh: async () => dht.refresh(options)
    }
    const name = this.#draw(Object.keys(operations).filter(name => name !== 'provide' || dht.mode === 'server'))
    this.#watch(name, operations[name]())
  }

  #mayBeAborted (): OperationOptions {
    if (this.#random.fraction() < 0.7) {
      return {}
    }
    const controller = new AbortController()
    this.#clock.schedule(this.#random.integer(0, SECOND), () => { controller.abort(new GivenUp('enough')) })
    return { signal: controller.signal }
  }

  #watch (name: string, operation: Promise<unknown>): void {
    const what = `${name}, operation ${this.#begun++},`
    this.#underWay.add(what)
    operation.catch((err: unknown) => {
      if (!(err instanceof GivenUp || (err instanceof Error && DOCUMENTED.has(err.name)))) {
        this.#wrong.push(`${what} rejected with ${String(err)}`)
      }
    }).finally(() => { this.#underWay.delete(what) })
  }

  async #atRest (): Promise<void> {
    const servers = this.#residents.filter(({ dht }) => dht.mode === 'server')
    for (const { dht } of this.#residents) {
      const target = this.#random.bytes(32)
      const { closest } = await this.#clock.run(dht.lookup(target))
      const truth = servers.map(({ dht: { self } }) => self)
        .filter(({ id }) => !bytesEqual(id, dht.self.id))
        .sort((a, b) => compareDistance(keyOf(target), a.key, b.key))
        .slice(0, OPTIONS.k)
      this.#expect('a lookup finds the closest', closest.length === truth.length && closest.every(({ id }, i) => bytesEqual(id, truth[i].id)))
      const contacts = [...dht.internals.peers.table.buckets()].flatMap(({ contacts }) => contacts)
      this.#expect('all contacts are servers that are there', contacts.every(({ id }) => servers.some(server => server.dht !== dht && bytesEqual(server.dht.self.id, id))))
    }
    for (const key of [...KEYS, MUTABLE]) {
      const found = await Promise.all(this.#residents.map(async ({ dht }) => this.#clock.run(dht.get(key)).catch(() => undefined)))
      const kept = (await Promise.all(servers.map(async ({ dht }) => dht.internals.values.kept(key)))).flatMap(row => row ?? [])
      const best = kept.length === 0 ? undefined : kept[await servers[0].dht.internals.values.select(key, kept.map(({ value }) => value))]
      this.#expect('all find the best value', found.every(got => got?.record.value == null ? best == null : best != null && bytesEqual(got.record.value, best.value)))
    }
    for (const multihash of MULTIHASHES) {
      const found = await this.#clock.run(all(this.#draw(this.#residents).dht.findProviders(multihash, { limit: 0 })))
      const providing = this.#residents.filter(({ provides }) => provides.has(multihash))
      this.#expect('all who provide are found', providing.every(({ dht }) => found.some(({ provider }) => bytesEqual(provider.id, dht.self.id))))
    }
  }

  #expect (what: string, isSo: boolean): void {
    if (!isSo) {
      this.#wrong.push(`at rest, not so: ${what}`)
    }
  }

  #draw<T> (from: readonly T[]): T {
    return from[this.#random.integer(0, from.length - 1)]
  }
}

async function all<T> (source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) {
    items.push(item)
  }
  return items
}
