import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { Elsewhere } from '../../src/dht/elsewhere.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { replaceAnswers } from '../helpers/impostor.ts'
import { opening } from '../helpers/opening-host.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const ID = Uint8Array.of(7)

function at (...addrs: number[]): PeerInfo {
  return { id: ID, addrs: addrs.map(addr => Uint8Array.of(addr)) }
}

describe('Elsewhere', () => {
  let elsewhere: Elsewhere

  beforeEach(() => { elsewhere = new Elsewhere(contactOf) })

  function namesOf (peer: PeerInfo | undefined): number[] | undefined {
    return peer?.addrs.map(([addr]) => addr)
  }

  it('gives the addresses that were not tried, those first at which most name the peer', () => {
    const peers = [at(1, 2), at(3), at(2, 3), at(3)]
    peers.forEach(peer => { elsewhere.add(peer) })
    expect(namesOf(elsewhere.of(contactOf(at(1))))).to.deep.equal([3, 2])
  })

  it('gives nothing where nobody names another address', () => {
    elsewhere.add(at(1))
    expect(elsewhere.of(contactOf(at(1)))).to.equal(undefined)
    elsewhere.add(at(1))
    expect(elsewhere.again(contactOf(at(1)))).to.equal(undefined)
  })

  it('gives another address that is named later, of those only that were not reached', () => {
    elsewhere.add(at(2))
    expect(elsewhere.again(contactOf(at(1))), 'it was reached').to.equal(undefined)
    expect(namesOf(elsewhere.of(contactOf(at(1))))).to.deep.equal([2])
    elsewhere.add(at(1, 2, 3))
    expect(namesOf(elsewhere.again(contactOf(at(2)))), 'not where it was tried').to.deep.equal([2, 3])
  })

  it('gives up', () => {
    let contact = contactOf(at(0))
    for (let addr = 1; addr <= 3; addr++) {
      elsewhere.add(at(addr))
      contact = elsewhere.of(contact) ?? contact
      expect(namesOf(contact)).to.deep.equal([addr])
    }
    elsewhere.add(at(4))
    expect(elsewhere.of(contact)).to.equal(undefined)
  })
})

describe('peers named where they are not', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  let liar: SimulatedNode
  let asker: SimulatedNode

  beforeEach(async () => {
    simulation = new Simulation({ seed: 3, latency: 20 })
    nodes = await simulation.nodesJoined(60, { k: 5, alpha: 3 })
    ;[asker, liar] = nodes
    await simulation.clock.advance(60_000)
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** It names all who are closest to whatever is asked, at the address of a host that is silent, or refuses. */
  async function lie (addrs: readonly Uint8Array[]): Promise<void> {
    const others = nodes.filter(node => node !== liar).map(({ dht }) => dht.self)
    await replaceAnswers(simulation, liar, {
      'find-node': ({ target }) => [{
        type: 'find-node',
        closer: others.toSorted((a, b) => compareDistance(keyOf(target), a.key, b.key)).slice(0, 20).map(({ id }) => ({ id, addrs }))
      }]
    })
  }

  /** Of 20 lookups that begin with the liar, which find the true closest of all who tell the truth. */
  async function lookUp (): Promise<number> {
    const honest = nodes.filter(node => node !== liar)
    let found = 0
    for (let i = 0; i < 20; i++) {
      const client = await simulation.node({ mode: 'client', k: 5, alpha: 3, bootstrap: [...liar.host.self.addrs, ...asker.host.self.addrs] })
      const { closest, key } = await simulation.clock.run(client.dht.lookup(utf8(`target ${i}`)))
      const truth = simulation.closest(honest, key, 4)
      found += truth.every(id => closest.some(contact => contact.id.join() === id.join())) ? 1 : 0
      await simulation.clock.run(client.dht.stop())
    }
    return found
  }

  it('are found all the same, when nobody listens there', async () => {
    const gone = simulation.network.createHost()
    await gone.stop()
    await lie(gone.self.addrs)
    expect(await lookUp()).to.equal(20)
  })

  it('are found all the same, when nothing answers there', async () => {
    const silent = simulation.network.createHost()
    silent.crash()
    await lie(silent.self.addrs)
    expect(await lookUp()).to.equal(20)
  })

  it('are contacts where they answered, though that took longer than others say where they are not', async () => {
    const { clock, network } = simulation
    const [peer] = nodes.slice(-1)
    const host = network.createHost()
    const slow = opening(host, async (to, protocol, options) => {
      await sleep(clock, bytesEqual(to.id, peer.host.self.id) ? 3_000 : 0)
      return host.openStream(to, protocol, options)
    })
    const { dht } = await simulation.node({ host: slow, mode: 'client', k: 5, alpha: 3 })
    await clock.run(dht.ping(liar.dht.self))
    const answered = dht.ping({ id: peer.host.self.id, addrs: peer.host.self.addrs })
    await clock.advance(2_000)
    const silent = network.createHost()
    silent.crash()
    const vain = dht.ping({ id: peer.host.self.id, addrs: silent.self.addrs }).catch((err: Error) => err.name)
    const { peer: contact } = await clock.run(answered)
    expect(dht.internals.peers.table.get(contact.key)?.addrs).to.deep.equal(peer.host.self.addrs)
    expect(await clock.run(vain)).to.equal('TimeoutError')
    expect(dht.internals.peers.table.get(contact.key)?.addrs).to.deep.equal(peer.host.self.addrs)
  })

  it('stay contacts', async () => {
    const gone = simulation.network.createHost()
    await gone.stop()
    const { dht } = asker
    const contact = dht.internals.peers.table.closest(dht.self.key, 1)[0]
    const elsewhere = contactOf({ id: contact.id, addrs: gone.self.addrs })
    await expect(simulation.clock.run(dht.ping(elsewhere))).to.eventually.be.rejected.with.property('name', 'DialError')
    expect(dht.internals.peers.table.get(contact.key)).to.equal(contact)
    gone.crash()
    nodes.find(({ host }) => host.self.id.join() === contact.id.join())?.host.crash()
    await expect(simulation.clock.run(dht.ping(contact))).to.eventually.be.rejected.with.property('name', 'TimeoutError')
    expect(dht.internals.peers.table.get(contact.key)).to.equal(undefined)
  })
})
