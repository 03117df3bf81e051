import { expect } from 'aegir/chai'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ContactStore } from '../../src/store/contact-store.ts'

const HOUR_MS = 3_600_000

/** Keeps the contacts of the last save, and counts the saves. */
class Kept implements ContactStore {
  contacts: readonly PeerInfo[] = []
  saves = 0

  async load (): Promise<PeerInfo[]> {
    return [...this.contacts]
  }

  async save (contacts: readonly PeerInfo[]): Promise<void> {
    this.contacts = contacts.map(({ id, addrs }) => ({ id, addrs: [...addrs] }))
    this.saves++
  }
}

describe('contacts that outlive a node', () => {
  let simulation: Simulation

  beforeEach(() => { simulation = new Simulation({ seed: 71, latency: 10 }) })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('are kept when it stops, most useful first', async () => {
    const nodes = await simulation.nodesJoined(30)
    const contacts = new Kept()
    const { dht } = await simulation.node({ contacts, bootstrap: nodes[0].host.self.addrs })
    const closest = dht.internals.peers.table.closest(dht.self.key, 100)
    await simulation.clock.run(dht.stop())
    expect(contacts.contacts.map(({ id }) => bytesToMapKey(id))).to.deep.equal(closest.map(({ id }) => bytesToMapKey(id)))
    expect(contacts.contacts.every(({ addrs }) => addrs.length === 1)).to.equal(true)
  })

  it('are kept at each round of upkeep', async () => {
    const [root] = await simulation.nodesJoined(3)
    const contacts = new Kept()
    await simulation.node({ contacts, bootstrap: root.host.self.addrs, selfLookupInterval: HOUR_MS })
    expect(contacts.saves).to.equal(0)
    await simulation.clock.advance(5 * HOUR_MS)
    expect(contacts.saves).to.be.within(5, 7)
    expect(contacts.contacts).to.have.lengthOf(3)
  })

  it('are kept a few seconds after it has joined, in case it is killed', async () => {
    const nodes = await simulation.nodesJoined(10)
    const contacts = new Kept()
    await simulation.node({ contacts, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.advance(5_000)
    expect([contacts.saves, contacts.contacts.length]).to.deep.equal([1, 10])
  })

  it('are kept within a minute, once for all that are new, in case it is killed', async () => {
    const nodes = await simulation.nodesJoined(10)
    const contacts = new Kept()
    await simulation.node({ contacts, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.advance(60_000)
    expect([contacts.saves, contacts.contacts.length]).to.deep.equal([1, 10])
    await simulation.clock.advance(10 * 60_000)
    expect(contacts.saves).to.equal(1)
    await simulation.node({ bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.advance(30_000)
    expect(contacts.saves, 'others may come').to.equal(1)
    await simulation.clock.advance(40_000)
    expect([contacts.saves, contacts.contacts.length]).to.deep.equal([2, 11])
  })

  it('let it come back without the node that it first met', async () => {
    const nodes = await simulation.nodesJoined(10)
    const contacts = new Kept()
    const before = await simulation.node({ contacts, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.run(before.dht.stop())
    nodes[0].host.crash()
    const after = await simulation.node({ contacts })
    expect(after.dht.contacts).to.equal(9)
  })

  it('let it come back through the closest of very many', async () => {
    const [alive] = await simulation.nodesJoined(2)
    const contacts = new Kept()
    const gone = Array.from({ length: 200 }, () => simulation.network.createHost())
    await Promise.all(gone.map(async host => host.stop()))
    contacts.contacts = [alive.host.self, ...gone.map(({ self }) => self)]
    const { dht } = await simulation.node({ contacts })
    expect(dht.contacts).to.equal(2)
  })

  it('do not keep it from one that has moved, if it is told where', async () => {
    const { host: before } = await simulation.node()
    const contacts = new Kept()
    contacts.contacts = [before.self]
    before.crash()
    const { host: after } = await simulation.node({}, { id: before.self.id })
    const { dht } = await simulation.node({ contacts, bootstrap: after.self.addrs })
    expect(dht.internals.peers.table.closest(dht.self.key, 2).map(({ addrs }) => addrs)).to.deep.equal([after.self.addrs])
  })

  it('let it keep trying while none of them answers', async () => {
    const nodes = await simulation.nodesJoined(3)
    const contacts = new Kept()
    contacts.contacts = [nodes[0].host.self]
    simulation.network.partition([nodes.map(({ host }) => host)])
    const { dht } = await simulation.node({ contacts })
    expect(dht.contacts).to.equal(0)
    await simulation.clock.advance(60_000)
    simulation.network.heal()
    await simulation.clock.advance(310_000)
    expect(dht.contacts).to.equal(3)
  })

  it('are not replaced by none when it never met anybody again', async () => {
    const nodes = await simulation.nodesJoined(2)
    const contacts = new Kept()
    contacts.contacts = nodes.map(({ host: { self } }) => self)
    simulation.network.partition([nodes.map(({ host }) => host)])
    const { dht } = await simulation.node({ contacts })
    await simulation.clock.advance(60_000)
    await simulation.clock.run(dht.stop())
    expect(contacts.contacts, 'the way back').to.have.lengthOf(2)
  })

  it('are kept beside the few that it met meanwhile, while it is cut off from them', async () => {
    const nodes = await simulation.nodesJoined(10)
    const contacts = new Kept()
    contacts.contacts = nodes.map(({ host: { self } }) => self)
    simulation.network.partition([nodes.map(({ host }) => host)])
    const { host: companion } = await simulation.node()
    const { dht } = await simulation.node({ contacts, bootstrap: companion.self.addrs })
    await simulation.clock.advance(60_000)
    expect(dht.contacts).to.equal(1)
    await simulation.clock.run(dht.stop())
    companion.crash()
    simulation.network.heal()
    const again = await simulation.node({ contacts })
    expect(again.dht.contacts).to.equal(10)
  })

  it('are asked only where their addresses are believed', async () => {
    const nodes = await simulation.nodesJoined(2)
    const contacts = new Kept()
    contacts.contacts = nodes.map(({ host: { self } }) => self)
    const { dials } = simulation.network.counters
    const { dht } = await simulation.node({ contacts, selectAddrs: () => [] })
    expect(dht.contacts).to.equal(0)
    expect(simulation.network.counters.dials).to.equal(dials)
  })

  it('that cannot be kept do not keep it from stopping', async () => {
    const [root] = await simulation.nodesJoined(1)
    const { dht, host } = await simulation.node({
      bootstrap: root.host.self.addrs,
      contacts: { load: async () => [], save: async () => { throw new Error('the disk is full') } }
    })
    await simulation.clock.run(dht.stop())
    expect(host.serves(dht.protocol)).to.equal(false)
  })
})
