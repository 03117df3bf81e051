import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { sleep } from '../../src/clock/wait.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { DatastorePublicationStore } from '../../src/store/datastore-publications.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import { replaceAnswers } from '../helpers/impostor.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import { sealOpenValue } from '../record/fixtures.ts'
import { Disk } from '../store/fixtures.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { GetResult } from '../../src/dht/operations/get.ts'
import type { PutOptions } from '../../src/dht/operations/put.ts'
import type { PutValueOptions, StoredValue } from '../../src/store/value-store.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Small neighbourhoods, so that not everybody holds everything; nothing but what a test is about. */
const QUIET: Partial<KademliaInit> = { k: 4, republish: false, replicateInterval: Infinity, handOver: false, cacheFound: false, refreshInterval: 6 * HOUR, selfLookupInterval: 6 * HOUR }

const KEY = utf8('/kv/key')

/** On something slow. */
class SlowValueStore extends MemoryValueStore {
  /** Called when a value begins to be written. */
  onWrite = (): void => {}
  /** How many are being written. */
  writing = 0
  readonly #clock: Clock

  constructor (clock: Clock) {
    super(clock)
    this.#clock = clock
  }

  override async put (value: StoredValue, options?: PutValueOptions): Promise<void> {
    this.writing++
    this.onWrite()
    await sleep(this.#clock, SECOND)
    await super.put(value, options)
    this.writing--
  }
}

describe('the life of a value', () => {
  let simulation: Simulation

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function network (count: number, init: Partial<KademliaInit> = {}, seed = 1): Promise<SimulatedNode[]> {
    simulation = new Simulation({ seed, latency: 10 })
    return simulation.nodesJoined(count, { ...QUIET, ...init })
  }

  async function put ({ dht }: SimulatedNode, value = 'value', options: PutOptions = {}): Promise<void> {
    await simulation.clock.run(dht.put('key', value, options))
  }

  async function get ({ dht }: SimulatedNode): Promise<GetResult | undefined> {
    return simulation.clock.run(dht.get('key').catch(err => {
      expect(err).to.have.property('name', 'ValueNotFoundError')
      return undefined
    }))
  }

  /** Who keeps the value at the key, and until when. */
  async function holders (nodes: readonly SimulatedNode[]): Promise<Array<{ node: SimulatedNode, value: string, expires: number }>> {
    const rows = await Promise.all(nodes.map(async node => {
      const row = await node.dht.internals.values.kept(KEY)
      return row == null ? [] : [{ node, value: new TextDecoder().decode(node.dht.internals.values.open(row)), expires: row.expires }]
    }))
    return rows.flat()
  }

  /** As if its disk had been lost. */
  async function forget ({ dht: { internals: { store, values } } }: SimulatedNode): Promise<void> {
    const row = await values.kept(KEY)
    await store.put({ key: KEY, value: row?.value ?? KEY, timeReceived: 0, expires: 0 })
  }

  async function settle (): Promise<void> {
    await simulation.clock.advance(MINUTE)
  }

  describe('with a ttl', () => {
    it('is as long as its put says, wherever it is kept, and no longer', async () => {
      const nodes = await network(12)
      const begun = simulation.clock.now()
      await put(nodes[0], 'value', { ttl: 90 * MINUTE })
      for (const { expires } of await holders(nodes)) {
        expect(expires - begun).to.be.within(90 * MINUTE, 90 * MINUTE + 5 * SECOND)
      }
      await simulation.clock.advance(89 * MINUTE)
      expect(new TextDecoder().decode((await get(nodes[7]))?.value)).to.equal('value')
      await simulation.clock.advance(2 * MINUTE)
      expect(await get(nodes[7])).to.equal(undefined)
      expect(await holders(nodes)).to.deep.equal([])
    })

    it('shows what is left of it', async () => {
      const nodes = await network(12)
      await put(nodes[0], 'value', { ttl: 90 * MINUTE })
      await simulation.clock.advance(30 * MINUTE)
      expect((await get(nodes[7]))?.ttl).to.be.within(59 * MINUTE, 60 * MINUTE)
      const [{ node }] = (await holders(nodes)).filter(({ node }) => node !== nodes[7])
      const found = await simulation.clock.run(nodes[7].dht.findValue(node.dht.self, 'key'))
      expect(found.ttl).to.be.within(59 * MINUTE, 60 * MINUTE)
    })

    it('is that of each who keeps it when its put does not say', async () => {
      const nodes = await network(5, { valueTtl: 2 * HOUR })
      await put(nodes[0])
      expect((await holders(nodes)).length).to.be.at.least(4)
      for (const { expires } of await holders(nodes)) {
        expect(expires - simulation.clock.now()).to.be.within(2 * HOUR - 5 * SECOND, 2 * HOUR)
      }
    })

    it('is no longer than those who keep it allow', async () => {
      simulation = new Simulation({ seed: 1, latency: 10 })
      const generous = await simulation.node({ ...QUIET, maxValueTtl: 10 * HOUR })
      const strict = await simulation.node({ ...QUIET, valueTtl: HOUR, maxValueTtl: 2 * HOUR, bootstrap: generous.host.self.addrs })
      await put(generous, 'value', { ttl: 10 * HOUR })
      const [row] = await holders([strict])
      expect(row.expires - simulation.clock.now()).to.be.within(2 * HOUR - 5 * SECOND, 2 * HOUR)
    })

    it('must be a life that can be', async () => {
      const [{ dht }] = await network(1)
      for (const ttl of [0, -1, 999, 1.5, NaN, Infinity, 8 * 24 * HOUR]) {
        await expect(simulation.clock.run(dht.put('key', 'value', { ttl })), `${ttl}`).to.eventually.be.rejected
          .with.property('name', 'InvalidOptionError')
      }
    })

    it('is not shortened by the same value with less of it', async () => {
      const [a] = await network(1)
      await put(a, 'value', { ttl: HOUR })
      const [{ expires }] = await holders([a])
      const row = await a.dht.internals.values.kept(KEY)
      await a.dht.internals.values.accept({ key: KEY, value: row?.value ?? KEY, ttl: MINUTE })
      expect((await holders([a]))[0].expires).to.equal(expires)
    })
  })

  describe('when it is found', () => {
    it('is passed on to those of the closest that lack it, with what is left', async () => {
      const nodes = await network(12)
      await put(nodes[0], 'value', { ttl: HOUR })
      const [one, ...others] = await holders(nodes)
      const latest = Math.max(one.expires, ...others.map(({ expires }) => expires))
      await Promise.all(others.map(async ({ node }) => forget(node)))
      await simulation.clock.advance(30 * MINUTE)
      const reader = nodes.find(node => node !== one.node) ?? nodes[0]
      const found = await get(reader)
      expect(found?.agreeing).to.have.length(1)
      await settle()
      const after = await holders(nodes)
      expect(after.length).to.be.at.least(4)
      for (const { expires } of after) {
        expect(expires).to.be.at.most(latest)
        expect(expires).to.be.at.least(latest - 2 * SECOND)
      }
      expect(reader.dht.internals.counts.corrected).to.be.at.least(3)
    })

    it('is never prolonged, however often it is read', async () => {
      const nodes = await network(12)
      await put(nodes[0], 'value', { ttl: HOUR })
      for (let minutes = 0; minutes < 59; minutes++) {
        expect(await get(nodes[minutes % 12]), `after ${minutes} min`).to.not.equal(undefined)
        await settle()
      }
      await simulation.clock.advance(2 * MINUTE)
      expect(await holders(nodes)).to.deep.equal([])
    })

    it('is given at the end of its life to nobody', async () => {
      const nodes = await network(6)
      await put(nodes[0], 'value', { ttl: 10 * SECOND })
      await simulation.clock.advance(8 * SECOND)
      for (let tenths = 0; tenths < 30; tenths++) {
        await get(nodes[tenths % 6])
        await simulation.clock.advance(100)
      }
      expect(await holders(nodes)).to.deep.equal([])
    })

    it('is not begun again by a get from one who keeps it past its end', async () => {
      const nodes = await network(6)
      await put(nodes[0], 'value', { ttl: 10 * MINUTE })
      const [{ value }, timeReceived] = [await nodes[0].dht.internals.store.get(KEY) ?? { value: KEY }, simulation.clock.now()]
      await replaceAnswers(simulation, nodes[5], {
        'get-value': ({ key }) => [{ type: 'get-value', key, record: { key, value, timeReceived, ttl: 10 * MINUTE }, closer: [] }]
      })
      await simulation.clock.advance(11 * MINUTE)
      const found = await get(nodes[1])
      await settle()
      expect(found?.ttl).to.equal(0)
      expect(await holders(nodes)).to.deep.equal([])
    })

    it('is passed on for as long as others keep values when its holder does not tell what is left', async () => {
      const nodes = await network(6, { valueTtl: 2 * HOUR, cacheFound: true })
      const { value } = await nodes[0].dht.internals.values.seal('key', 'value')
      const [closest] = simulation.closest(nodes.slice(1), keyOf(KEY), 1)
      const holder = nodes.find(({ dht }) => dht.self.id === closest) ?? nodes[1]
      await replaceAnswers(simulation, holder, { 'get-value': ({ key }) => [{ type: 'get-value', key, record: { key, value }, closer: [] }] })
      expect(await get(nodes[0])).to.include({ ttl: undefined })
      await settle()
      const after = (await holders(nodes)).map(({ expires }) => expires - simulation.clock.now())
      expect(after.length).to.be.within(3, 4)
      expect(after.filter(life => life > 2 * HOUR - 2 * MINUTE && life <= 2 * HOUR), 'those of the closest').to.have.lengthOf(3)
      expect(nodes[0].dht.internals.counts).to.include({ corrected: 3, cached: 1 })
    })

    it('is passed on to those who have an older one though our own store is full', async () => {
      const [a, b] = await network(2)
      const values = new MemoryValueStore(simulation.clock, { maxBytes: 20 })
      const reader = await simulation.node({ ...QUIET, values, bootstrap: a.host.self.addrs })
      const old = await a.dht.internals.values.seal('key', 'old')
      await simulation.clock.advance(1)
      const newer = await a.dht.internals.values.seal('key', 'a newer one, which is longer')
      await a.dht.internals.values.accept(newer)
      await Promise.all([b, reader].map(async node => node.dht.internals.values.accept(old)))
      await get(reader)
      await settle()
      expect((await holders([a, b, reader])).map(({ value }) => value.slice(0, 7))).to.deep.equal(['a newer', 'a newer', 'old'])
    })

    it('is told with how many agree', async () => {
      const nodes = await network(12)
      await put(nodes[0])
      const agreeing: number[] = []
      const found = await simulation.clock.run(nodes[7].dht.get('key', {
        onProgress (event) {
          if (event.type === 'value') {
            agreeing.push(event.agreeing)
          }
        }
      }))
      expect(agreeing).to.deep.equal(found.agreeing.map((_, i) => i + 1))
      expect(agreeing.length).to.be.at.least(4)
      await settle()
      const { corrected } = nodes[7].dht.internals.counts
      await get(nodes[7])
      await settle()
      expect(nodes[7].dht.internals.counts.corrected, 'who has it is not given it again').to.equal(corrected)
    })

    it('is kept for no longer by who had an older one and asked', async () => {
      const [a, reader] = await network(2)
      await put(a, 'old')
      await simulation.clock.advance(SECOND)
      const newer = await a.dht.internals.values.seal('key', 'newer')
      await a.dht.internals.values.accept({ ...newer, ttl: HOUR })
      const latest = simulation.clock.now() + HOUR
      await get(reader)
      await settle()
      const [{ value, expires }] = await holders([reader])
      expect(value).to.equal('newer')
      expect(expires).to.be.at.most(latest)
    })

    it('is not strewn about when a get stops early', async () => {
      const nodes = await network(40)
      await put(nodes[0])
      const before = await holders(nodes)
      for (const { dht } of nodes) {
        await simulation.clock.run(dht.get('key', { quorum: 1 }))
      }
      await settle()
      expect((await holders(nodes)).length).to.equal(before.length)
    })

    it('is left with nobody on the way for less than a minute', async () => {
      const nodes = await network(40, { cacheFound: true })
      await put(nodes[0], 'value', { ttl: 110 * SECOND })
      for (const reader of nodes) {
        await get(reader)
      }
      await settle()
      expect(nodes.map(({ dht }) => dht.internals.counts.cached)).to.deep.equal(nodes.map(() => 0))
    })

    it('is left with another than those of the closest that are given it', async () => {
      const nodes = await network(40, { cacheFound: true })
      await put(nodes[0], 'value', { ttl: 20 * HOUR })
      const before = (await holders(nodes)).map(({ node }) => node)
      await forget(before.find(({ dht }) => dht.self.id === simulation.closest(nodes, keyOf(KEY), 1)[0]) ?? nodes[0])
      await get(nodes.find(node => !before.includes(node)) ?? nodes[0])
      await settle()
      const after = (await holders(nodes)).map(({ node }) => node)
      expect(before.every(node => after.includes(node))).to.equal(true)
      expect(after).to.have.lengthOf(before.length + 1)
    })

    it('is left with the closest other peer that lacked it, for less the farther that is', async () => {
      const nodes = await network(40, { cacheFound: true })
      await put(nodes[0], 'value', { ttl: 20 * HOUR })
      const before = new Set((await holders(nodes)).map(({ node }) => node))
      const reader = nodes.find(node => !before.has(node)) ?? nodes[0]
      await get(reader)
      await settle()
      const cached = (await holders(nodes)).filter(({ node }) => !before.has(node))
      expect(cached).to.have.length(1)
      const order = simulation.closest(nodes.filter(node => node !== reader), keyOf(KEY), nodes.length)
      const rank = order.findIndex(id => id === cached[0].node.dht.self.id)
      expect(rank).to.be.at.least(4)
      const halvings = Math.log2(20 * HOUR / (cached[0].expires - simulation.clock.now() + MINUTE))
      expect(halvings % 1, 'a half, a quarter, an eighth, …').to.satisfy((rest: number) => rest < 0.05 || rest > 0.95)
      expect(Math.round(halvings)).to.be.within(1, rank - 3)
      expect(reader.dht.internals.counts.cached).to.equal(1)
    })
  })

  describe('of our own', () => {
    it('is not begun again once another was put that is not to be kept alive', async () => {
      const [node] = await network(2)
      await put(node, 'value', { republish: true })
      expect(node.dht.internals.publisher.counts.values).to.equal(1)
      await put(node, 'another', { republish: false })
      expect(node.dht.internals.publisher.counts.values).to.equal(0)
    })

    it('is begun again before it is over, until it is unpublished', async () => {
      const nodes = await network(12, { valueTtl: 2 * HOUR })
      await put(nodes[0], 'value', { republish: true })
      for (let hours = 0; hours < 12; hours++) {
        await simulation.clock.advance(HOUR)
        const kept = (await holders(nodes)).filter(({ node }) => node !== nodes[0])
        expect(kept.length, `after ${hours} h`).to.be.at.least(4)
      }
      expect(nodes[0].dht.internals.counts.republished).to.be.within(8, 12)
      expect(nodes[0].dht.internals.publisher.counts.values).to.equal(1)
      expect(await nodes[0].dht.unpublish('key')).to.equal(true)
      expect(await nodes[0].dht.unpublish('key')).to.equal(false)
      await simulation.clock.advance(2 * HOUR)
      expect(await get(nodes[5])).to.equal(undefined)
    })

    it('is begun again before it is over for others, too, who keep values for less than we do', async () => {
      const nodes = await network(8, { valueTtl: HOUR })
      const publisher = await simulation.node({ ...QUIET, republish: true, valueTtl: 8 * HOUR, bootstrap: nodes[0].host.self.addrs })
      await put(publisher)
      for (let hours = 0; hours < 12; hours++) {
        await simulation.clock.advance(HOUR)
        expect((await holders(nodes)).length, `after ${hours} h`).to.be.at.least(4)
      }
    })

    it('begins again for as long as its put said', async () => {
      const nodes = await network(8, { valueTtl: HOUR })
      await put(nodes[0], 'value', { ttl: 8 * HOUR, republish: true })
      await simulation.clock.advance(7 * HOUR)
      const lives = (await holders(nodes)).map(({ expires }) => expires - simulation.clock.now())
      expect(lives.length).to.be.at.least(4)
      lives.forEach(life => { expect(life).to.be.within(5 * HOUR - MINUTE, 7 * HOUR + MINUTE) })
    })

    it('does not begin again in step with others', async () => {
      const nodes = await network(2, { valueTtl: 24 * HOUR })
      for (let i = 0; i < 20; i++) {
        await simulation.clock.run(nodes[0].dht.put(`key ${i}`, 'value', { republish: true }))
      }
      const times = new Set<number>()
      for (let minutes = 0; minutes < 8 * 60; minutes += 5) {
        await simulation.clock.advance(5 * MINUTE)
      }
      expect(nodes[0].dht.internals.counts.republished).to.equal(0)
      for (let minutes = 0; minutes < 12 * 60; minutes += 5) {
        const before = nodes[0].dht.internals.counts.republished
        await simulation.clock.advance(5 * MINUTE)
        if (nodes[0].dht.internals.counts.republished > before) {
          times.add(minutes)
        }
      }
      expect(nodes[0].dht.internals.counts.republished).to.equal(20)
      expect(times.size).to.be.at.least(8)
    })

    it('is begun again after a restart, and after a time longer than it', async () => {
      const nodes = await network(8, { valueTtl: 2 * HOUR })
      const datastore = new MemoryDatastore()
      const publisher = async (): Promise<SimulatedNode> => {
        const publications = new DatastorePublicationStore({ datastore })
        await publications.open()
        return simulation.node({ ...QUIET, republish: true, valueTtl: 2 * HOUR, publications, bootstrap: nodes[0].host.self.addrs })
      }
      const first = await publisher()
      await put(first)
      await simulation.clock.run(first.dht.stop())
      const second = await publisher()
      await simulation.clock.advance(5 * HOUR)
      expect(await get(nodes[3])).to.have.property('ttl').that.is.within(0, 2 * HOUR)
      await simulation.clock.run(second.dht.stop())
      await simulation.clock.advance(24 * HOUR)
      expect(await get(nodes[3])).to.equal(undefined)
      await publisher()
      await settle()
      expect(new TextDecoder().decode((await get(nodes[3]))?.value)).to.equal('value')
    })

    it('is not begun again once somebody has put a newer one', async () => {
      const nodes = await network(12, { valueTtl: 2 * HOUR })
      await put(nodes[0], 'old', { republish: true })
      await settle()
      await put(nodes[1], 'new', { republish: true })
      for (let hours = 0; hours < 8; hours++) {
        await simulation.clock.advance(HOUR)
        expect(new TextDecoder().decode((await get(nodes[hours]))?.value)).to.equal('new')
      }
      expect(nodes[0].dht.internals.publisher.counts.values).to.equal(0)
      expect(nodes[0].dht.internals.counts.superseded).to.equal(1)
      expect(nodes[1].dht.internals.publisher.counts.values).to.equal(1)
    })

    it('is replaced by the newer one of a peer that refuses it', async () => {
      const [a, b] = await network(2, { valueTtl: 2 * HOUR })
      await put(a, 'old', { republish: true })
      const newer = await b.dht.internals.values.seal('key', 'new')
      await b.dht.internals.values.accept({ ...newer, ttl: 5 * HOUR })
      await simulation.clock.advance(2 * HOUR)
      expect((await holders([a, b])).map(({ value }) => value)).to.deep.equal(['new', 'new'])
      expect(a.dht.internals.publisher.counts.values).to.equal(0)
    })

    it('is over once we have met a newer one, also when that is over', async () => {
      const [a, b] = await network(2, { valueTtl: 10 * HOUR })
      await put(a, 'old', { republish: true })
      await put(b, 'new', { ttl: HOUR })
      expect(a.dht.internals.publisher.counts.values).to.equal(0)
      expect(a.dht.internals.counts.superseded).to.equal(1)
      await simulation.clock.advance(2 * HOUR)
      expect(await get(a)).to.equal(undefined)
      expect(await get(b)).to.equal(undefined)
      await simulation.clock.advance(10 * HOUR)
      expect(await get(b)).to.equal(undefined)
    })

    it('is over once a get of ours has found a newer one', async () => {
      const [a, b] = await network(2, { valueTtl: 10 * HOUR })
      await put(a, 'old', { republish: true })
      const newer = await b.dht.internals.values.seal('key', 'new')
      await b.dht.internals.values.accept({ ...newer, ttl: HOUR })
      await simulation.clock.run((await get(a))?.passedOn ?? Promise.resolve())
      await simulation.clock.advance(2 * HOUR)
      expect(await get(a)).to.equal(undefined)
    })

    it('is over once a peer that refuses it has a newer one, though our store has no room for that', async () => {
      const [, b] = await network(2, { valueTtl: 4 * HOUR })
      const values = new MemoryValueStore(simulation.clock, { maxValues: 0 })
      const full = await simulation.node({ ...QUIET, valueTtl: HOUR, values, bootstrap: b.host.self.addrs })
      await put(full, 'old', { republish: true })
      await put(b, 'new')
      await simulation.clock.advance(2 * HOUR)
      expect(full.dht.internals.publisher.counts.values).to.equal(0)
    })

    it('is begun again soon when nobody could be told', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const a = await simulation.node({ ...QUIET, republish: true })
      await put(a)
      const b = await simulation.node({ ...QUIET, bootstrap: a.host.self.addrs })
      await simulation.clock.advance(2 * MINUTE)
      expect(await holders([b])).to.have.length(1)
    })

    it('is over by itself once it is put again to be left alone', async () => {
      const nodes = await network(6, { valueTtl: 2 * HOUR })
      await put(nodes[0], 'value', { republish: true })
      await put(nodes[0], 'other', { republish: false })
      await simulation.clock.advance(3 * HOUR)
      expect(await get(nodes[3])).to.equal(undefined)
    })

    it('lasts though our store has no room for it', async () => {
      const nodes = await network(6, { maxValueSize: 100 })
      const values = new MemoryValueStore(simulation.clock, { maxValues: 1 })
      const full = await simulation.node({ ...QUIET, values, bootstrap: nodes[0].host.self.addrs })
      await simulation.clock.run(full.dht.put('other', 'value', { republish: false }))
      await expect(simulation.clock.run(full.dht.put('key', 'value', { republish: false }))).to.eventually.be.rejected
        .with.property('name', 'StoreFullError')
      await put(full, 'value', { republish: true })
      const found = await simulation.clock.run(nodes[2].dht.findValue(full.dht.self, 'key'))
      expect(new TextDecoder().decode(found.value)).to.equal('value')
    })

    it('takes the place of an older one though our store has no room for it', async () => {
      const [other] = await network(1, {})
      const values = new MemoryValueStore(simulation.clock, { maxBytes: 30 })
      const full = await simulation.node({ ...QUIET, values, republish: true, bootstrap: other.host.self.addrs })
      await simulation.clock.run(full.dht.put('key', 'old'))
      await simulation.clock.run(full.dht.put('key', 'a newer and larger value'))
      expect((await values.get(full.dht.internals.values.keyOf('key')))?.value.byteLength, 'kept').to.be.below(20)
      const { value } = await simulation.clock.run(other.dht.findValue(full.dht.self, 'key'))
      expect(new TextDecoder().decode(value)).to.equal('a newer and larger value')
      const own = await simulation.clock.run(full.dht.get('key', { quorum: 1 }))
      expect(new TextDecoder().decode(own.value)).to.equal('a newer and larger value')
    })
  })

  describe('held for others', () => {
    it('outlasts its holders, and its publisher, and no longer than it should', async () => {
      const nodes = await network(12, { replicateInterval: HOUR }, 5)
      await put(nodes[0], 'value', { ttl: 24 * HOUR })
      const begun = simulation.clock.now()
      nodes[0].host.crash()
      let alive = nodes.slice(1)
      for (let hours = 1; hours < 24; hours++) {
        const [gone] = await holders(alive)
        gone.node.host.crash()
        alive = alive.filter(node => node !== gone.node)
        alive.push(await simulation.node({ ...QUIET, replicateInterval: HOUR, bootstrap: alive[0].host.self.addrs }))
        await simulation.clock.advance(begun + hours * HOUR + 30 * MINUTE - simulation.clock.now())
        expect((await holders(alive)).length, `after ${hours} h`).to.be.at.least(3)
      }
      expect(await get(alive[3])).to.not.equal(undefined)
      await simulation.clock.advance(begun + 24 * HOUR + 10 * SECOND - simulation.clock.now())
      expect(await holders(alive)).to.deep.equal([])
    })

    it('is passed on by one of its holders each hour, not by all', async () => {
      let puts = 0
      const observer: KademliaInit['observer'] = {
        server: {
          onRequest (type) {
            puts += type === 'put-value' ? 1 : 0
            return () => {}
          }
        }
      }
      const nodes = await network(30, { k: 8, replicateInterval: HOUR, observer })
      await put(nodes[0])
      puts = 0
      await simulation.clock.advance(10 * HOUR)
      const rounds = puts / 8
      expect(rounds).to.be.within(7, 14)
    })

    it('is known again after a restart, without being read', async () => {
      simulation = new Simulation({ seed: 1 })
      const { clock } = simulation
      const datastore = new Disk()
      const open = async (): Promise<DatastoreValueStore> => {
        const values = new DatastoreValueStore({ datastore, clock, ttl: 24 * HOUR })
        await values.open()
        return values
      }
      const { dht } = await simulation.node({ values: await open() })
      for (let i = 0; i < 1_200; i++) {
        await dht.put(`${i}`, 'value')
      }
      datastore.calls.get = 0
      const again = await simulation.node({ values: await open() })
      await clock.advance(SECOND)
      expect(again.dht.counts.held.values).to.equal(1_200)
      expect(datastore.calls.get).to.equal(0)
    })

    it('is left alone when it came within the hour', async () => {
      const nodes = await network(12, { replicateInterval: HOUR })
      for (let i = 0; i < 8; i++) {
        await put(nodes[0], 'value')
        await simulation.clock.advance(50 * MINUTE)
      }
      expect(nodes.reduce((sum, { dht }) => sum + dht.internals.counts.replicated, 0)).to.equal(0)
    })

    it('goes on after a restart', async () => {
      const nodes = await network(3, { replicateInterval: HOUR })
      const values = new MemoryValueStore(simulation.clock)
      const first = await simulation.node({ ...QUIET, values, bootstrap: nodes[0].host.self.addrs })
      await put(first, 'value', { ttl: 10 * HOUR })
      await simulation.clock.run(first.dht.stop())
      nodes.forEach(({ host }) => { host.crash() })
      const others = await simulation.nodesJoined(3, QUIET)
      await simulation.node({ ...QUIET, values, replicateInterval: HOUR, bootstrap: others[0].host.self.addrs })
      await simulation.clock.advance(2 * HOUR)
      expect(await holders(others)).to.have.length(3)
    })

    it('is replaced by the newer one of a peer that refuses it', async () => {
      const [a, b] = await network(2, { replicateInterval: HOUR })
      await put(a, 'old')
      const newer = await b.dht.internals.values.seal('key', 'new')
      await b.dht.internals.values.accept({ ...newer, ttl: HOUR * 5 })
      await simulation.clock.advance(2 * HOUR)
      expect((await holders([a, b])).map(({ value }) => value)).to.deep.equal(['new', 'new'])
    })

    it('is replaced before a node that stops has stopped', async () => {
      const [a] = await network(1)
      const values = new SlowValueStore(simulation.clock)
      const keeper = await simulation.node({ ...QUIET, values, replicateInterval: HOUR, bootstrap: a.host.self.addrs })
      await put(keeper, 'old')
      const newer = await a.dht.internals.values.seal('key', 'new')
      await a.dht.internals.values.accept({ ...newer, ttl: HOUR * 5 })
      const stopped = new Promise<number>((resolve, reject) => {
        values.onWrite = () => { keeper.dht.stop().then(() => { resolve(values.writing) }, reject) }
      })
      await simulation.clock.advance(2 * HOUR)
      expect(await stopped, 'being written').to.equal(0)
      expect((await holders([keeper])).map(({ value }) => value)).to.deep.equal(['new'])
    })

    it('counts against a peer that refuses it and gives a larger one', async () => {
      const nodes = await network(2, { replicateInterval: HOUR, maxValueSize: 1_000 })
      const store = new MemoryValueStore(simulation.clock, { maxBytes: 4_000 })
      const keeper = await simulation.node({ ...QUIET, values: store, replicateInterval: HOUR, maxValueSize: 1_000, bootstrap: nodes[0].host.self.addrs })
      for (const name of ['a', 'b', 'c']) {
        await simulation.clock.run(nodes[1].dht.store(keeper.dht.self, name, 'small'))
      }
      await replaceAnswers(simulation, nodes[1], {
        'put-value': () => { throw new Error('refused') },
        'get-value': ({ key }) => [{ type: 'get-value', key, record: { key, value: sealOpenValue(new Uint8Array(900), simulation.clock.now()) }, closer: [] }]
      })
      await simulation.clock.advance(3 * HOUR)
      expect(store.counts.values).to.equal(3)
      expect(store.counts.bytes, 'a quarter of the store').to.be.within(900, 1_000)
      expect(store.counts.refused.perPeer).to.be.at.least(2)
    })

    it('is refused with a key that nobody could look for when it is passed on', async () => {
      let gone = 0
      const nodes = await network(6, { replicateInterval: HOUR, observer: { onContactGone () { gone++ } } })
      const [victim, stranger] = nodes
      const key = utf8('/kv/'.padEnd(100_000, 'x'))
      const record = { key, value: sealOpenValue(utf8('x'), simulation.clock.now()) }
      const refused = stranger.dht.internals.client.request(victim.dht.self, { type: 'put-value', record })
      await expect(simulation.clock.run(refused)).to.eventually.be.rejected.with.property('name', 'StreamResetError')
      await simulation.clock.advance(2 * HOUR)
      expect(gone).to.equal(0)
    })

    it('goes to a newcomer that should hold it, once, from one peer', async () => {
      const nodes = await network(20, { handOver: true })
      await put(nodes[0])
      const from: string[] = []
      let newcomer: SimulatedNode
      let tries = 0
      do { // until one comes that belongs to the closest
        from.length = 0
        newcomer = await simulation.node({
          ...QUIET,
          bootstrap: nodes[3].host.self.addrs,
          observer: {
            server: {
              onRequest (type, peer) {
                if (type === 'put-value') {
                  from.push(String(peer.id))
                }
                return () => {}
              }
            }
          }
        })
        await settle()
        nodes.push(newcomer)
        const closest = simulation.closest(nodes, keyOf(KEY), 4)
        if (closest.includes(newcomer.dht.self.id)) {
          break
        }
        expect(from, 'a newcomer that need not hold it').to.deep.equal([])
      } while (++tries < 100)
      expect(from).to.have.length(1)
      expect(await holders([newcomer])).to.have.length(1)
      await simulation.clock.advance(5 * HOUR)
      expect(from).to.have.length(1)
    })

    it('is neither passed on nor begun again on a libp2p network, as in go', async () => {
      simulation = new Simulation({ seed: 9, latency: 10 })
      const protocol = `${PROTOCOL}/kad/1.0.0`
      const nodes = [await simulation.node({ protocol, k: 4 })]
      for (let i = 1; i < 6; i++) {
        nodes.push(await simulation.node({ protocol, k: 4, bootstrap: nodes[0].host.self.addrs }))
      }
      await put(nodes[0])
      const begun = simulation.clock.now()
      nodes.push(await simulation.node({ protocol, k: 4, bootstrap: nodes[0].host.self.addrs }))
      await simulation.clock.advance(10 * HOUR)
      for (const { expires } of await holders(nodes)) {
        expect(expires).to.be.within(begun - MINUTE + 48 * HOUR, begun + 48 * HOUR)
      }
      const sums = nodes.map(({ dht: { internals: { counts: { republished, replicated, handedOver, cached } } } }) => republished + replicated + handedOver + cached)
      expect(sums).to.deep.equal(nodes.map(() => 0))
    })
  })

  it('is over for good when what has expired is collected', async () => {
    const nodes = await network(6, { collectInterval: HOUR, handOver: true })
    await put(nodes[0], 'value', { ttl: 90 * MINUTE })
    await simulation.clock.advance(3 * HOUR)
    const [collected, held] = [nodes.map(({ dht }) => dht.internals.counts.collected), nodes.map(({ dht }) => dht.internals.holdings.size)]
    expect(collected.reduce((sum, count) => sum + count, 0)).to.be.at.least(4)
    expect(held).to.deep.equal(nodes.map(() => 0))
  })
})
