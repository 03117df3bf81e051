import { expect } from 'aegir/chai'
import { bytesToMapKey, keyOf } from '../../src/keyspace/key.ts'
import { replaceAnswers } from '../helpers/impostor.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { DhtEvent } from '../../src/dht/events.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a network', () => {
  let simulation: Simulation

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('finds the true k closest from every node', async () => {
    simulation = new Simulation({ seed: 1, latency: [10, 50] })
    const nodes = await simulation.nodesJoined(60)
    for (const [i, { dht }] of nodes.entries()) {
      const target = utf8(`target ${i}`)
      const others = nodes.filter(node => node.dht !== dht)
      const { closest, reason } = await simulation.clock.run(dht.lookup(target))
      expect(closest.map(({ id }) => id)).to.deep.equal(simulation.closest(others, keyOf(target), 20))
      expect(reason).to.equal('converged')
    }
  })

  it('gets from any node what any other has put', async () => {
    simulation = new Simulation({ seed: 3, latency: 20 })
    const nodes = await simulation.nodesJoined(40)
    for (const [i, { dht }] of nodes.entries()) {
      const { storedAt, failed } = await simulation.clock.run(dht.put(`key_${i}`, `value_${i}`))
      expect({ stored: storedAt.length, failed }).to.deep.equal({ stored: 20, failed: [] })
    }
    for (let i = 0; i < nodes.length; i++) {
      const { value } = await simulation.clock.run(nodes[(i + 17) % nodes.length].dht.get(`key_${i}`))
      expect(text(value)).to.equal(`value_${i}`)
    }
  })

  it('keeps the newest of several values, whatever the order of arrival', async () => {
    simulation = new Simulation({ seed: 4, latency: [1, 200] })
    const nodes = await simulation.nodesJoined(30)
    await simulation.clock.run(Promise.all(nodes.slice(0, 10).map(async ({ dht }, i) => {
      await new Promise<void>(resolve => { simulation.clock.schedule(i, resolve) })
      await dht.put('contested', `value ${i}`)
    })))
    for (const { dht } of nodes) {
      const { value } = await simulation.clock.run(dht.get('contested'))
      expect(text(value)).to.equal('value 9')
    }
  })

  it('replaces a value by a second put within the same millisecond', async () => {
    simulation = new Simulation({ seed: 5 })
    const [a, b] = await simulation.nodesJoined(2)
    await simulation.clock.run(a.dht.put('key', 'zzz'))
    await simulation.clock.run(a.dht.put('key', 'aaa'))
    expect(text((await simulation.clock.run(b.dht.get('key'))).value)).to.equal('aaa')
  })

  it('takes the puts of a node whose clock was ahead once that is right', async () => {
    simulation = new Simulation({ seed: 16 })
    const { clock } = simulation
    let ahead = 24 * 3_600_000
    const wrong: Clock = { now: () => clock.now() + ahead, schedule: (ms, task) => clock.schedule(ms, task) }
    const other = await simulation.node()
    const { dht } = await simulation.node({ clock: wrong, bootstrap: other.host.self.addrs })
    expect((await clock.run(dht.put('key', 'of tomorrow'))).storedAt).to.deep.equal([])
    ahead = 0
    for (const key of ['another', 'key']) {
      expect((await clock.run(dht.put(key, 'of today'))).storedAt, key).to.have.length(1)
      expect(text((await clock.run(other.dht.get(key))).value)).to.equal('of today')
    }
  })

  it('corrects who is behind after a get', async () => {
    simulation = new Simulation({ seed: 6, latency: 10 })
    const nodes = await simulation.nodesJoined(25)
    await simulation.clock.run(nodes[0].dht.put('key', 'old'))
    await simulation.clock.run(nodes[1].dht.store(nodes[2].dht.self, 'key', 'new'))
    const { value, outdated } = await simulation.clock.run(nodes[3].dht.get('key'))
    expect(text(value)).to.equal('new')
    expect(outdated.length).to.be.greaterThan(10)
    await simulation.clock.advance(10_000)
    const again = await simulation.clock.run(nodes[4].dht.get('key'))
    expect(again.outdated).to.deep.equal([])
  })

  it('never enters a client in a table, and serves it all the same', async () => {
    simulation = new Simulation({ seed: 7, latency: 10 })
    const servers = await simulation.nodesJoined(10)
    const client = await simulation.node({ mode: 'client', bootstrap: servers[0].host.self.addrs })
    const { storedAt } = await simulation.clock.run(client.dht.put('key', 'value'))
    expect(storedAt.length).to.equal(10)
    await simulation.clock.advance(60_000)
    for (const { dht } of servers) {
      expect(dht.internals.peers.table.get(client.dht.self.key)).to.equal(undefined)
    }
  })

  it('enters a dialler only after it has answered a request of ours', async () => {
    simulation = new Simulation({ seed: 8, latency: 100 })
    const root = await simulation.node()
    const joiner = await simulation.node()
    const joined = simulation.clock.run(joiner.dht.ping(root.dht.self))
    await joined
    expect(root.dht.contacts, 'it has asked').to.equal(0)
    await simulation.clock.advance(1000)
    expect(root.dht.contacts, 'it was dialled back').to.equal(1)
  })

  it('learns where a peer has moved when that dials', async () => {
    simulation = new Simulation({ seed: 12, latency: 10 })
    const [a, b] = await simulation.nodesJoined(2)
    const { id } = b.dht.self
    await simulation.clock.run(b.dht.stop())
    await simulation.clock.run(b.host.stop())
    const moved = await simulation.node({ bootstrap: a.host.self.addrs }, { id })
    await simulation.clock.advance(1000)
    expect(a.dht.internals.peers.table.get(moved.dht.self.key)?.addrs).to.deep.equal(moved.host.self.addrs)
    expect((await simulation.clock.run(a.dht.ping(moved.dht.self))).peer.id).to.deep.equal(id)
  })

  it('believes nobody who says that a peer with an open stream is elsewhere', async () => {
    simulation = new Simulation({ seed: 15, latency: 10 })
    const { dht } = await simulation.node({ k: 1, mode: 'client' })
    const nowhere = simulation.network.createHost()
    await nowhere.stop()
    const { table } = dht.internals.peers
    const near = (node: SimulatedNode): boolean => (node.dht.self.key[0] & 0x80) === (dht.self.key[0] & 0x80)
    const all = await Promise.all(Array.from({ length: 8 }, async () => simulation.node()))
    const [contact, replacement] = all.filter(node => !near(node))
    for (const { dht: { self } } of [...all.filter(near), contact, replacement]) {
      await simulation.clock.run(dht.ping(self))
    }
    const { id, key, addrs } = replacement.dht.self
    await simulation.clock.run(dht.ping({ id, addrs: nowhere.self.addrs }))
    contact.host.crash()
    await simulation.clock.run(dht.ping(contact.dht.self).catch(() => {}))
    expect(table.get(key)?.addrs, 'in place of the one that has gone').to.deep.equal(addrs)
  })

  it('evicts the head of a full bucket for a newcomer only if it does not answer', async () => {
    simulation = new Simulation({ seed: 13, latency: 10 })
    const root = await simulation.node({ k: 2 })
    const others = await simulation.nodesJoined(12)
    for (const { dht } of others) {
      await simulation.clock.run(root.dht.ping(dht.self))
      await simulation.clock.advance(1000)
    }
    const fullBucket = (): string[][] => [...root.dht.internals.peers.table.buckets()]
      .filter(({ replacements }) => replacements.length > 0)
      .slice(0, 1)
      .map(({ contacts }) => contacts.map(({ id }) => text(id)))
    const [before] = fullBucket()
    const nodesBefore = others.filter(({ dht }) => before.includes(text(dht.self.id)))
    expect(nodesBefore, 'alive, they stayed').to.have.lengthOf(2)
    nodesBefore.forEach(({ host }) => { host.crash() })
    for (const { dht, host } of others) {
      if (host.listens && !nodesBefore.some(node => node.host === host)) {
        await simulation.clock.run(root.dht.ping(dht.self))
        await simulation.clock.advance(60_000)
      }
    }
    const dead = nodesBefore.map(({ dht }) => dht.self.key)
    expect(dead.map(key => root.dht.internals.peers.table.get(key))).to.deep.equal([undefined, undefined])
    expect(root.dht.contacts).to.be.greaterThan(2)
  })

  it('names the values stored with nobody but ourselves', async () => {
    simulation = new Simulation({ seed: 9 })
    const { dht } = await simulation.node()
    const { storedAt } = await simulation.clock.run(dht.put('key', 'value'))
    expect(storedAt).to.deep.equal([])
    expect(text((await simulation.clock.run(dht.get('key'))).value)).to.equal('value')
  })

  it('comes back by itself after every contact was lost', async () => {
    simulation = new Simulation({ seed: 10, latency: 10 })
    const [a, b, c] = await simulation.nodesJoined(3)
    simulation.network.partition([[a.host]])
    await simulation.clock.run(a.dht.lookup('anything'))
    expect(a.dht.contacts).to.equal(0)
    await simulation.clock.advance(60_000)
    expect(a.dht.contacts, 'still alone').to.equal(0)
    simulation.network.heal()
    await simulation.clock.advance(300_000)
    expect(a.dht.contacts).to.equal(2)
    expect([b, c].every(({ dht }) => dht.contacts > 0)).to.equal(true)
  })

  it('comes back when it is used, however long every contact was lost, and finds what was asked for', async () => {
    simulation = new Simulation({ seed: 10, latency: 10 })
    const [{ host, dht }, other] = await simulation.nodesJoined(3)
    simulation.network.partition([[host]])
    await simulation.clock.run(dht.lookup('anything'))
    await simulation.clock.run(other.dht.put('meanwhile', 'put'))
    await simulation.clock.advance(3_600_000)
    simulation.network.heal()
    const found = await simulation.clock.run(dht.get('meanwhile', { timeout: 1_000 }))
    expect(text(found.value)).to.equal('put')
    expect(dht.contacts).to.equal(2)
  })

  it('looks for the network once for all that it is asked within five seconds', async () => {
    simulation = new Simulation({ seed: 10, latency: 10 })
    const [{ host, dht }] = await simulation.nodesJoined(3)
    simulation.network.partition([[host]])
    await simulation.clock.run(dht.lookup('anything'))
    await simulation.clock.advance(3_600_000)
    const dials = simulation.network.counters.dials
    const begun = simulation.clock.now()
    for (let i = 0; i < 10; i++) {
      await expect(simulation.clock.run(dht.get('anything'))).to.eventually.be.rejected.with.property('name', 'ValueNotFoundError')
    }
    expect(simulation.clock.now() - begun, 'time of ten gets (ms): the deadline of one dial').to.be.at.most(5_000)
    expect(simulation.network.counters.dials - dials, 'dials for ten gets').to.be.below(10)
  })

  it('is one again after it was parted for so long that both sides have forgotten each other', async () => {
    simulation = new Simulation({ seed: 15, latency: 10 })
    const nodes = await simulation.nodesJoined(40, { k: 5 })
    const [here, there] = [nodes.slice(0, 20), nodes.slice(20)]
    const others = new Set(there.map(({ host }) => bytesToMapKey(host.self.id)))
    const meeting = (): number => here.flatMap(({ dht }) => dht.internals.peers.table.closest(dht.self.key, 100)).filter(({ id }) => others.has(bytesToMapKey(id))).length
    expect(meeting()).to.be.greaterThan(50)
    simulation.network.partition([here.map(({ host }) => host)])
    await simulation.clock.advance(6 * 3_600_000)
    expect(meeting(), 'forgotten').to.equal(0)
    simulation.network.heal()
    await simulation.clock.advance(3 * 3_600_000)
    await simulation.clock.run(here[0].dht.put('key', 'value'))
    for (const { dht } of there) {
      expect(text((await simulation.clock.run(dht.get('key'))).value)).to.equal('value')
    }
  })

  it('becomes one that was parted when it began, though nobody knows anybody on the other side', async () => {
    simulation = new Simulation({ seed: 17, latency: 10 })
    const [a, b] = [await simulation.node(), await simulation.node()]
    const bootstrap = [...a.host.self.addrs, ...b.host.self.addrs]
    const here = [a]
    simulation.network.partition([[b.host]])
    while (here.length < 6) {
      here.push(await simulation.node({ bootstrap }))
    }
    const there = [b]
    simulation.network.partition([here.map(({ host }) => host)])
    while (there.length < 6) {
      there.push(await simulation.node({ bootstrap }))
    }
    simulation.network.heal()
    await simulation.clock.advance(3 * 3_600_000)
    expect([...here, ...there].map(({ dht }) => dht.contacts)).to.deep.equal(Array.from({ length: 12 }, () => 11))
  })

  it('keeps its contacts though they refuse a key', async () => {
    simulation = new Simulation({ seed: 16, latency: 10 })
    const [asker, ...others] = await simulation.nodesJoined(10)
    const refuse = (): never => { throw new Error('not this key') }
    const closer = others.map(({ dht }) => dht.self)
    for (const node of others) {
      await replaceAnswers(simulation, node, { 'find-node': () => [{ type: 'find-node', closer }], 'get-value': refuse, 'get-providers': refuse })
    }
    const search = asker.dht.findProviders(Uint8Array.of(0x12, 0x20, ...new Uint8Array(32)))
    await simulation.clock.run(search.next().catch(() => {}))
    await simulation.clock.run(asker.dht.get('key').catch(() => {}))
    expect(asker.dht.contacts).to.equal(9)
    expect((await simulation.clock.run(asker.dht.lookup('key'))).closest).to.have.lengthOf(9)
  })

  it('keeps contacts that do not answer a put, if they answer otherwise', async () => {
    simulation = new Simulation({ seed: 18, latency: 10 })
    const [writer, full, fuller, stuck] = await simulation.nodesJoined(10)
    await replaceAnswers(simulation, full, { 'put-value': () => [] })
    await replaceAnswers(simulation, fuller, { 'put-value': () => [] })
    await replaceAnswers(simulation, stuck, { 'put-value': () => [], ping: () => [] })
    const { storedAt } = await simulation.clock.run(writer.dht.put('key', 'value'))
    await simulation.clock.advance(40_000)
    expect([storedAt.length, writer.dht.contacts]).to.deep.equal([6, 8])
  })

  it('keeps its contacts though they hold a value that is too large for it', async () => {
    simulation = new Simulation({ seed: 17, latency: 10 })
    const nodes = await simulation.nodesJoined(5)
    const { dht } = await simulation.node({ maxValueSize: 1000, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.run(nodes[1].dht.put('key', new Uint8Array(2000)))
    const refused: string[] = []
    const error = await simulation.clock.run(dht.get('key', {
      onProgress (event) {
        if (event.type === 'invalid-value') {
          refused.push(event.error.name)
        }
      }
    }).then(() => undefined, err => err))
    expect(error).to.have.property('name', 'ValueNotFoundError')
    expect(refused).to.deep.equal(nodes.map(() => 'ValueTooLargeError'))
    expect(dht.contacts).to.equal(5)
  })

  it('says why what it is given at a key is no value, as where its clock is behind', async () => {
    simulation = new Simulation({ seed: 19, latency: 10 })
    const nodes = await simulation.nodesJoined(3)
    const clock: Clock = { now: () => simulation.clock.now() - 3_600_000, schedule: (ms, task) => simulation.clock.schedule(ms, task) }
    const { dht } = await simulation.node({ clock, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.run(nodes[1].dht.put('key', 'value'))
    const error = await simulation.clock.run(dht.get('key').then(() => undefined, err => err))
    expect(error).to.have.property('name', 'ValueNotFoundError')
    expect(error.message).to.match(/none has a value at this key that is valid here: a value written \d+ ms from now: set the clock of its writer, or ours$/)
    const invalid: string[] = []
    const onProgress = (event: DhtEvent): void => {
      if (event.type === 'invalid-value') {
        invalid.push(event.error.message)
      }
    }
    const { value } = await simulation.clock.run(dht.findValue(nodes[1].dht.self, 'key', { onProgress }))
    expect({ value, told: invalid.length }).to.deep.equal({ value: undefined, told: 1 })
  })

  it('finds k while 60 % of the nodes are dead, and nobody has noticed', async () => {
    simulation = new Simulation({ seed: 6, latency: 20 })
    const nodes = await simulation.nodesJoined(100)
    const living = nodes.slice(0, 40)
    nodes.slice(40).forEach(({ host }) => { host.crash() })
    for (const [i, { dht }] of living.entries()) {
      const { closest, reason } = await simulation.clock.run(dht.lookup(utf8(`target ${i}`)))
      expect({ found: closest.length, reason }).to.deep.equal({ found: 20, reason: 'converged' })
    }
  })

  it('remembers the contacts that were lost though one comes and goes', async () => {
    simulation = new Simulation({ seed: 14, latency: 10 })
    const { dht } = await simulation.node({ mode: 'client' })
    const [flapping, ...others] = await simulation.nodesJoined(6)
    const hosts = others.map(({ host }) => host)
    const pingAll = async (): Promise<unknown> => Promise.allSettled([flapping, ...others].map(async node => simulation.clock.run(dht.ping(node.dht.self))))
    await pingAll()
    for (let time = 0; time < 70; time++) {
      simulation.network.partition([[...hosts, flapping.host]])
      await pingAll()
      expect(dht.contacts).to.equal(0)
      simulation.network.partition([hosts])
      await simulation.clock.run(dht.ping(flapping.dht.self))
    }
    flapping.host.crash()
    await simulation.clock.run(dht.ping(flapping.dht.self).catch(() => {}))
    simulation.network.heal()
    await simulation.clock.advance(3_600_000)
    expect(dht.contacts).to.equal(5)
  })

  it('finds values with 40 % of the nodes dead', async () => {
    simulation = new Simulation({ seed: 11, latency: [10, 60] })
    const nodes = await simulation.nodesJoined(100)
    await simulation.clock.run(nodes[0].dht.put('key', 'value'))
    const dead = nodes.filter((_, i) => i % 5 > 2)
    dead.forEach(({ host }) => { host.crash() })
    for (const { dht } of nodes.filter(node => !dead.includes(node)).slice(0, 20)) {
      expect(text((await simulation.clock.run(dht.get('key'))).value)).to.equal('value')
    }
  })
})
