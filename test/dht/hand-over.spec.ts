import { expect } from 'aegir/chai'
import { contactOf } from '../../src/keyspace/contact.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const SECOND = 1_000
const HOUR = 3_600_000
const K = 4

/** Nothing but what a test is about; everybody knows everybody. */
const QUIET: Partial<KademliaInit> = { k: K, prefixLength: Infinity, republish: false, replicateInterval: Infinity, handOver: false, cacheFound: false, refreshInterval: 500 * HOUR, selfLookupInterval: 500 * HOUR }

describe('handing over', () => {
  let simulation: Simulation
  let others: SimulatedNode[]
  /** The only one that gives newcomers what they should hold. */
  let holder: SimulatedNode
  /** Who is to come. */
  let expected: Contact
  let newcomer: SimulatedNode
  /** When the newcomer was given something, milliseconds after it had joined. */
  let given: number[]
  let onGiven: () => void
  /** What the holder asks others, by type. */
  let asked: string[]

  beforeEach(async () => {
    given = []
    asked = []
    onGiven = () => {}
    simulation = new Simulation({ seed: 101, latency: 10 })
    others = await simulation.nodesJoined(12, QUIET)
    const observer: KademliaInit['observer'] = {
      client: {
        onRequest (type) {
          asked.push(type)
          return () => {}
        }
      }
    }
    holder = await simulation.node({ ...QUIET, handOver: true, observer })
    for (const { host } of others) {
      await simulation.clock.run(holder.dht.join(host.self.addrs))
    }
    expect(holder.dht.contacts).to.equal(others.length)
    asked.length = 0
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** Those who are nearer to the newcomer than the holder is. */
  function nearer (): SimulatedNode[] {
    return others.filter(({ dht: { self } }) => compareDistance(expected.key, self.key, holder.dht.self.key) < 0)
  }

  /** Somebody is to come to whom so many are nearer than the holder is. */
  async function expectNewcomer (count: number): Promise<void> {
    do {
      const host = simulation.network.createHost()
      await host.stop()
      expected = contactOf(host.self)
    } while (nearer().length !== count)
  }

  /** The holder keeps so many values; for each `suits` is true of all ids, closest to it first, as they are once the newcomer is there. */
  async function hold (count: number, suits: (ids: readonly Uint8Array[]) => boolean, ttl?: number): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = []
    const everybody = [...others, holder].map(({ dht }) => dht.self).concat(expected)
    for (let n = 0; keys.length < count; n++) {
      expect(n, 'no value suits').to.be.below(5_000)
      const key = utf8(`/kv/${n}`)
      const place = keyOf(key)
      if (suits(everybody.sort((a, b) => compareDistance(place, a.key, b.key)).map(({ id }) => id))) {
        const { values } = holder.dht.internals
        await values.accept({ ...await values.seal(`${n}`, 'value'), ttl })
        keys.push(key)
      }
    }
    return keys
  }

  /** All of these are to hold it. */
  function among (...contacts: readonly Contact[]): (ids: readonly Uint8Array[]) => boolean {
    return ids => contacts.every(({ id }) => ids.indexOf(id) < K)
  }

  async function arrive (): Promise<void> {
    let joined = Infinity
    newcomer = await simulation.node({
      ...QUIET,
      bootstrap: holder.host.self.addrs,
      observer: {
        server: {
          onRequest (type) {
            if (type === 'put-value') {
              given.push(Math.max(0, simulation.clock.now() - joined))
              onGiven()
            }
            return () => {}
          }
        }
      }
    }, { id: expected.id })
    joined = simulation.clock.now()
  }

  async function has (key: Uint8Array): Promise<boolean> {
    return await newcomer.dht.internals.store.get(key) != null
  }

  it('is done at once by the nearest, each value once, for no longer than it has left', async () => {
    await expectNewcomer(0)
    const keys = await hold(5, among(holder.dht.self, expected), 2 * HOUR)
    const end = simulation.clock.now() + 2 * HOUR
    await simulation.clock.advance(HOUR)
    await arrive()
    await simulation.clock.advance(5 * SECOND)
    expect(given).to.have.lengthOf(5)
    for (const key of keys) {
      expect((await newcomer.dht.internals.store.get(key))?.expires).to.be.within(end - 2 * SECOND, end)
    }
    expect(holder.dht.internals.counts.handedOver).to.equal(5)
    await simulation.clock.advance(HOUR / 2)
    expect(given).to.have.lengthOf(5)
  })

  it('is not done of what the newcomer need not hold, nor by who need not', async () => {
    await expectNewcomer(1)
    const { id } = holder.dht.self
    await hold(3, ids => ids.indexOf(id) < K && ids.indexOf(expected.id) > K)
    await hold(3, ids => ids.indexOf(id) > K && ids.indexOf(expected.id) < K)
    await arrive()
    await simulation.clock.advance(60 * SECOND)
    expect(given).to.deep.equal([])
  })

  it('is done by the second nearest 20 s later, of what the newcomer still lacks', async () => {
    await expectNewcomer(1)
    const keys = await hold(3, among(holder.dht.self, expected, nearer()[0].dht.self))
    await arrive()
    const row = await holder.dht.internals.store.get(keys[0])
    await newcomer.dht.internals.values.accept({ key: keys[0], value: row?.value ?? keys[0] })
    await simulation.clock.advance(60 * SECOND)
    expect(given).to.have.lengthOf(2)
    given.forEach(time => { expect(time).to.be.within(19 * SECOND, 25 * SECOND) })
    expect([await has(keys[1]), await has(keys[2])]).to.deep.equal([true, true])
  })

  it('is not done by who is farther, which asks but two whether they are there, and the newcomer', async () => {
    await expectNewcomer(2)
    await hold(3, among(holder.dht.self, expected))
    await simulation.clock.advance(120 * SECOND)
    await arrive()
    await simulation.clock.advance(60 * SECOND)
    expect(given).to.deep.equal([])
    expect(asked).to.deep.equal(['ping', 'ping', 'ping'])
  })

  it('asks nobody again who has answered within a minute', async () => {
    await expectNewcomer(2)
    await hold(3, among(holder.dht.self, expected))
    await arrive()
    await simulation.clock.advance(60 * SECOND)
    expect(asked, 'the newcomer alone').to.deep.equal(['ping'])
  })

  const counts = [1, 2]

  counts.forEach(gone => {
    it(`is done by who is farther when ${gone} of two that were nearer are gone, and nobody has noticed`, async () => {
      await expectNewcomer(2)
      const keys = await hold(3, among(holder.dht.self, expected, ...nearer().map(({ dht }) => dht.self)))
      nearer().slice(0, gone).forEach(({ host }) => { host.crash() })
      await simulation.clock.advance(120 * SECOND)
      await arrive()
      await simulation.clock.advance(60 * SECOND)
      expect(given).to.have.lengthOf(3)
      expect(await Promise.all(keys.map(has))).to.deep.equal([true, true, true])
    })
  })

  it('is done of a value for which somebody who is gone seems to leave the newcomer no place', async () => {
    await expectNewcomer(1)
    const around = others.toSorted((a, b) => compareDistance(expected.key, a.dht.self.key, b.dht.self.key)).slice(1, 2 * K - 1)
    const goneOf = (ids: readonly Uint8Array[]): SimulatedNode | undefined => around.find(({ dht: { self } }) => ids.indexOf(self.id) < K)
    const [key] = await hold(1, ids => ids.indexOf(expected.id) === K + 1 && ids.indexOf(holder.dht.self.id) < K && goneOf(ids) != null)
    const closest = [...others].sort((a, b) => compareDistance(keyOf(key), a.dht.self.key, b.dht.self.key)).map(({ dht }) => dht.self.id)
    goneOf(closest)?.host.crash()
    await simulation.clock.advance(120 * SECOND)
    await arrive()
    await simulation.clock.advance(60 * SECOND)
    expect(given).to.have.lengthOf(1)
  })

  it('ends when the newcomer has gone, before all is on its way to it', async () => {
    await expectNewcomer(0)
    await hold(50, among(holder.dht.self, expected))
    onGiven = () => { simulation.nodes.at(-1)?.host.crash() }
    await arrive().catch(() => {})
    await simulation.clock.advance(300 * SECOND)
    expect(given).to.have.lengthOf(1)
    expect(asked.filter(type => type === 'put-value').length).to.be.within(1, 2)
    expect(holder.dht.internals.counts.handedOver).to.be.at.most(1)
  })
})
