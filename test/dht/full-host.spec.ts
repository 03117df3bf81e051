import { expect } from 'aegir/chai'
import { keyOf } from '../../src/keyspace/key.ts'
import { cramped } from '../helpers/cramped-host.ts'
import { queueing } from '../helpers/queueing-host.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { Kademlia } from '../../src/dht/kademlia.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const NODES = 60
const K = 20

/** Streams that the host carries: fewer than a lookup asks. */
const ROOM = 6

describe('a node whose host is full', () => {
  let simulation: Simulation
  let others: SimulatedNode[]
  let host: MemoryHost
  let dht: Kademlia

  beforeEach(async () => {
    simulation = new Simulation({ seed: 17, latency: 10 })
    others = await simulation.nodesJoined(NODES)
    host = simulation.network.createHost({ listen: false })
    const node = await simulation.node({ host: cramped(host, ROOM), mode: 'client', bootstrap: others[0].host.self.addrs })
    dht = node.dht
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('finds all the closest', async () => {
    for (const target of ['one', 'two', 'three'].map(text => new TextEncoder().encode(text))) {
      const { closest, failed } = await simulation.clock.run(dht.lookup(target))
      expect(closest.map(({ id }) => id)).to.deep.equal(simulation.closest(others, keyOf(target), K))
      expect(failed).to.equal(0)
      expect(host.openStreams).to.be.at.most(ROOM)
    }
  })

  it('loses no contact while others have all the room', async () => {
    const { contacts } = dht
    await simulation.clock.advance(60_000) // its own streams are closed by then
    const streams = await simulation.clock.run(Promise.all(others.slice(0, ROOM).map(async ({ host: { self }, dht: { protocol } }) => host.openStream(self, protocol))))
    const { closest, failed } = await simulation.clock.run(dht.lookup(Uint8Array.of(1)))
    expect({ found: closest.length, failed }).to.deep.equal({ found: 0, failed: K })
    expect(dht.contacts).to.equal(contacts)
    streams.forEach(stream => { stream.abort(new Error('that was all')) })
    expect((await simulation.clock.run(dht.lookup(Uint8Array.of(1)))).closest).to.have.lengthOf(K)
  })
})

describe('a node whose host dials one at a time', () => {
  it('loses no contact that waits for its turn', async () => {
    const simulation = new Simulation({ seed: 18, latency: 500 })
    const others = await simulation.nodesJoined(30)
    const host = simulation.network.createHost({ listen: false })
    const { dht } = await simulation.node({ host: queueing(host), mode: 'client', bootstrap: others[0].host.self.addrs })
    await simulation.clock.advance(60_000) // its streams are closed by then
    const { closest, failed } = await simulation.clock.run(dht.lookup(Uint8Array.of(1)))
    expect({ found: closest.length, failed, contacts: dht.contacts }).to.deep.equal({ found: K, failed: 0, contacts: others.length })
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })
})
