import { expect } from 'aegir/chai'
import { MAX_WALKS } from '../../src/dht/walks.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { Host } from '../../src/rpc/connection.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000

/** Notes when lookups ask: with pings for everything else, each FIND_NODE is part of one. */
interface Watched extends SimulatedNode {
  readonly asked: number[]
}

describe('upkeep', () => {
  let simulation: Simulation

  beforeEach(() => { simulation = new Simulation({ seed: 41, latency: 10 }) })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function watched (init: Partial<KademliaInit>): Promise<Watched> {
    const asked: number[] = []
    const node = await simulation.node({
      ...init,
      observer: {
        client: {
          onRequest (type) {
            if (type === 'find-node') {
              asked.push(simulation.clock.now())
            }
            return () => {}
          }
        }
      }
    })
    return { ...node, asked }
  }

  /** When each burst of requests began, from `begun` on. */
  function bursts (asked: readonly number[], begun: number): number[] {
    return asked.filter((time, i) => i === 0 || time - asked[i - 1] > 1000).map(time => time - begun)
  }

  it('begins when it is due and there is a contact', async () => {
    const begun = simulation.clock.now()
    const node = await watched({ firstSelfLookup: 2000, selfLookupInterval: HOUR_MS })
    const other = await simulation.node()
    await simulation.clock.advance(5000)
    expect(node.asked, 'there is nobody').to.deep.equal([])
    await simulation.clock.run(other.dht.ping(node.dht.self))
    await simulation.clock.advance(1000)
    expect(node.dht.contacts).to.equal(1)
    expect(node.asked.length).to.be.greaterThan(0)
    expect(node.asked[0] - begun).to.be.within(5000, 5200)
  })

  it('does not begin before it is due', async () => {
    const node = await watched({ firstSelfLookup: 60_000, selfLookupInterval: HOUR_MS })
    const begun = simulation.clock.now()
    const other = await simulation.node()
    await simulation.clock.run(other.dht.ping(node.dht.self))
    await simulation.clock.advance(59_000)
    expect([node.dht.contacts, node.asked.length]).to.deep.equal([1, 0])
    await simulation.clock.advance(2000)
    expect(node.asked[0] - begun).to.be.within(60_000, 60_100)
  })

  it('is done again each interval, not quite in step', async () => {
    const other = await simulation.node({ firstSelfLookup: 1000 * HOUR_MS / 1000 })
    const node = await watched({ firstSelfLookup: 1000, selfLookupInterval: 100_000, refreshInterval: 24 * HOUR_MS })
    const begun = simulation.clock.now()
    await simulation.clock.run(other.dht.ping(node.dht.self))
    await simulation.clock.advance(1_000_000)
    const times = bursts(node.asked, begun)
    expect(times.length).to.be.within(10, 12)
    const gaps = times.slice(1).map((time, i) => time - times[i])
    gaps.forEach(gap => { expect(gap).to.be.within(90_000, 100_200) })
    expect(new Set(gaps).size, 'jitter').to.be.greaterThan(2)
  })

  it('refreshes the buckets that no lookup went through', async () => {
    const others = await simulation.nodesJoined(40, { k: 2 })
    const node = await watched({ k: 2, bootstrap: others[0].host.self.addrs, selfLookupInterval: 10_000, refreshInterval: 100_000 })
    const prefixes = [...node.dht.internals.peers.table.buckets()].length
    expect(prefixes).to.be.greaterThan(2)
    await simulation.clock.advance(250_000)
    const now = simulation.clock.now()
    for (const bucket of node.dht.internals.peers.table.buckets()) {
      expect(now - (bucket.lastLookup ?? 0)).to.be.lessThan(125_000)
    }
  })

  describe('of a node that can be dialled elsewhere now', () => {
    const INIT: Partial<KademliaInit> = { firstSelfLookup: 1000, selfLookupInterval: HOUR_MS, refreshInterval: 24 * HOUR_MS }

    /** A node with a contact, 20 s after its first round, and the way to tell it of new addresses. */
    async function movable (init: Partial<KademliaInit> = {}): Promise<Watched & { move (): void }> {
      const other = await simulation.node({ firstSelfLookup: 24 * HOUR_MS })
      const host: Host = simulation.network.createHost()
      const watchers = new Set<() => void>()
      host.watchAddrs = onChange => {
        watchers.add(onChange)
        return () => { watchers.delete(onChange) }
      }
      const node = await watched({ ...INIT, ...init, host, bootstrap: [other.dht.self.addrs[0]] })
      await simulation.clock.advance(21_000)
      expect(watchers.size).to.equal(1)
      return { ...node, move: () => { watchers.forEach(onChange => { onChange() }) } }
    }

    it('comes ten seconds later, once for all that changed until then', async () => {
      const { asked, move, dht } = await movable()
      const begun = simulation.clock.now()
      const before = asked.length
      move()
      await simulation.clock.advance(6000)
      move()
      await simulation.clock.advance(100_000)
      expect(bursts(asked.slice(before), begun)).to.deep.equal([10_000])
      move()
      await simulation.clock.advance(100_000)
      expect(bursts(asked.slice(before), begun), 'and again').to.deep.equal([10_000, 116_000])
      await simulation.clock.advance(HOUR_MS)
      expect(bursts(asked.slice(before), begun), 'then as ever').to.have.lengthOf(3)
      await simulation.clock.run(dht.stop())
      move()
    })

    it('does not wait for the first to be due, nor keep it waiting', async () => {
      for (const [firstSelfLookup, due] of [[HOUR_MS, 10_000], [25_000, 4000]]) {
        const { asked, move } = await movable({ firstSelfLookup })
        const begun = simulation.clock.now()
        const before = asked.length
        move()
        await simulation.clock.advance(60_000)
        const times = bursts(asked.slice(before), begun)
        expect(times).to.have.lengthOf(1)
        expect(times[0]).to.be.within(due - 100, due)
      }
    })

    it('follows the one that goes on', async () => {
      const { asked, move } = await movable()
      const begun = simulation.clock.now()
      const before = asked.length
      move()
      await simulation.clock.advance(10_010) // the request is on its way
      expect(asked.length).to.equal(before + 1)
      move()
      await simulation.clock.advance(100_000)
      const times = bursts(asked.slice(before), begun)
      expect(times).to.have.lengthOf(2)
      expect(times[1] - times[0]).to.be.within(10_000, 11_000)
    })

    it('is that of a server', async () => {
      const { asked, move } = await movable({ mode: 'client' })
      const before = asked.length
      move()
      await simulation.clock.advance(100_000)
      expect(asked.length).to.equal(before)
    })
  })

  it('goes on when a round fails', async () => {
    const other = await simulation.node()
    let rounds = 0
    const node = await watched({
      firstSelfLookup: 1000,
      selfLookupInterval: 100_000,
      contacts: { load: async () => [], save: async () => { rounds++; throw new Error('the disk is full') } }
    })
    await simulation.clock.run(other.dht.ping(node.dht.self))
    await simulation.clock.advance(350_000)
    expect(rounds).to.be.within(3, 5)
  })

  describe('and lookups that wait for contacts', () => {
    const INIT: Partial<KademliaInit> = { awaitContacts: true, firstSelfLookup: 1000 }

    it('go on when the first round is over', async () => {
      const { dht } = await simulation.node(INIT)
      const other = await simulation.node()
      let settled = false
      const task = dht.lookup('anything').finally(() => { settled = true })
      await simulation.clock.advance(10_000)
      expect(settled).to.equal(false)
      await simulation.clock.run(other.dht.ping(dht.self))
      const { closest } = await simulation.clock.run(task)
      expect(closest.map(({ id }) => id)).to.deep.equal([other.dht.self.id])
      const begun = simulation.clock.now()
      await simulation.clock.run(dht.lookup('something else'))
      expect(simulation.clock.now() - begun, 'the next does not wait').to.be.lessThan(100)
    })

    it('fail at their deadline, naming the protocol', async () => {
      const { dht } = await simulation.node(INIT)
      const deadlines: Array<[() => Promise<unknown>, number]> = [
        [async () => dht.lookup('x'), 60_000],
        [async () => dht.findPeer(Uint8Array.of(1)), 60_000],
        [async () => dht.get('x'), 120_000],
        [async () => dht.provide(Uint8Array.of(1)), 120_000],
        [async () => dht.put('x', 'y'), 180_000],
        [async () => dht.lookup('x', { timeout: 500 }), 500]
      ]
      for (const [operation, ms] of deadlines) {
        const begun = simulation.clock.now()
        const err = await simulation.clock.run(operation().then(() => undefined, (err: Error) => err))
        expect(err?.name).to.equal('NoPeersError')
        expect(err?.message).to.include(PROTOCOL).and.to.include(`${ms} ms`)
        expect(simulation.clock.now() - begun).to.equal(ms)
      }
    })

    it('keep what is put and provided all the same', async () => {
      const { dht } = await simulation.node(INIT)
      await simulation.clock.run(Promise.allSettled([dht.put('x', 'y', { timeout: 100 }), dht.provide(Uint8Array.of(1), { timeout: 100 })]))
      expect((await dht.internals.values.kept(new TextEncoder().encode('/kv/x')))?.key).to.not.equal(undefined)
      const own = await simulation.clock.run(dht.findProviders(Uint8Array.of(1), { source: 'store' }).next())
      expect(own.done).to.equal(false)
    })

    it('do not wait where our own value is enough', async () => {
      const { dht } = await simulation.node(INIT)
      await simulation.clock.run(Promise.allSettled([dht.put('x', 'y', { timeout: 100 })]))
      const begun = simulation.clock.now()
      const { value, lookup } = await simulation.clock.run(dht.get('x', { quorum: 1 }))
      expect(new TextDecoder().decode(value)).to.equal('y')
      expect(lookup).to.include({ asked: 0, reason: 'stopped' })
      expect(simulation.clock.now()).to.equal(begun)
      for (let i = 0; i < 2 * MAX_WALKS; i++) {
        await simulation.clock.run(dht.get('x', { quorum: 1 }))
      }
      await simulation.clock.run((await simulation.node()).dht.ping(dht.self))
      await simulation.clock.advance(2_000)
      expect((await simulation.clock.run(dht.lookup('x'))).asked).to.equal(1)
    })

    it('end at once when aborted, or when the node stops', async () => {
      const { dht } = await simulation.node(INIT)
      const controller = new AbortController()
      const aborted = dht.lookup('x', { signal: controller.signal }).then(() => 'none', (err: Error) => err.name)
      const stopped = dht.lookup('x').then(() => 'none', (err: Error) => err.name)
      await simulation.clock.advance(10)
      controller.abort(new TypeError('enough'))
      expect(await simulation.clock.run(aborted)).to.equal('TypeError')
      await simulation.clock.run(dht.stop())
      expect(await simulation.clock.run(stopped)).to.equal('NotStartedError')
    })

    it('do not hold up joining', async () => {
      const root = await simulation.node()
      const { dht } = await simulation.node({ ...INIT, firstSelfLookup: HOUR_MS })
      const { contacts } = await simulation.clock.run(dht.join(root.host.self.addrs))
      expect(contacts).to.equal(1)
      await simulation.clock.run(dht.refresh())
    })
  })
})
