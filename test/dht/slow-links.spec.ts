import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { sleep } from '../../src/clock/wait.ts'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { DhtEvent } from '../../src/dht/events.ts'
import type { Stream } from '../../src/rpc/connection.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { Source } from 'it-stream-types'

/** Milliseconds one way. */
const FAST = 50
const SLOW = 500

/** Bytes that are carried at a time, and of a value that is large. */
const PIECE = 4096
const LARGE = 512 * 1024

/** Milliseconds after which no stream is open any more. */
const UNTIL_IDLE = 120_000

describe('slow links', () => {
  let simulation: Simulation
  /** Numbers of the hosts whose link is slow. */
  let slow: Set<number>
  let nodes: SimulatedNode[]

  beforeEach(async function () {
    this.timeout(60_000)
    slow = new Set()
    simulation = new Simulation({ seed: 3, latency: (from, to) => slow.has(from) || slow.has(to) ? SLOW : FAST })
    nodes = await simulation.nodesJoined(60)
    await simulation.clock.advance(UNTIL_IDLE)
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** The share of the true 20 closest that a lookup by `node` finds, those slow included. */
  async function recall (node: SimulatedNode, name: string): Promise<number> {
    const target = utf8(name)
    const { closest } = await simulation.clock.run(node.dht.lookup(target))
    const truth = simulation.closest(nodes.filter(other => other !== node), keyOf(target), 20).map(String)
    return closest.filter(({ id }) => truth.includes(String(id))).length / truth.length
  }

  /** How many of `others` are in the routing tables of `some`. */
  function known (some: readonly SimulatedNode[], others: readonly SimulatedNode[]): number {
    return some
      .map(({ dht }) => others.filter(other => dht.internals.peers.table.get(other.dht.self.key) != null).length)
      .reduce((sum, each) => sum + each)
  }

  it('a node whose own link becomes slow goes on finding everybody', async () => {
    const [node] = nodes
    slow.add(node.host.number)
    for (let i = 0; i < 10; i++) {
      expect(await recall(node, `target ${i}`), `lookup ${i}`).to.equal(1)
      await simulation.clock.advance(UNTIL_IDLE)
    }
    slow.clear()
    expect(await recall(node, 'afterwards')).to.equal(1)
  })

  /** Some lookups by each of `some`. */
  async function lookUp (some: readonly SimulatedNode[]): Promise<void> {
    for (let i = 0; i < 3; i++) {
      for (const node of some) {
        expect(await recall(node, `target ${i} of ${node.host.number}`)).to.be.greaterThan(0.5)
      }
      await simulation.clock.advance(UNTIL_IDLE)
    }
  }

  it('peers that are slower than most stay in the tables of all', async () => {
    const far = nodes.filter((_, i) => i % 5 === 0)
    const near = nodes.filter((_, i) => i % 5 !== 0)
    const before = known(near, far)
    far.forEach(({ host }) => slow.add(host.number))
    await lookUp(near)
    expect(known(near, far)).to.be.at.least(before)
  })

  it('peers that are late when a node stops are no less its contacts', async () => {
    const [{ dht, host }] = nodes
    const before = dht.contacts
    slow.add(host.number)
    const late = new Promise<void>(resolve => {
      const onProgress = ({ type }: DhtEvent): void => {
        if (type === 'failed') {
          resolve()
        }
      }
      dht.lookup(utf8('target'), { onProgress }).catch(() => {})
    })
    await simulation.clock.run(late)
    await simulation.clock.run(dht.stop())
    expect(dht.contacts).to.equal(before)
  })

  it('peers that are late to keep a value do, too', async () => {
    const [{ dht, host }] = nodes
    const before = dht.contacts
    const onProgress = ({ type }: DhtEvent): void => {
      if (type === 'closest') {
        slow.add(host.number)
      }
    }
    const { storedAt, ms } = await simulation.clock.run(dht.put('key', 'value', { onProgress }))
    expect(storedAt.length, 'it is our own link').to.equal(20)
    expect(ms).to.be.lessThan(2_000)
    expect(dht.contacts).to.be.at.least(before)
  })

  it('a put waits for nobody who is late for much longer than the others took', async () => {
    const [{ dht }, ...others] = nodes
    const { closest } = await simulation.clock.run(dht.lookup(utf8('/kv/key')))
    const dead = others.find(({ host }) => bytesEqual(host.self.id, closest[3].id))
    const { failed, ms } = await simulation.clock.run(dht.put('key', 'value', { onProgress: ({ type }) => { if (type === 'closest') { dead?.host.crash() } } }))
    expect(failed.map(({ peer }) => peer.id)).to.deep.equal([closest[3].id])
    expect(ms).to.be.lessThan(1_000)
  })

  /** A node whose link carries so many bytes a second, shared by all its streams. */
  async function behind (bytesPerSecond: number): Promise<Kademlia> {
    const { clock } = simulation
    let free = 0
    const pass = async (bytes: number): Promise<void> => {
      free = Math.max(free, clock.now()) + bytes * 1000 / bytesPerSecond
      await sleep(clock, free - clock.now())
    }
    async function * paced (source: Source<Uint8Array | Uint8ArrayList>): AsyncGenerator<Uint8ArrayList> {
      for await (const chunk of source) {
        for (let at = 0; at < chunk.byteLength; at += PIECE) {
          const piece = new Uint8ArrayList(chunk.subarray(at, Math.min(at + PIECE, chunk.byteLength)))
          await pass(piece.byteLength)
          yield piece
        }
      }
    }
    const narrow = (stream: Stream): Stream => ({
      source: paced(stream.source),
      sink: async source => stream.sink(paced(source)),
      abort (err) { stream.abort(err) }
    })
    const host = simulation.network.createHost({ listen: false })
    const dht = new Kademlia({
      host: {
        self: host.self,
        openStream: async (peer, protocol, options) => narrow(await host.openStream(peer, protocol, options)),
        identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
        handle: async (protocol, handler) => host.handle(protocol, handler),
        unhandle: async protocol => host.unhandle(protocol),
        watch: (protocol, topology) => host.watch(protocol, topology)
      },
      protocol: PROTOCOL,
      clock,
      mode: 'client',
      bootstrap: nodes[0].host.self.addrs
    })
    simulation.nodes.push({ dht, host })
    await clock.run(dht.start())
    return dht
  }

  it('a large value reaches all who are to keep it, however narrow the link that they share', async () => {
    const dht = await behind(128 * 1024)
    const before = dht.contacts
    const { storedAt } = await simulation.clock.run(dht.put('key', new Uint8Array(LARGE)))
    expect(storedAt.length).to.equal(20)
    expect(dht.contacts).to.be.at.least(before)
  })

  it('one reaches them, too, that takes so long that all are late', async () => {
    const dht = await behind(50_000)
    const { storedAt } = await simulation.clock.run(dht.put('key', new Uint8Array(100_000)))
    expect(storedAt.length).to.equal(20)
  })

  it('a large value that all holders send at once comes through a narrow link', async () => {
    await simulation.clock.run(nodes[1].dht.put('key', new Uint8Array(LARGE)))
    const dht = await behind(128 * 1024)
    const before = dht.contacts
    const { value, agreeing } = await simulation.clock.run(dht.get('key'))
    expect(value.byteLength).to.equal(LARGE)
    expect(agreeing.length).to.be.at.least(20)
    expect(dht.contacts).to.be.at.least(before)
  })

  it('peers that are late to be told of a provider do, too, and are told', async () => {
    const [{ dht, host }, ...others] = nodes
    const { peers } = dht.internals
    const before = dht.contacts
    const key = utf8('multihash')
    const closest = peers.table.closest(keyOf(key), 20)
    slow.add(host.number)
    const begun = simulation.clock.now()
    const telling = closest.map(async peer => peers.tell(peer, { type: 'add-provider', key, providers: [dht.self] }).then(() => 'told', (err: Error) => err.name))
    expect(new Set(await simulation.clock.run(Promise.all(telling)))).to.deep.equal(new Set(['TimeoutError']))
    expect(simulation.clock.now() - begun).to.be.lessThan(1_000)
    await simulation.clock.advance(20_000)
    expect(dht.contacts).to.equal(before)
    expect(others.filter(({ dht: { counts } }) => counts.providers?.rows === 1)).to.have.lengthOf(20)
  })

  it('peers that are dead do not', async () => {
    const dead = nodes.filter((_, i) => i % 5 === 0)
    const alive = nodes.filter((_, i) => i % 5 !== 0)
    const before = known(alive, dead)
    dead.forEach(({ host }) => { host.crash() })
    await lookUp(alive)
    expect(known(alive, dead), 'those that nobody asked').to.be.lessThan(before / 4)
  })
})
