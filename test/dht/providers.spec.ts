import { expect } from 'aegir/chai'
import { bytesToMapKey, keyOf } from '../../src/keyspace/key.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { countListeners } from '../helpers/listeners.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { DhtEvent } from '../../src/dht/events.ts'
import type { FindProvidersOptions, FoundProvider } from '../../src/dht/operations/find-providers.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000

/** A multihash like any other. */
const CONTENT = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32).fill(5))

describe('provider records in a network', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]

  beforeEach(async () => {
    simulation = new Simulation({ seed: 21, latency: [10, 40] })
    nodes = await simulation.nodesJoined(30)
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function provide (...providers: SimulatedNode[]): Promise<void> {
    for (const { dht } of providers) {
      await simulation.clock.run(dht.provide(CONTENT))
      await simulation.clock.advance(1000)
    }
  }

  async function find (node: SimulatedNode, options?: FindProvidersOptions): Promise<FoundProvider[]> {
    return simulation.clock.run((async () => {
      const found: FoundProvider[] = []
      for await (const each of node.dht.findProviders(CONTENT, options)) {
        found.push(each)
      }
      return found
    })())
  }

  function ids (found: readonly FoundProvider[]): string[] {
    return found.map(({ provider }) => bytesToMapKey(provider.id)).sort()
  }

  function idsOf (...of: SimulatedNode[]): string[] {
    return of.map(({ dht }) => bytesToMapKey(dht.self.id)).sort()
  }

  it('go to the k closest', async () => {
    const { sentTo, failed } = await simulation.clock.run(nodes[0].dht.provide(CONTENT))
    await simulation.clock.advance(1000)
    const others = nodes.slice(1)
    const closest = simulation.closest(others, keyOf(CONTENT), 20)
    expect(sentTo.map(({ id }) => id)).to.deep.equal(closest)
    expect(failed).to.deep.equal([])
    for (const node of others) {
      const isHolder = closest.some(id => bytesToMapKey(id) === bytesToMapKey(node.dht.self.id))
      expect(ids(await find(node, { source: 'store' })), 'who was told knows').to.deep.equal(isHolder ? idsOf(nodes[0]) : [])
    }
  })

  it('are of the multihash that was given, though its bytes are used again before all are told', async () => {
    const multihash = CONTENT.slice()
    const providing = nodes[0].dht.provide(multihash)
    multihash.fill(1)
    const { key } = await simulation.clock.run(providing)
    await simulation.clock.advance(1000)
    expect(key).to.equalBytes(CONTENT)
    expect(ids(await find(nodes[1]))).to.deep.equal(idsOf(nodes[0]))
  })

  it('are found from everywhere, each provider once, with its addresses', async () => {
    await provide(nodes[1], nodes[2], nodes[3])
    for (const node of nodes) {
      const found = await find(node)
      expect(ids(found)).to.deep.equal(idsOf(nodes[1], nodes[2], nodes[3]))
      expect(found.every(({ provider }) => provider.addrs.length === 1)).to.equal(true)
    }
  })

  it('are told in events, each provider once', async () => {
    await provide(nodes[1], nodes[2])
    const events: DhtEvent[] = []
    await find(nodes[9], { onProgress: event => { events.push(event) } })
    const told = events.flatMap(event => event.type === 'providers' ? [...event.providers] : [])
    expect(told.map(({ id }) => bytesToMapKey(id)).sort()).to.deep.equal(idsOf(nodes[1], nodes[2]))
  })

  it('end the lookup when there are enough', async () => {
    await provide(nodes[1], nodes[2], nodes[3])
    const client = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    const asked = async (limit: number): Promise<[found: number, asked: number]> => {
      let requests = 0
      const found = await find(client, { limit, onProgress: ({ type }) => { requests += type === 'asking' ? 1 : 0 } })
      return [found.length, requests]
    }
    const [two, fewer] = await asked(2) // first: once it has searched it knows whom to ask
    const [all, most] = await asked(0)
    expect([all, two]).to.deep.equal([3, 2])
    expect(fewer).to.be.lessThan(most)
  })

  it('may be left early, which blames nobody', async () => {
    await provide(nodes[1], nodes[2])
    const { dht } = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    const before = dht.contacts
    const events = dht.findProviders(CONTENT)
    expect((await simulation.clock.run(events.next())).done).to.equal(false)
    expect([...dht.internals.client.pending()].length).to.be.above(0)
    await simulation.clock.run(events.return(undefined))
    expect([...dht.internals.client.pending()]).to.deep.equal([])
    expect(dht.contacts).to.equal(before)
  })

  it('may be put aside, which keeps nothing in memory past the deadline', async () => {
    await provide(nodes[1], nodes[2])
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    const { dht } = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    const events = dht.findProviders(CONTENT, { signal, timeout: 5_000 })
    expect((await simulation.clock.run(events.next())).done).to.equal(false)
    await simulation.clock.advance(5_000)
    expect(listeners.now).to.equal(0)
  })

  it('of who cannot be dialled are kept by nobody but itself', async () => {
    const client = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    const { sentTo, failed } = await simulation.clock.run(client.dht.provide(CONTENT))
    expect(sentTo).to.deep.equal([])
    expect([failed.length, new Set(failed.map(({ error }) => error.name))]).to.deep.equal([20, new Set(['NoAddressError'])])
    await simulation.clock.advance(1000)
    expect(await find(nodes[9])).to.deep.equal([])
    expect(ids(await find(client, { source: 'store' }))).to.deep.equal(idsOf(client))
  })

  it('without addresses come last, and count only when those with are not enough', async () => {
    await simulation.stop()
    simulation = new Simulation({ seed: 23, latency: 10 })
    nodes = await simulation.nodesJoined(3)
    const lax = new MemoryProviderStore(simulation.clock)
    const nowhere = simulation.network.createHost({ listen: false }).self
    await lax.add(CONTENT, nowhere)
    await simulation.node({ providers: lax, bootstrap: nodes[0].host.self.addrs })
    await provide(nodes[1])
    const order = async (limit: number): Promise<Array<[string, number]>> => (await find(nodes[2], { limit })).map(({ provider }) => [bytesToMapKey(provider.id), provider.addrs.length])
    const [withAddrs, without]: Array<[string, number]> = [[bytesToMapKey(nodes[1].dht.self.id), 1], [bytesToMapKey(nowhere.id), 0]]
    expect(await order(0)).to.deep.equal([withAddrs, without])
    expect(await order(2)).to.deep.equal([withAddrs, without])
    expect(await order(1)).to.deep.equal([withAddrs])
  })

  it('that one peer names by the dozen keep out none that others name', async () => {
    await simulation.stop()
    const liar = 3
    simulation = new Simulation({ seed: 23, latency: (from, to) => from === liar || to === liar ? 1 : 10 })
    nodes = await simulation.nodesJoined(liar)
    const lax = new MemoryProviderStore(simulation.clock)
    await simulation.node({ providers: lax, bootstrap: nodes[0].host.self.addrs })
    await provide(nodes[1])
    for (let i = 0; i < 40; i++) {
      await lax.add(CONTENT, simulation.network.createHost().self)
    }
    const client = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    for (const limit of [20, 4]) {
      const found = await find(client, { limit })
      expect(found).to.have.lengthOf(limit)
      expect(ids(found)).to.include.members(idsOf(nodes[1]))
      expect(new Set(ids(found)), 'each once').to.have.property('size', limit)
    }
  })

  it('that we keep ourselves are given once, and are enough if they are so many', async () => {
    const nowhere = simulation.network.createHost({ listen: false }).self
    const kept = new MemoryProviderStore(simulation.clock)
    await kept.add(CONTENT, { id: nodes[1].dht.self.id, addrs: [] })
    await kept.add(CONTENT, nowhere)
    const client = await simulation.node({ mode: 'client', providers: kept, bootstrap: nodes[0].host.self.addrs })
    expect(await find(client, { source: 'store', limit: 1 }), 'without addresses').to.have.lengthOf(1)

    await provide(nodes[1])
    const found = await find(client)
    expect(found.map(({ provider }) => provider.addrs.length), 'with the addresses that others know').to.deep.equal([1, 0])
    expect(ids(found)).to.deep.equal([...idsOf(nodes[1]), bytesToMapKey(nowhere.id)].sort())

    await kept.add(CONTENT, nodes[2].dht.self)
    const asked: string[] = []
    await find(client, { limit: 1, onProgress: ({ type }) => { asked.push(type) } })
    expect(asked).to.deep.equal(['providers'])
  })

  it('are our own, too, with the addresses that we have now', async () => {
    await provide(nodes[1])
    const [{ provider, from }] = await find(nodes[1], { source: 'store' })
    expect(bytesToMapKey(provider.id)).to.equal(bytesToMapKey(nodes[1].dht.self.id))
    expect(provider.addrs).to.deep.equal(nodes[1].host.self.addrs)
    expect(from).to.equal(undefined)
  })

  it('name a provider without addresses after 24 h, and not at all after 48 h', async () => {
    await simulation.stop()
    simulation = new Simulation({ seed: 22, latency: 10 })
    nodes = await simulation.nodesJoined(10, { selfLookupInterval: 24 * HOUR_MS, refreshInterval: 24 * HOUR_MS })
    await provide(nodes[1])
    nodes[1].host.crash()
    await simulation.clock.advance(24 * HOUR_MS - 60_000)
    expect((await find(nodes[9])).map(({ provider }) => provider.addrs.length)).to.deep.equal([1])
    await simulation.clock.advance(120_000)
    expect((await find(nodes[9])).map(({ provider }) => provider.addrs.length)).to.deep.equal([0])
    await simulation.clock.advance(24 * HOUR_MS - 180_000)
    expect(await find(nodes[9])).to.have.lengthOf(1)
    await simulation.clock.advance(180_000)
    expect(await find(nodes[9])).to.deep.equal([])
  })

  it('are refused with a limit that makes no sense', async () => {
    for (const limit of [-1, 0.5, NaN]) {
      await expect(find(nodes[0], { limit })).to.eventually.be.rejected.with.property('name', 'InvalidOptionError')
    }
  })

  it('that could not be left are named with the cause', async () => {
    const holder = nodes.find(({ dht }) => bytesToMapKey(dht.self.id) === bytesToMapKey(simulation.closest(nodes.slice(1), keyOf(CONTENT), 1)[0]))
    const events: string[] = []
    const { sentTo, failed } = await simulation.clock.run(nodes[0].dht.provide(CONTENT, {
      onProgress (event) {
        if (event.type === 'closest') {
          holder?.host.crash()
        }
        events.push(event.type)
      }
    }))
    // what is written to a crashed host's open stream is lost without a word, and a new stream is not to be had
    expect(sentTo.length + failed.length).to.equal(20)
    expect(events.filter(type => type === 'stored' || type === 'failed').length).to.be.at.least(20)
  })
})
