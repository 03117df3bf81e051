import { expect } from 'aegir/chai'
import { StreamResetError, UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { opening } from '../helpers/opening-host.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

describe('newcomers', () => {
  let simulation: Simulation
  /** Whom the node under test asked whether it answers. */
  let probed: string[]

  beforeEach(() => {
    simulation = new Simulation({ seed: 51, latency: 10 })
    probed = []
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function watched (init: { k: number, prefixLength?: number }): Promise<SimulatedNode> {
    return simulation.node({ ...init, observer: { onProbe (of) { probed.push(of) } } })
  }

  /** Each of `count` nodes asks `node` something, and so becomes known to it. */
  async function visits (node: SimulatedNode, count: number): Promise<SimulatedNode[]> {
    const visitors: SimulatedNode[] = []
    for (let i = 0; i < count; i++) {
      const visitor = await simulation.node()
      visitors.push(visitor)
      await simulation.clock.run(visitor.dht.ping(node.dht.self))
      await simulation.clock.advance(SECOND)
    }
    return visitors
  }

  it('are dialled as long as there is room for them', async () => {
    const node = await watched({ k: 20 })
    await visits(node, 12)
    expect(probed).to.deep.equal(Array.from({ length: 12 }, () => 'newcomer'))
    expect(node.dht.contacts).to.equal(12)
  })

  /** A node that knows nobody, and opens no streams until `until`. */
  async function lonely (until: number, error: Error): Promise<SimulatedNode> {
    const host = simulation.network.createHost()
    return simulation.node({
      host: opening(host, async (peer, protocol, options) => {
        if (simulation.clock.now() < until) {
          throw error
        }
        return host.openStream(peer, protocol, options)
      })
    })
  }

  it('are asked again by a node that knows nobody else, if they fail at first: they may have been busy', async () => {
    const node = await lonely(simulation.clock.now() + 5 * SECOND, new StreamResetError('it is busy'))
    await visits(node, 1)
    expect(node.dht.contacts).to.equal(0)
    await simulation.clock.advance(MINUTE)
    expect(node.dht.contacts).to.equal(1)
  })

  it('are not asked again if they are on another network', async () => {
    const node = await lonely(simulation.clock.now() + 5 * SECOND, new UnsupportedProtocolError('it is on another network'))
    await visits(node, 1)
    await simulation.clock.advance(MINUTE)
    expect(node.dht.contacts).to.equal(0)
  })

  it('are not dialled again where they are known', async () => {
    const node = await watched({ k: 20 })
    const visitors = await visits(node, 3)
    for (const visitor of visitors) {
      await simulation.clock.advance(10 * MINUTE) // its stream is over by now
      await simulation.clock.run(visitor.dht.ping(node.dht.self))
    }
    await simulation.clock.advance(SECOND)
    expect(probed).to.have.lengthOf(3)
  })

  it('are not dialled when their bucket is full, nor is anybody in it', async () => {
    const node = await watched({ k: 2 })
    await visits(node, 40)
    // a few more than are kept: the bucket of our own key splits first, and perhaps into a full one
    expect(probed.length).to.be.within(node.dht.contacts, node.dht.contacts + 4)
    expect(node.dht.contacts).to.be.below(16)
    expect(probed).to.not.include('contact')
  })

  it('are all dialled by a node that keeps everybody', async () => {
    const node = await watched({ k: 2, prefixLength: Infinity })
    await visits(node, 40)
    expect(probed.length).to.equal(40)
    expect(node.dht.contacts).to.equal(40)
  })

  it('are not dialled while they are asked something already', async () => {
    const node = await watched({ k: 20 })
    const other = await simulation.node()
    await simulation.clock.run(Promise.all([node.dht.ping(other.dht.self), other.dht.ping(node.dht.self)]))
    await simulation.clock.advance(SECOND)
    expect(probed).to.deep.equal([])
    expect(node.dht.contacts, 'its answer was enough').to.equal(1)
  })

  it('have the head of a full bucket checked when they answer, unless it answered within five minutes', async () => {
    const node = await watched({ k: 2 })
    const visitors = await visits(node, 30)
    const strangers = visitors.filter(({ dht }) => node.dht.internals.peers.table.get(dht.self.key) == null)
    probed = []
    for (const { dht } of strangers.slice(0, 5)) {
      await simulation.clock.run(node.dht.ping(dht.self))
    }
    await simulation.clock.advance(SECOND)
    expect(probed, 'all have just answered').to.deep.equal([])

    await simulation.clock.advance(6 * MINUTE)
    await simulation.clock.run(node.dht.ping(strangers[5].dht.self))
    await simulation.clock.advance(SECOND)
    expect(probed).to.deep.equal(['contact'])
  })

  it('take the place of a contact that is gone', async () => {
    const node = await watched({ k: 2 })
    const visitors = await visits(node, 30)
    const { table } = node.dht.internals.peers
    const inTable = visitors.filter(({ dht }) => table.get(dht.self.key) != null)
    const stranger = visitors.find(visitor => !inTable.includes(visitor))
    inTable.forEach(({ host }) => { host.crash() })
    await simulation.clock.advance(6 * MINUTE)
    for (let i = 0; i < 2; i++) {
      await simulation.clock.run(node.dht.ping(stranger?.dht.self ?? node.dht.self))
      await simulation.clock.advance(MINUTE)
    }
    expect(table.get(stranger?.dht.self.key ?? node.dht.self.key)?.id).to.deep.equal(stranger?.dht.self.id)
  })
})
