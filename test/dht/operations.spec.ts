import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { sleep } from '../../src/clock/wait.ts'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { peerDump } from '../../src/dump/peer.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { sameKey } from '../../src/keyspace/distance.ts'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { mutableKeyOf } from '../../src/record/mutable-key.ts'
import { DatastoreError } from '../../src/store/errors.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import { countListeners } from '../helpers/listeners.ts'
import { frame, message, record, TYPE, utf8 } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { DhtEvent, OperationOptions } from '../../src/dht/events.ts'
import type { ValueStore } from '../../src/store/value-store.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The name of what `task` rejects with. */
async function failure (task: Promise<unknown>): Promise<string> {
  return task.then(() => 'none', (err: Error) => err.name)
}

/** A key pair, and the key of what it can write. */
async function mutable (): Promise<{ readonly privateKey: Ed25519PrivateKey, readonly key: Uint8Array }> {
  const privateKey = await generateKeyPair('Ed25519')
  return { privateKey, key: mutableKeyOf(privateKey.publicKey) }
}

describe('operations', () => {
  let simulation: Simulation

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  describe('against one node', () => {
    let a: SimulatedNode
    let b: SimulatedNode

    beforeEach(async () => {
      simulation = new Simulation({ seed: 1, latency: 25 })
      a = await simulation.node({ handOver: false })
      b = await simulation.node({ handOver: false })
    })

    it('pings it, by address or as a peer, and tells how long that took', async () => {
      const byAddress = await simulation.clock.run(a.dht.ping(b.host.self.addrs[0]))
      expect(byAddress.peer.id).to.deep.equal(b.dht.self.id)
      const asPeer = await simulation.clock.run(a.dht.ping(b.dht.self))
      expect(asPeer.ms).to.equal(50)
    })

    it('takes a copy of the parts of a contact, as another thread has it, and of these only what says who it is and where', async () => {
      const { id, key, identity, addrs } = contactOf(b.dht.self)
      for (const copy of [structuredClone({ id, key, identity, addrs }), { ...contactOf(a.dht.self), id, addrs }]) {
        const { peer } = await simulation.clock.run(a.dht.ping(copy))
        expect(peer.key).to.deep.equal(key)
      }
    })

    it('says of a copy of a contact, and of addresses that are no bytes, what is missing', async () => {
      const { addrs: texts } = peerDump(b.dht.self)
      for (const none of [structuredClone(contactOf(b.dht.self)), { id: b.dht.self.id, addrs: texts }]) {
        await expect(simulation.clock.run(a.dht.ping(none as never))).to.eventually.be.rejectedWith(/addrs .*as bytes.* its peerDump has/).with.property('name', 'InvalidOptionError')
      }
      const { peer } = await simulation.clock.run(a.dht.ping(texts[0]))
      expect(peer.id).to.deep.equal(b.dht.self.id)
    })

    it('takes an address as text', async () => {
      const { peer } = await simulation.clock.run(a.dht.ping('/memory/1'))
      expect(peer.id).to.deep.equal(b.dht.self.id)
    })

    it('stores there and there only, and finds it there', async () => {
      const told: string[] = []
      const { peer, key, ms } = await simulation.clock.run(a.dht.store(b.dht.self, 'key', 'value', { onProgress: ({ type }) => { told.push(type) } }))
      expect([peer.id, text(key), ms > 0]).to.deep.equal([b.dht.self.id, '/kv/key', true])
      expect(told).to.deep.equal(['asking', 'answered', 'stored'])
      const found = await simulation.clock.run(a.dht.findValue(b.dht.self, 'key'))
      expect(text(found.value ?? new Uint8Array())).to.equal('value')
      expect(text(found.key)).to.equal('/kv/key')
      const own = await simulation.clock.run(b.dht.findValue(a.dht.self, 'key'))
      expect(own.value).to.equal(undefined)
    })

    it('finds no value there that its namespace refuses', async () => {
      const key = immutableKeyOf(utf8('value'))
      const liar = simulation.network.createHost()
      await liar.handle(PROTOCOL, async stream => {
        await stream.source.next()
        await stream.sink([frame(message.type(TYPE.getValue), message.key(key), message.record(record(key, utf8('another'))))])
      })
      const { value, ttl } = await simulation.clock.run(a.dht.findValue(liar.self, key))
      expect({ value, ttl }).to.deep.equal({ value: undefined, ttl: undefined })
    })

    it('asks for the node itself and is told of it first', async () => {
      const { closer } = await simulation.clock.run(a.dht.findNode(b.dht.self, b.dht.self.id))
      expect(closer[0].id).to.deep.equal(b.dht.self.id)
    })

    it('says when nobody is there, when it does not answer, and when it is another network', async () => {
      expect(await failure(simulation.clock.run(a.dht.ping('/memory/99')))).to.equal('DialError')
      b.host.crash()
      expect(await failure(simulation.clock.run(a.dht.ping(b.dht.self)))).to.equal('TimeoutError')
      const other = await simulation.node({ protocol: '/other/1.0.0' })
      expect(await failure(simulation.clock.run(a.dht.ping(other.host.self.addrs[0])))).to.equal('UnsupportedProtocolError')
    })

    it('refuse a timeout that is none', async () => {
      const operations: Array<(options: OperationOptions) => Promise<unknown>> = [
        async options => a.dht.ping(b.dht.self, options),
        async options => a.dht.lookup('key', options),
        async options => a.dht.get('key', options),
        async options => a.dht.put('key', 'value', options),
        async options => a.dht.join(b.host.self.addrs, options),
        async options => a.dht.refresh(options)
      ]
      for (const operation of operations) {
        for (const timeout of [NaN, -1]) {
          await expect(simulation.clock.run(operation({ timeout })))
            .to.eventually.be.rejectedWith(`timeout must be a number of milliseconds from 0, or Infinity, not ${timeout}`)
        }
      }
    })

    it('refuse options that are none, and say which and what they may be, before anything is done', async () => {
      const wrong: Array<[options: any, message: RegExp]> = [
        [null, /^(the options|what is put .*) must be an object, not null$/],
        [[], /^(the options|what is put .*) must be an object, not Array$/],
        ['5s', /^(the options|what is put .*) must be an object, not "5s"$/],
        [() => {}, /^(the options|what is put .*) must be an object, not function$/],
        [{ timeout: '5s' }, /^timeout must be a number of milliseconds from 0, or Infinity, not "5s"$/],
        [{ signal: {} }, /^signal must be an AbortSignal, not Object$/],
        [{ signal: new AbortController() }, /^signal must be an AbortSignal, not AbortController$/],
        [{ signal: 'now' }, /^signal must be an AbortSignal, not "now"$/],
        [{ onProgress: {} }, /^onProgress must be a function, not Object$/]
      ]
      const peer = b.dht.self
      const multihash = Uint8Array.of(0x12, 1, 1)
      const { privateKey, key } = await mutable()
      const operations: Record<string, (options: any) => Promise<unknown>> = {
        ping: async options => a.dht.ping(peer, options),
        store: async options => a.dht.store(peer, 'key', 'value', options),
        findNode: async options => a.dht.findNode(peer, 'key', options),
        findValue: async options => a.dht.findValue(peer, 'key', options),
        lookup: async options => a.dht.lookup('key', options),
        getClosestPeers: async options => a.dht.getClosestPeers('key', options).next(),
        put: async options => a.dht.put('key', 'value', options),
        putImmutable: async options => a.dht.putImmutable('value', options),
        putMutable: async options => a.dht.putMutable(privateKey, options?.constructor === Object ? { value: 'value', ...options } : options),
        get: async options => a.dht.get('key', options),
        getMutable: async options => a.dht.getMutable(key, options),
        searchValue: async options => a.dht.searchValue('key', options).next(),
        provide: async options => a.dht.provide(multihash, options),
        findProviders: async options => a.dht.findProviders(multihash, options).next(),
        findPeer: async options => a.dht.findPeer(multihash, options),
        join: async options => a.dht.join(b.host.self.addrs, options),
        rejoin: async options => a.dht.rejoin(options),
        refresh: async options => a.dht.refresh(options)
      }
      for (const [name, operation] of Object.entries(operations)) {
        for (const [options, message] of wrong) {
          await expect(simulation.clock.run(operation(options)), name).to.eventually.be.rejectedWith(message).with.property('name', 'InvalidOptionError')
        }
      }
      const { values, providers, published } = a.dht.counts
      expect([values?.values, providers?.own, published.values, b.dht.counts.values?.values]).to.deep.equal([0, 0, 0, 0])
      const fresh = new Kademlia({ host: simulation.network.createHost(), protocol: PROTOCOL, clock: simulation.clock })
      const notNow: any = { timeout: 'soon' }
      expect(await failure(fresh.start(notNow))).to.equal('InvalidOptionError')
    })

    it('refuse what is neither text nor bytes, and say what of it', async () => {
      const five = JSON.parse('5')
      const operations: Array<[message: string, operation: () => Promise<unknown>]> = [
        ['the key', async () => a.dht.put(five, 'value')],
        ['the key', async () => a.dht.get(five)],
        ['the key', async () => a.dht.unpublish(five)],
        ['the value', async () => a.dht.put('key', five)],
        ['the value', async () => a.dht.putImmutable(five)],
        ['the target', async () => a.dht.lookup(five)],
        ['the target', async () => a.dht.findNode(b.dht.self, five)]
      ]
      for (const [what, operation] of operations) {
        await expect(simulation.clock.run(operation())).to.eventually.be.rejectedWith(`${what} must be a string or a Uint8Array, not number`).with.property('name', 'InvalidOptionError')
      }
      expect(await failure(a.dht.put('key', JSON.parse('null')))).to.equal('InvalidOptionError')
    })

    it('refuse views of memory whose elements are no bytes', async () => {
      const value: any = new Uint16Array([300, 5]) // as bytes they would be 44 and 5
      await expect(simulation.clock.run(a.dht.put('key', value))).to.eventually.be.rejectedWith('not Uint16Array').with.property('name', 'InvalidOptionError')
      const key: any = new DataView(new ArrayBuffer(3))
      await expect(simulation.clock.run(a.dht.get(key))).to.eventually.be.rejectedWith('not DataView').with.property('name', 'InvalidOptionError')
    })

    it('refuse what is neither a multihash, nor a node, nor a list of addresses', async () => {
      const cid: any = { multihash: new Uint8Array(34) }
      const text: any = '/memory/1'
      const operations: Record<string, () => Promise<unknown>> = {
        provide: async () => a.dht.provide(cid),
        unprovide: async () => a.dht.unprovide(cid),
        findProviders: async () => a.dht.findProviders(text).next(),
        findPeer: async () => a.dht.findPeer(text),
        ping: async () => a.dht.ping(cid),
        'ping of no PeerId': async () => a.dht.ping({ id: Uint8Array.of(1), addrs: [] }),
        'source of findPeer': async () => a.dht.findPeer(b.dht.self.id, { source: text }),
        'source of findProviders': async () => a.dht.findProviders(b.dht.self.id, { source: text }).next(),
        store: async () => a.dht.store(cid, 'key', 'value'),
        'join of no list': async () => a.dht.join(text),
        'join of no address': async () => a.dht.join([cid]),
        bootstrap: async () => simulation.node({ bootstrap: [cid] })
      }
      for (const [name, operation] of Object.entries(operations)) {
        expect(await failure(simulation.clock.run(operation())), name).to.equal('InvalidOptionError')
      }
      await expect(a.dht.provide(cid)).to.eventually.be.rejectedWith('the multihash (cid.multihash.bytes) must be a Uint8Array, not Object')
      await expect(a.dht.findPeer(cid)).to.eventually.be.rejectedWith('the PeerId must be a string or a Uint8Array, not Object')
    })

    it('ends within its timeout', async () => {
      b.host.crash()
      const begun = simulation.clock.now()
      expect(await failure(simulation.clock.run(a.dht.ping(b.dht.self, { timeout: 300 })))).to.equal('TimeoutError')
      expect(simulation.clock.now() - begun).to.equal(300)
    })
  })

  it('are refused before start and after stop, with what to do', async () => {
    simulation = new Simulation()
    const { dht } = await simulation.node()
    await simulation.clock.run(dht.stop())
    await expect(simulation.clock.run(dht.start())).to.eventually.be.rejectedWith('this node was stopped: create another')
    await expect(dht.get('key')).to.eventually.be.rejectedWith(/was stopped: create another/)
  })

  it('refuse keys and options that make no sense', async () => {
    simulation = new Simulation()
    const { dht } = await simulation.node()
    expect(await failure(dht.put('', 'value'))).to.equal('InvalidOptionError')
    expect(await failure(dht.put(new Uint8Array(5000), 'value'))).to.equal('InvalidOptionError')
    expect(await failure(dht.get('key', { quorum: -1 }))).to.equal('InvalidOptionError')
    expect(await failure(dht.ping('no address'))).to.equal('InvalidOptionError')
    expect(await failure(simulation.node({ k: 0 }))).to.equal('InvalidOptionError')
    expect(await failure(simulation.node({ protocol: 'no slash' }))).to.equal('InvalidOptionError')
  })

  it('refuse what no peer takes before anybody is asked, and blame nobody', async () => {
    simulation = new Simulation({ seed: 3, latency: 10 })
    const nodes = await simulation.nodesJoined(6)
    const bare = await simulation.node({ kinds: () => undefined, bootstrap: nodes[0].host.self.addrs }) // keys as on libp2p
    const [none, tooMuch] = [new Uint8Array(), new Uint8Array(81)]
    const { dht } = nodes[3]
    const refused: Array<[string, () => Promise<unknown>]> = [
      ['a target of nothing', async () => dht.lookup('')],
      ['a target of too much', async () => dht.lookup(new Uint8Array(15 * 1024 + 1))],
      ['a target of nothing, in a loop', async () => dht.getClosestPeers(none).next()],
      ['a target of nothing, at one node', async () => dht.findNode(nodes[0].dht.self, none)],
      ['a peer without an id', async () => dht.findPeer(none)],
      ['a multihash of nothing', async () => dht.provide(none)],
      ['a multihash of too much', async () => dht.provide(tooMuch)],
      ['providers of nothing', async () => dht.findProviders(none).next()],
      ['providers of too much', async () => dht.findProviders(tooMuch).next()],
      ['a key without a namespace', async () => bare.dht.get(utf8('hello'))],
      ['a key without a namespace, at one node', async () => bare.dht.findValue(nodes[0].dht.self, utf8('hello'))]
    ]
    const sent = simulation.network.counters.bytes
    for (const [what, operation] of refused) {
      expect(await failure(simulation.clock.run(operation())), what).to.equal('InvalidOptionError')
    }
    expect(simulation.network.counters.bytes - sent, 'bytes sent').to.equal(0)
    expect(dht.counts.providers?.rows ?? 0, 'nothing is provided').to.equal(0)
    const { asked, failed } = await simulation.clock.run(dht.lookup(new Uint8Array(15 * 1024)))
    expect([asked > 0, failed]).to.deep.equal([true, 0])
    expect((await simulation.clock.run(dht.provide(new Uint8Array(80)))).sentTo).to.have.length(6)
  })

  describe('and the bytes of who calls them', () => {
    const whole = new Uint8Array(40_000).fill(7)
    let nodes: SimulatedNode[]

    beforeEach(async () => {
      simulation = new Simulation({ seed: 1, latency: 25 })
      nodes = await simulation.nodesJoined(3, { handOver: false })
    })

    /** What each node keeps, by key and first byte of the value. */
    async function kept (): Promise<string[][]> {
      return Promise.all(nodes.map(async ({ dht }) => {
        const rows: string[] = []
        for await (const record of dht.internals.store.values()) {
          rows.push(`${text(record.key.subarray(0, 11))} ${dht.internals.values.open(record)[0]}`)
        }
        return rows.sort()
      }))
    }

    it('keep a value as it was given, whatever becomes of these', async () => {
      const key = utf8('/kv/written')
      const [open, immutable] = [whole.slice(), whole.slice()]
      await simulation.clock.run(nodes[0].dht.put(key, open))
      await simulation.clock.run(nodes[0].dht.putImmutable(immutable))
      for (const bytes of [key, open, immutable]) {
        bytes.fill(1)
      }
      expect(await kept()).to.deep.equal(nodes.map(() => ['/immutable/ 7', '/kv/written 7']))
    })

    it('put a value as it was given, though these are used again before it is there', async () => {
      const [key, value, data] = [utf8('/kv/written'), whole.slice(), whole.slice()]
      const { privateKey } = await mutable()
      const puts = [nodes[0].dht.put(key, value), nodes[0].dht.putImmutable(value), nodes[0].dht.putMutable(privateKey, { value: data })]
      for (const bytes of [key, value, data]) {
        bytes.fill(1)
      }
      await simulation.clock.run(Promise.all(puts))
      expect((await kept()).flat().map(row => row.at(-1))).to.deep.equal(new Array(3 * nodes.length).fill('7'))
    })

    it('keep and pass on a value as it was found, whatever becomes of these', async () => {
      const [{ dht: asker }, { dht: holder }] = nodes
      const key = immutableKeyOf(whole)
      for (const [at, value] of [['written', whole], [key, whole]] as const) {
        await simulation.clock.run(asker.store(holder.self, at, value))
        for (const { dht } of [nodes[0], nodes[1]]) {
          const values = dht.searchValue(at)
          for (let found = await simulation.clock.run(values.next()); found.done !== true; found = await simulation.clock.run(values.next())) {
            found.value.value.fill(1)
          }
          const { value, record, passedOn } = await simulation.clock.run(dht.get(at))
          expect(value).to.equalBytes(whole)
          value.fill(2)
          record.value.fill(3)
          await simulation.clock.run(passedOn)
        }
      }
      expect(await kept()).to.deep.equal(nodes.map(() => ['/immutable/ 7', '/kv/written 7']))
    })
  })

  describe('over the network', () => {
    let nodes: SimulatedNode[]

    beforeEach(async () => {
      simulation = new Simulation({ seed: 2, latency: 50 })
      nodes = await simulation.nodesJoined(50)
    })

    it('stop at once when aborted, with the reason', async () => {
      for (const operation of ['lookup', 'get', 'put'] as const) {
        const controller = new AbortController()
        const task = nodes[0].dht[operation]('key', operation === 'put' ? 'value' : { signal: controller.signal } as never, { signal: controller.signal })
        const failed = failure(task)
        await simulation.clock.advance(20)
        controller.abort(new DOMException('enough', 'AbortError'))
        const begun = simulation.clock.now()
        expect(await simulation.clock.run(failed), operation).to.equal('AbortError')
        expect(simulation.clock.now(), operation).to.equal(begun)
      }
    })

    it('have one timeout for looking up and for storing', async () => {
      const begun = simulation.clock.now()
      const put = nodes[0].dht.put('key', 'value', {
        timeout: 600,
        onProgress (event) {
          if (event.type === 'asking' && event.request === 'put-value') {
            nodes.slice(1).forEach(({ host }) => { host.crash() })
          }
        }
      })
      expect((await simulation.clock.run(put)).storedAt).to.deep.equal([])
      expect(simulation.clock.now() - begun).to.be.at.most(600)

      const later = simulation.clock.now()
      expect((await simulation.clock.run(nodes[0].dht.put('another', 'value', { timeout: 600 }))).storedAt).to.deep.equal([])
      expect(simulation.clock.now() - later, 'nobody answers the lookup').to.be.at.most(600)
    })

    it('stop when aborted while they store, with the reason', async () => {
      const controller = new AbortController()
      const put = nodes[0].dht.put('key', 'value', {
        signal: controller.signal,
        onProgress (event) {
          if (event.type === 'asking' && event.request === 'put-value') {
            controller.abort(new DOMException('enough', 'AbortError'))
          }
        }
      })
      expect(await failure(simulation.clock.run(put))).to.equal('AbortError')
    })

    it('leave nothing behind when they were aborted before they began', async () => {
      const multihash = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32))
      const [{ dht }] = nodes
      const signal = AbortSignal.abort(new DOMException('enough', 'AbortError'))
      expect(await simulation.clock.run(failure(dht.put('key', 'value', { signal, republish: true })))).to.equal('AbortError')
      expect(await simulation.clock.run(failure(dht.provide(multihash, { signal })))).to.equal('AbortError')
      expect(await dht.internals.values.kept(new TextEncoder().encode('/kv/key'))).to.equal(undefined)
      expect(dht.counts.published?.values).to.equal(0)
      expect(dht.counts.providers?.own).to.equal(0)
      await simulation.clock.run(dht.put('key', 'value', { republish: true }))
      expect(await simulation.clock.run(failure(dht.put('key', 'other', { signal, republish: false })))).to.equal('AbortError')
      expect(dht.counts.published?.values, 'what was put before is kept alive').to.equal(1)
    })

    it('say that the node was stopped, whenever that was', async () => {
      const multihash = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32))
      const sending = { put: 'put-value', provide: 'add-provider' } as const
      for (const operation of ['put', 'provide'] as const) {
        for (const request of ['find-node', sending[operation]] as const) {
          const { dht } = await simulation.node({ bootstrap: nodes[0].host.self.addrs, clientIdle: 1_000 })
          await simulation.clock.advance(60_000) // no stream is open any more
          let stopped: Promise<void> | undefined
          const onProgress = (event: DhtEvent): void => {
            if (event.type === 'asking' && event.request === request) {
              stopped ??= dht.stop()
            }
          }
          const task = operation === 'put' ? dht.put('key', 'value', { onProgress }) : dht.provide(multihash, { onProgress })
          expect(await simulation.clock.run(failure(task)), `${operation} while it sends ${request}`).to.equal('NotStartedError')
          await simulation.clock.run(stopped ?? Promise.reject(new Error(`no ${request} was sent`)))
        }
      }
    })

    it('say that the node was stopped, not that nobody answered, or that its stores were closed', async () => {
      const { clock } = simulation
      const values = new MemoryValueStore(clock)
      const closing: ValueStore = {
        get: async key => values.get(key),
        values: () => values.values(),
        async put () {
          await sleep(clock, 100)
          throw new DatastoreError('the database was closed')
        }
      }
      const { dht } = await simulation.node({ values: closing })
      const tasks = [dht.put('key', 'value'), dht.join(['/memory/9999'])].map(failure)
      await clock.run(dht.stop())
      expect(await clock.run(Promise.all(tasks))).to.deep.equal(['NotStartedError', 'NotStartedError'])
      await clock.advance(100) // the store is done with what it was given
    })

    it('listen once to the signal that many of them have, and leave nothing on it', async () => {
      const { signal } = new AbortController()
      const listeners = countListeners(signal)
      await simulation.clock.run(Promise.all(Array.from({ length: 12 }, async (_, i) => nodes[i].dht.put(`key ${i}`, 'value', { signal }))))
      expect(listeners).to.deep.equal({ now: 0, most: 1 })
    })

    it('keep what a lookup found until its deadline, and say that it is partial', async () => {
      const whole = await simulation.clock.run(nodes[1].dht.lookup('somewhere'))
      expect(whole.reason).to.equal('converged')
      const fresh = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
      const partial = await simulation.clock.run(fresh.dht.lookup('somewhere else', { timeout: 150 }))
      expect(partial.reason).to.equal('deadline')
      expect(partial.closest.length).to.be.within(1, 19)
      expect(partial.ms).to.equal(150)
    })

    it('tell what happens while it happens', async () => {
      const events: DhtEvent[] = []
      await simulation.clock.run(nodes[3].dht.put('key', 'value', { onProgress: event => { events.push(event) } }))
      const counts = new Map<string, number>()
      events.forEach(({ type }) => { counts.set(type, (counts.get(type) ?? 0) + 1) })
      expect(counts.get('stored')).to.equal(20)
      expect(counts.get('closest')).to.equal(1)
      expect(counts.get('asking')).to.be.greaterThan(39)
      const [first] = events
      expect(first.type === 'asking' && first.hop).to.equal(1)
    })

    it('fail of what their onProgress throws, whatever it is told', async () => {
      const all = nodes
      const [{ dht }, other, dead] = all
      const addrs = [other, dead].flatMap(({ host }) => [...host.self.addrs])
      dead.host.crash()
      const operations: Array<[events: string, (options: OperationOptions) => Promise<unknown>]> = [
        ['asking find-node, answered find-node, closest, asking put-value, stored put-value, failed put-value', async options => dht.put('key', 'value', options)],
        ['asking add-provider, stored add-provider', async options => dht.provide(utf8('multihash'), options)],
        ['bootstrapped, bootstrap-failed, asking find-node', async options => dht.join(addrs, options)],
        ['asking ping, answered ping', async options => dht.ping(other.dht.self, options)]
      ]
      for (const [events, operation] of operations) {
        for (const expected of events.split(', ')) {
          let told = 0
          const onProgress = (event: DhtEvent): void => {
            const name = 'request' in event ? `${event.type} ${event.request}` : event.type
            if (event.type === 'closest' && expected.startsWith('failed')) {
              all.filter(({ dht: { self } }) => event.closest.slice(3, 6).some(({ key }) => sameKey(key, self.key))).forEach(({ host }) => { host.crash() })
            }
            if (name === expected) {
              told++
              throw new Error(`mine, of ${name}`)
            }
          }
          const begun = simulation.clock.now()
          await expect(simulation.clock.run(operation({ onProgress }))).to.eventually.be.rejectedWith(`mine, of ${expected}`)
          expect(simulation.clock.now() - begun, expected).to.be.lessThan(6_000)
          await simulation.clock.advance(20_000)
          expect(told, `${expected}, times`).to.equal(1)
        }
      }
    })

    it('yield the closest peers one by one, closest first', async () => {
      const ids: Uint8Array[] = []
      await simulation.clock.run((async () => {
        for await (const { id } of nodes[4].dht.getClosestPeers('target')) {
          ids.push(id)
        }
      })())
      const { closest } = await simulation.clock.run(nodes[4].dht.lookup('target'))
      expect(ids).to.deep.equal(closest.map(({ id }) => id))
    })

    it('yield values as they improve', async () => {
      const keepers = await simulation.clock.run(nodes[0].dht.lookup('/kv/key'))
      await simulation.clock.run(nodes[1].dht.put('key', 'first'))
      await simulation.clock.advance(1000)
      await simulation.clock.run(nodes[2].dht.store(keepers.closest[19], 'key', 'second'))
      const seen: string[] = []
      await simulation.clock.run((async () => {
        for await (const { value } of nodes[5].dht.searchValue('key')) {
          seen.push(text(value))
        }
      })())
      expect(seen.at(-1)).to.equal('second')
      expect(seen.length).to.be.within(1, 2)
    })

    it('yield no value where there is none', async () => {
      const found = await simulation.clock.run(nodes[0].dht.searchValue('nothing').next())
      expect(found.done).to.equal(true)
    })

    it('stop a get when the quorum is there', async () => {
      await simulation.clock.run(nodes[0].dht.put('key', 'value'))
      const all = await simulation.clock.run(nodes[9].dht.get('key'))
      const some = await simulation.clock.run(nodes[9].dht.get('key', { quorum: 3 }))
      expect(all.agreeing.length).to.be.within(20, 21)
      expect(some.agreeing.length).to.be.within(3, 10)
      expect(some.lookup.reason).to.equal('stopped')
      const own = await simulation.clock.run(nodes[0].dht.get('key', { quorum: 1 }))
      expect(own.lookup.asked, 'which our own may be').to.equal(0)
    })

    it('say how long a value lives where it lives longest', async () => {
      const value = utf8('forever')
      const key = immutableKeyOf(value)
      const { dht: writer } = await simulation.node({ mode: 'client' })
      const { closest } = await simulation.clock.run(nodes[0].dht.lookup(key))
      for (const [i, peer] of closest.entries()) {
        await simulation.clock.run(writer.store(peer, key, value, { ttl: i === 7 ? 3_600_000 : 60_000 }))
      }
      const { ttl } = await simulation.clock.run(nodes[5].dht.get(key))
      expect(ttl).to.be.within(3_590_000, 3_600_000)
    })

    it('say so of the value that they give, not of those that it replaces', async () => {
      const { dht: writer } = await simulation.node({ mode: 'client' })
      for (const place of [0, 19]) {
        const { closest } = await simulation.clock.run(nodes[0].dht.lookup(`/kv/${place}`))
        for (const peer of closest) {
          await simulation.clock.run(writer.store(peer, `${place}`, 'old', { ttl: 3_600_000 }))
        }
        await simulation.clock.run(writer.store(closest[place], `${place}`, 'new', { ttl: 60_000 }))
        const { value, ttl } = await simulation.clock.run(nodes[5].dht.get(`${place}`))
        expect(text(value)).to.equal('new')
        expect(ttl).to.be.within(50_000, 60_000)
      }
    })

    it('say when those who were behind have been given what a get found', async () => {
      const { closest } = await simulation.clock.run(nodes[0].dht.lookup('/kv/key'))
      await simulation.clock.run(nodes[1].dht.put('key', 'first'))
      await simulation.clock.advance(1000)
      await simulation.clock.run(nodes[2].dht.store(closest[19], 'key', 'second'))
      const { outdated, passedOn } = await simulation.clock.run(nodes[5].dht.get('key'))
      expect(outdated).to.have.length.of.at.least(19)
      await simulation.clock.run(passedOn)
      for (const peer of closest) {
        const { value } = await simulation.clock.run(nodes[3].dht.findValue(peer, 'key'))
        expect(value).to.deep.equal(new TextEncoder().encode('second'))
      }
    })

    it('end what a get passes on when the node stops', async () => {
      await simulation.clock.run(nodes[1].dht.put('key', 'first'))
      const { closest } = await simulation.clock.run(nodes[0].dht.lookup('/kv/key'))
      await simulation.clock.advance(1000)
      await simulation.clock.run(nodes[2].dht.store(closest[19], 'key', 'second'))
      const { passedOn } = await simulation.clock.run(nodes[5].dht.get('key'))
      await simulation.clock.run(Promise.all([nodes[5].dht.stop(), passedOn]))
    })

    it('say when a value is nowhere', async () => {
      await expect(simulation.clock.run(nodes[0].dht.get('nothing'))).to.eventually.be.rejectedWith(/not found: \d+ of \d+ nodes asked answered/)
    })

    it('do not say so when nobody answered: there may be one', async () => {
      simulation = new Simulation({ seed: 8, latency: 10 })
      const [a, b, c] = await simulation.nodesJoined(3)
      await simulation.clock.run(a.dht.put('key', 'value'))
      b.host.crash()
      c.host.crash()
      const d = await simulation.node()
      await simulation.clock.run(d.dht.join(a.host.self.addrs))
      a.host.crash()
      await expect(simulation.clock.run(d.dht.get('key', { timeout: 300 })))
        .to.eventually.be.rejectedWith(/^none of the \d nodes asked answered within 300 ms/).with.property('name', 'TimeoutError')
      const { asked, failed, reason } = await simulation.clock.run(d.dht.lookup('key', { timeout: 300 }))
      expect({ asked, failed, reason }).to.deep.equal({ asked, failed: asked, reason: 'deadline' })
      expect(asked).to.be.above(0)
      await expect(simulation.clock.run(d.dht.get('key')))
        .to.eventually.be.rejectedWith(/^none of the \d nodes asked answered: /).with.property('name', 'NoPeersError')
    })

    it('say how many answered in time', async () => {
      const slow = new Set<number>()
      simulation = new Simulation({ seed: 8, latency: (from, to) => slow.has(from) || slow.has(to) ? 400 : 10 })
      const [a, b, c] = await simulation.nodesJoined(3)
      slow.add(c.host.number)
      expect(b.dht.contacts).to.equal(2)
      await expect(simulation.clock.run(b.dht.get('key', { timeout: 300 })))
        .to.eventually.be.rejectedWith(/^not found: 1 of 2 nodes asked answered within 300 ms, none has/)
      expect(a.dht.contacts).to.be.above(0)
    })

    it('serve no value past its life', async () => {
      simulation = new Simulation({ seed: 8, latency: 10 })
      const few = await simulation.nodesJoined(5)
      await simulation.clock.run(few[0].dht.put('key', 'value', { republish: false }))
      await simulation.clock.advance(24 * 3_600_000 - 60_000)
      expect(text((await simulation.clock.run(few[4].dht.get('key'))).value)).to.equal('value')
      await simulation.clock.advance(24 * 3_600_000)
      expect(await failure(simulation.clock.run(few[4].dht.get('key')))).to.equal('ValueNotFoundError')
    })
  })

  describe('join', () => {
    it('takes who answers of a list, and says who did not and why', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const nodes = await simulation.nodesJoined(5)
      const newcomer = await simulation.node()
      nodes[1].host.crash()
      const result = await simulation.clock.run(newcomer.dht.join([nodes[0].host.self.addrs[0], '/memory/77', nodes[1].host.self.addrs[0]]))
      expect(result.answered.map(({ id }) => id)).to.deep.equal([nodes[0].dht.self.id])
      expect(result.failed.map(({ error }) => error.name)).to.deep.equal(['DialError', 'TimeoutError'])
      expect(result.contacts).to.equal(4)
    })

    it('does not wait for who is silent, and takes them when they answer after all', async () => {
      const slow = new Set<number>()
      simulation = new Simulation({ seed: 3, latency: (from, to) => slow.has(from) || slow.has(to) ? 1_000 : 10 })
      const [root, other] = [await simulation.node(), await simulation.node()]
      const newcomer = await simulation.node()
      slow.add(other.host.number)
      const told: string[] = []
      const addrs = [root, other].flatMap(({ host }) => [...host.self.addrs])
      const { ms, answered, failed } = await simulation.clock.run(newcomer.dht.join(addrs, { onProgress: ({ type }) => { told.push(type) } }))
      expect(ms).to.be.within(500, 1_000)
      expect([answered.length, failed.length]).to.deep.equal([1, 1])
      expect(newcomer.dht.contacts).to.equal(1)
      expect(told.filter(type => type.startsWith('bootstrap'))).to.deep.equal(['bootstrapped', 'bootstrap-failed'])
      const events = told.length
      await simulation.clock.advance(10_000)
      expect(newcomer.dht.contacts).to.equal(2)
      expect(told).to.have.lengthOf(events)
    })

    it('ends what it goes on with when the node stops', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const [root, other, newcomer] = [await simulation.node(), await simulation.node(), await simulation.node()]
      other.host.crash()
      await simulation.clock.run(newcomer.dht.join([root, other].flatMap(({ host }) => [...host.self.addrs])))
      const before = simulation.clock.now()
      await simulation.clock.run(newcomer.dht.stop())
      expect(simulation.clock.now() - before).to.be.lessThan(500)
    })

    it('looks around through those we know when nobody answers', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const [, node] = await simulation.nodesJoined(5)
      const { answered, failed, contacts } = await simulation.clock.run(node.dht.join(simulation.network.createHost().self.addrs))
      expect([answered.length, failed.length]).to.deep.equal([0, 1])
      expect(contacts).to.be.above(0)
    })

    it('stops when aborted while it looks ourselves up, with the reason', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const [a] = await simulation.nodesJoined(5)
      const node = await simulation.node()
      const controller = new AbortController()
      const joining = node.dht.join(a.host.self.addrs, {
        signal: controller.signal,
        onProgress (event) {
          if (event.type === 'asking') {
            controller.abort(new DOMException('enough', 'AbortError'))
          }
        }
      })
      expect(await failure(simulation.clock.run(joining))).to.equal('AbortError')
    })

    it('stops when aborted while nobody has answered, with the reason, or what onProgress throws', async () => {
      simulation = new Simulation({ seed: 3, latency: 10 })
      const [silent, node] = [await simulation.node(), await simulation.node()]
      silent.host.crash()
      const addrs = ['/memory/77', ...silent.host.self.addrs]
      const begun = simulation.clock.now()
      const controller = new AbortController()
      const abort = (): void => { controller.abort(new DOMException('enough', 'AbortError')) }
      expect(await failure(simulation.clock.run(node.dht.join(addrs, { signal: controller.signal, onProgress: abort })))).to.equal('AbortError')
      const complain = (): void => { throw new RangeError('mine') }
      expect(await failure(simulation.clock.run(node.dht.join(addrs, { onProgress: complain })))).to.equal('RangeError')
      expect(simulation.clock.now() - begun).to.be.lessThan(100)
    })

    it('says who let us in when its time is up while it looks around', async () => {
      simulation = new Simulation({ seed: 3, latency: 50 })
      const nodes = await simulation.nodesJoined(30)
      const { dht } = await simulation.node()
      const { answered, contacts, ms } = await simulation.clock.run(dht.join(nodes[0].host.self.addrs, { timeout: 350 }))
      expect([answered.length, ms]).to.deep.equal([1, 350])
      expect(contacts).to.be.within(1, 29)
    })

    it('fails when nobody answers, naming each cause', async () => {
      simulation = new Simulation({ seed: 4 })
      const { dht } = await simulation.node()
      await expect(simulation.clock.run(dht.join(['/memory/7', '/memory/8']))).to.eventually.be.rejected
        .with.property('name', 'NoPeersError')
      await expect(simulation.clock.run(dht.join([]))).to.eventually.be.rejectedWith(/give it the address of at least one running node/)
    })

    it('is tried again, less and less often, when the network comes up later', async () => {
      simulation = new Simulation({ seed: 5, latency: 10 })
      const root = await simulation.node()
      simulation.network.partition([[root.host]])
      const early = await simulation.node({ bootstrap: root.host.self.addrs })
      await simulation.clock.advance(600_000)
      const dials = simulation.network.counters.dials
      expect(early.dht.contacts).to.equal(0)
      expect(dials).to.be.within(5, 25)
      simulation.network.heal()
      await simulation.clock.advance(310_000)
      expect(early.dht.contacts).to.equal(1)
    })

    it('is tried again when who answered was lost before the attempt was over', async () => {
      simulation = new Simulation({ seed: 5, latency: 10 })
      const host = simulation.network.createHost()
      const early = await simulation.node({ mode: 'client', bootstrap: host.self.addrs })
      let pings = 0
      await host.handle(PROTOCOL, async stream => {
        await pipe(stream.source, chunks => decode(chunks), async function * (frames) {
          for await (const frame of frames) {
            if (frame.byteLength > message.type(TYPE.ping).byteLength) {
              throw new Error('nothing but pings')
            }
            pings++
            yield frame
          }
        }, frames => encode(frames), stream.sink)
      })
      await simulation.clock.advance(10_000)
      expect(pings, 'attempts').to.be.at.least(1)
      expect(early.dht.contacts).to.equal(0)
      await simulation.node({ host })
      await simulation.clock.advance(310_000)
      expect(early.dht.contacts).to.equal(1)
    })

    it('is tried again by a node that is one of its bootstrap nodes itself', async () => {
      simulation = new Simulation({ seed: 5, latency: 10 })
      const first = await simulation.node({ bootstrap: ['/memory/0', '/memory/1'] })
      expect(first.dht.contacts).to.equal(0)
      const second = await simulation.node()
      await simulation.clock.advance(310_000)
      expect([first, second].map(({ dht }) => dht.contacts)).to.deep.equal([1, 1])
    })

    it('fills tables so that each node knows its neighbourhood', async () => {
      simulation = new Simulation({ seed: 6, latency: [5, 40] })
      const nodes = await simulation.nodesJoined(100)
      for (const { dht } of nodes) {
        const others = nodes.filter(node => node.dht !== dht)
        const truth = simulation.closest(others, dht.self.key, 10)
        const known = dht.internals.peers.table.closest(dht.self.key, 10).map(({ id }) => id)
        expect(truth.filter(id => known.some(other => text(other) === text(id))).length).to.be.greaterThan(7)
      }
    })
  })

  it('replay event for event from a seed', async () => {
    const play = async (seed: number): Promise<string[]> => {
      const log: string[] = []
      simulation = new Simulation({ seed, latency: [5, 50], loss: 0.02, log: event => { log.push(JSON.stringify(event)) } })
      const nodes = await simulation.nodesJoined(15)
      await simulation.clock.run(nodes[3].dht.put('key', 'value'))
      await simulation.clock.run(nodes[9].dht.get('key'))
      await simulation.stop()
      return log
    }
    const first = await play(7)
    expect(first.length).to.be.greaterThan(500)
    expect(await play(7)).to.deep.equal(first)
    expect(await play(8)).to.not.deep.equal(first)
  })
})
