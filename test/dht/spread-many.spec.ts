import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { createContext } from '../../src/dht/context.ts'
import { spreadMany } from '../../src/dht/operations/spread-many.ts'
import { Tasks } from '../../src/dht/tasks.ts'
import { MAX_WALKS } from '../../src/dht/walks.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { bytesToMapKey, keyFromBytes, keyOf } from '../../src/keyspace/key.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { DhtContext } from '../../src/dht/context.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { SpreadItem, SpreadMany, SpreadManyOptions, SweptRegion } from '../../src/dht/operations/spread-many.ts'
import type { Deposit, Reached } from '../../src/dht/operations/spread.ts'
import type { NetworkEvent } from '../../src/hosts/memory/event.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024

/** Nothing is to happen by itself. */
const QUIET: Partial<KademliaInit> = { k: 5, selfLookupInterval: 500 * HOUR_MS, refreshInterval: 500 * HOUR_MS }

function multihash (number: number): Uint8Array {
  const digest = new Uint8Array(32)
  new DataView(digest.buffer).setUint32(0, number)
  return Uint8Array.of(0x12, 0x20, ...digest)
}

describe('spreading many', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  let dht: DhtContext
  /** What came of each item, by number. */
  let outcomes: Map<number, Reached>
  let regions: SweptRegion[]
  let events: NetworkEvent[]
  let requests: Map<string, number>
  let underway: number
  let mostUnderway: number

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** A network of so many, and a node more that sends. */
  async function network (count: number, init: Partial<KademliaInit> = {}): Promise<void> {
    outcomes = new Map()
    regions = []
    events = []
    requests = new Map()
    underway = 0
    mostUnderway = 0
    simulation = new Simulation({ seed: 61, latency: 10, log: event => { events.push(event) } })
    nodes = count === 0 ? [] : await simulation.nodesJoined(count, { ...QUIET, ...init })
    const sender = await simulation.node({
      ...QUIET,
      ...init,
      bootstrap: nodes[0]?.host.self.addrs ?? [],
      observer: {
        client: {
          onRequest (type) {
            requests.set(type, (requests.get(type) ?? 0) + 1)
            if (type === 'find-node') {
              return () => {}
            }
            mostUnderway = Math.max(mostUnderway, ++underway)
            return () => { underway-- }
          }
        }
      }
    })
    const log = defaultLogger().forComponent('test')
    dht = createContext({
      ...sender.dht.internals,
      self: sender.dht.self,
      providers: new MemoryProviderStore(simulation.clock),
      tasks: new Tasks(log),
      log,
      async awaitContacts () {}
    })
    requests.clear()
    events.length = 0
  }

  function item (number: number, deposit: () => Deposit | undefined = () => ({ type: 'add-provider', key: multihash(number), providers: [dht.self] })): SpreadItem & { number: number } {
    const target = multihash(number)
    return { number, target, key: keyOf(target), deposit: async () => deposit() }
  }

  function items (count: number): Array<ReturnType<typeof item>> {
    return Array.from({ length: count }, (_, number) => item(number))
  }

  async function spread (source: Parameters<typeof spreadMany<ReturnType<typeof item>>>[1], options: SpreadManyOptions = {}): Promise<SpreadMany> {
    return simulation.clock.run(spreadMany(dht, source, { onRegion: region => { regions.push(region) }, ...options }, ({ number }, outcome) => { outcomes.set(number, outcome) }))
  }

  /** How many nodes know that somebody provides it. */
  async function holders (number: number): Promise<number> {
    const rows = await Promise.all(nodes.map(async node => simulation.clock.run(node.dht.findProviders(multihash(number), { source: 'store' }).next())))
    return rows.filter(({ done }) => done !== true).length
  }

  /** Each of the items is with the k closest of those who live, as far as they were told. */
  function expectAtClosest (numbers: Iterable<number>, living = nodes): void {
    for (const number of numbers) {
      const closest = simulation.closest(living, keyOf(multihash(number)), dht.config.k)
      expect(outcomes.get(number)?.reached.map(({ id }) => bytesToMapKey(id)), `item ${number}`).to.deep.equal(closest.map(bytesToMapKey))
    }
  }

  it('leaves each item with its k closest, with far fewer lookups than items', async () => {
    await network(60)
    const result = await spread(items(300))
    expect(outcomes.size).to.equal(300)
    expectAtClosest(outcomes.keys())
    expect(requests.get('add-provider')).to.equal(300 * 5)
    expect(result).to.deep.include({ items: 300, regions: regions.length })
    expect(result.lookups).to.be.within(5, 40)
    expect(regions.reduce((sum, region) => sum + region.items, 0)).to.equal(300)
    expect(regions.reduce((sum, region) => sum + region.lookups, 0)).to.equal(result.lookups)
    expect(Math.max(...regions.map(({ peers }) => peers))).to.be.within(5, 30)
    await simulation.clock.advance(1000)
    for (const number of [0, 100, 299]) {
      expect(await holders(number), 'they have it').to.equal(5)
    }
  })

  it('does not wait until those are through who look up thousands', async () => {
    await network(10)
    for (let i = 0; i < MAX_WALKS; i++) {
      await dht.walks.begin(0, [])
    }
    await spread(items(5))
    expectAtClosest([0, 1, 2, 3, 4])
  })

  it('costs a single item one lookup', async () => {
    await network(60)
    expect(await spread(items(1))).to.deep.equal({ items: 1, regions: 1, lookups: 1 })
    expectAtClosest([0])
    expect(requests.get('add-provider')).to.equal(5)
  })

  it('costs nothing when there are no items', async () => {
    await network(10)
    expect(await spread([])).to.deep.equal({ items: 0, regions: 0, lookups: 0 })
    expect(requests.size).to.equal(0)
  })

  it('makes one lookup where fewer than k live', async () => {
    await network(4)
    expect((await spread(items(50))).lookups).to.equal(1)
    expectAtClosest(outcomes.keys())
    expect(outcomes.get(7)?.reached).to.have.lengthOf(4)
  })

  it('reaches nobody when there is nobody', async () => {
    await network(0)
    expect((await spread(items(3))).lookups).to.equal(1)
    expect([...outcomes.values()]).to.deep.equal(Array.from({ length: 3 }, () => ({ reached: [], failed: [] })))
  })

  it('leaves out what is no longer wanted', async () => {
    await network(20)
    const result = await spread([item(1), item(2, () => undefined), item(3)])
    expect([...outcomes.keys()].sort()).to.deep.equal([1, 3])
    expect(result.items).to.equal(2)
    expect(requests.get('add-provider')).to.equal(2 * 5)
  })

  it('leaves out what cannot be read', async () => {
    await network(20)
    const result = await spread([item(1), item(2, () => { throw new Error('a bad sector') }), item(3)])
    expect([...outcomes.keys()].sort()).to.deep.equal([1, 3])
    expect(result.items).to.equal(2)
  })

  it('sends to those who are alive', async () => {
    await network(60)
    const dead = nodes.filter((_, i) => i % 4 === 1)
    const living = nodes.filter(node => !dead.includes(node))
    dead.forEach(({ host }) => { host.crash() })
    for (const node of living) {
      await simulation.clock.run(node.dht.refresh()) // otherwise they name the dead, and not those behind them
    }
    await spread(items(100))
    expectAtClosest(outcomes.keys(), living)
  })

  it('tells who could not be reached, and sends them nothing more', async () => {
    await network(60)
    const all = items(300)
    const [first] = all.toSorted((a, b) => compareDistance(keyFromBytes(new Uint8Array(32)), a.key, b.key))
    const isVictim = (id: Uint8Array): boolean => bytesEqual(id, simulation.closest(nodes, first.key, 1)[0])
    const victim = nodes.find(({ host }) => isVictim(host.self.id))
    const source = all.map(each => ({
      ...each,
      async deposit (): Promise<Deposit> {
        if (each === first) {
          victim?.host.crash() // it has answered the lookup
        }
        const key = utf8(`/kv/${each.number}`)
        return { type: 'put-value', record: await dht.values.seal(key, key) }
      }
    }))
    await spread(source, { concurrency: 5 })
    const missed = [...outcomes].filter(([, { failed }]) => failed.length > 0)
    expect(missed.map(([number]) => number)).to.include(first.number)
    expect(missed.length, 'sent at once with the first').to.be.within(1, 5)
    for (const [number, { reached, failed }] of missed) {
      expect(failed.map(({ peer }) => isVictim(peer.id)), `item ${number}`).to.deep.equal([true])
      expect(reached).to.have.lengthOf(4)
    }
    const without = [...outcomes].filter(([number, { failed }]) => failed.length === 0 && simulation.closest(nodes, keyOf(multihash(number)), 5).some(isVictim))
    expect(without.length).to.be.greaterThan(10)
    expect(without.every(([, { reached }]) => reached.length === 5), 'another had it instead').to.equal(true)
  })

  it('notices at the first items that somebody is gone', async () => {
    await network(4) // one region: nothing is looked up again
    const source = items(50).map(each => ({
      ...each,
      async deposit (): Promise<Deposit> {
        nodes[2].host.crash()
        const key = utf8(`/kv/${each.number}`)
        return { type: 'put-value', record: await dht.values.seal(key, key) }
      }
    }))
    expect((await spread(source, { concurrency: 5 })).lookups).to.equal(1)
    const sorted = source.toSorted((a, b) => compareDistance(keyFromBytes(new Uint8Array(32)), a.key, b.key))
    expect(sorted.map(({ number }) => outcomes.get(number)?.failed.length)).to.deep.equal(Array.from({ length: 50 }, (_, i) => i < 5 ? 1 : 0))
    expect([...outcomes.values()].every(({ reached }) => reached.length === 3)).to.equal(true)
  })

  it('explores parts of the keyspace side by side, and none that is so small that it costs lookups', async () => {
    await network(40)
    const begun = simulation.clock.now()
    const { lookups } = await spread(items(300), { concurrency: 300 })
    const took = simulation.clock.now() - begun
    expect(took / lookups, 'ms a lookup: one after another each takes 28').to.be.below(20)
    expect(lookups).to.be.at.most(17)
  })

  it('relies on a lookup that most of those asked did not answer only when another finds the same', async () => {
    await network(19, { k: 20 })
    nodes.slice(3).forEach(({ host }) => { host.crash() })
    const { lookups } = await spread(items(30))
    expect(lookups).to.equal(2)
    expect([...outcomes.values()].every(({ reached }) => reached.length === 3)).to.equal(true)
  })

  it('sends what goes to one peer together, so many items at once', async () => {
    await network(20, { k: 20 })
    await spread(items(1))
    events.length = 0
    outcomes.clear()
    await spread(items(100), { concurrency: 50 })
    expect(mostUnderway).to.equal(50 * 20)
    const messages = events.filter(({ type, from }) => type === 'data' && from === 20)
    // to each of 20 peers two rounds of 50 items, and the requests of one lookup
    expect(messages.length).to.be.at.most(20 * 3 + 20)
    expect(requests.get('add-provider')).to.equal(101 * 20)
  })

  it('has no more bytes under way than it may, whatever the concurrency', async () => {
    await network(6)
    const value = new Uint8Array(2 * MIB)
    const source = items(10).map(({ number }) => {
      const key = utf8(`/kv/${number}`)
      return { number, target: key, key: keyOf(key), deposit: async (): Promise<Deposit> => ({ type: 'put-value', record: await dht.values.seal(key, value) }) }
    })
    await spread(source)
    expect([...outcomes.values()].map(({ reached }) => reached.length)).to.deep.equal(Array.from({ length: 10 }, () => 5))
    expect(mostUnderway).to.be.within(5, 7 * 5)
  })

  it('keeps so many items in mind, whatever the source holds', async () => {
    await network(20)
    let pulled = 0
    let most = 0
    async function * source (): AsyncGenerator<ReturnType<typeof item>> {
      for (const each of items(100)) {
        pulled++
        most = Math.max(most, pulled - outcomes.size)
        yield each
      }
    }
    const { lookups } = await spread(source(), { maxQueueSize: 10 })
    expect(outcomes.size).to.equal(100)
    expectAtClosest(outcomes.keys())
    expect(most).to.be.within(2, 10)
    expect(lookups, 'what was explored for those before is used').to.be.at.most(20)
  })

  it('explores anew what it explored long ago', async () => {
    await network(4)
    async function * source (): AsyncGenerator<ReturnType<typeof item>> {
      yield * items(10)
      await simulation.clock.advance(HOUR_MS)
      yield item(11)
    }
    const { lookups } = await spread(source(), { maxQueueSize: 10 })
    expect(lookups).to.equal(2)
  })

  it('ends when it is aborted, with the reason', async () => {
    await network(20)
    const controller = new AbortController()
    const reason = new Error('enough')
    const source = items(100).map(({ number }) => item(number, () => {
      controller.abort(reason)
      return { type: 'add-provider', key: multihash(number), providers: [dht.self] }
    }))
    let caught: unknown
    try {
      await spread(source, { signal: controller.signal })
    } catch (err) {
      caught = err
    }
    expect(caught).to.equal(reason)
    expect(outcomes.size).to.equal(0)
  })

  it('ends when an outcome cannot be taken, with that error', async () => {
    await network(60)
    const reason = new Error('disk full')
    let told = 0
    let caught: unknown
    try {
      await simulation.clock.run(spreadMany(dht, items(300), {}, () => {
        told++
        throw reason
      }))
    } catch (err) {
      caught = err
    }
    expect(caught).to.equal(reason)
    expect(told, 'of 300').to.be.at.most(4 * 10)
  })
})
