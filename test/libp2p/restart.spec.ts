import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { KadDHTService } from '../../src/libp2p/service.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { all, disconnect, INIT, named, PROTOCOL, stopNode, TestNetwork, text, until, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'
import type { KadDHTInit } from '../../src/libp2p/init.ts'
import type { Datastore } from 'interface-datastore'

const KEY = utf8('/v/key')
const CONTENT = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(1)))

async function kept ({ services: { dht } }: DhtNode): Promise<string[]> {
  return named(await all(dht.get(KEY, { useNetwork: false })), 'VALUE').map(({ value }) => text(value))
}

async function provided ({ services: { dht } }: DhtNode): Promise<string[]> {
  return named(await all(dht.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER').flatMap(({ providers }) => providers.map(({ id }) => id.toString()))
}

/** The names of the rows that begin with `prefix`. */
async function rowsOf (datastore: Datastore, prefix: string): Promise<string[]> {
  const names: string[] = []
  for await (const key of datastore.queryKeys({ prefix })) {
    names.push(key.toString())
  }
  return names
}

describe('stopping and starting', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('a node goes on with what it had', async () => {
    const [a, b, c] = await network.joined(3, WITH_VALUES)
    await all(b.services.dht.put(KEY, utf8('value')))
    await all(b.services.dht.provide(CONTENT))
    await until('the record has come', async () => (await provided(a)).length === 1)
    for (let time = 0; time < 3; time++) {
      await stopNode(a)
      expect([a.services.dht.isStarted(), a.services.dht.routingTable.size]).to.deep.equal([false, 0])
      await a.start()
      expect(await kept(a)).to.deep.equal(['value'])
      expect(await provided(a)).to.deep.equal([b.peerId.toString()])
      await until('it knows the others again', () => a.services.dht.routingTable.size === 2)
      expect(named(await all(a.services.dht.get(KEY)), 'PEER_RESPONSE')).to.have.lengthOf(2)
    }
    expect(c.services.dht.routingTable.size).to.equal(2)
  })

  it('the service alone goes on, too', async () => {
    const [a, b] = await network.joined(2, WITH_VALUES)
    for (let time = 0; time < 3; time++) {
      await a.services.dht.stop()
      await a.services.dht.stop()
      await a.services.dht.start()
      await a.services.dht.start()
      await until('it knows the other, which is connected', () => a.services.dht.routingTable.size === 1)
      expect(named(await all(b.services.dht.getClosestPeers(KEY)), 'PEER_RESPONSE')).to.have.lengthOf(1)
    }
  })

  it('at once leaves nothing behind, in whatever order', async () => {
    const node = await network.node()
    const { dht } = node.services
    await Promise.all([dht.stop(), dht.start(), dht.start()])
    expect([dht.isStarted(), node.getProtocols().includes(PROTOCOL)]).to.deep.equal([true, true])
    await Promise.all([dht.stop(), dht.start(), dht.stop()])
    expect([dht.isStarted(), node.getProtocols().includes(PROTOCOL)]).to.deep.equal([false, false])
    await Promise.all([dht.start(), dht.stop()])
    expect([dht.isStarted(), node.getProtocols().includes(PROTOCOL)]).to.deep.equal([false, false])
  })

  it('a node that is stopped takes no mode that is none', async () => {
    const { services: { dht } } = await network.node()
    await dht.stop()
    // @ts-expect-error: no such mode
    await expect(dht.setMode('both')).to.eventually.be.rejected().with.property('name', 'InvalidOptionError')
    await dht.start()
    expect(dht.getMode()).to.equal('server')
  })

  it('a node no longer tags whom it does not meet again', async () => {
    const [datastore, privateKey] = [new MemoryDatastore(), await generateKeyPair('Ed25519')]
    const before = await network.node(INIT, { datastore, privateKey })
    const [stays, leaves] = [await network.node(), await network.node()]
    async function tagged ({ peerStore }: DhtNode): Promise<string[]> {
      const peers = await peerStore.all()
      return peers.filter(({ tags }) => tags.has('kad-peer') || tags.has('keep-alive-kad-dht')).map(({ id }) => id.toString())
    }
    await before.dial(stays.getMultiaddrs())
    await before.dial(leaves.getMultiaddrs())
    await until('both are tagged', async () => (await tagged(before)).length === 2)
    await stopNode(leaves)
    await stopNode(before)
    const after = await network.node(INIT, { datastore, privateKey })
    await after.dial(stays.getMultiaddrs())
    await until('only the other is tagged', async () => (await tagged(after)).join() === stays.peerId.toString())
  })

  it('a node started elsewhere with the same datastore comes back without the node it first met', async () => {
    const datastore = new MemoryDatastore()
    const privateKey = await generateKeyPair('Ed25519')
    const [bootstrap, b, c] = await network.joined(3, WITH_VALUES)
    const before = await network.node(WITH_VALUES, { datastore, privateKey })
    await before.dial(bootstrap.getMultiaddrs())
    await until('it knows all', () => before.services.dht.routingTable.size === 3)
    await all(before.services.dht.put(KEY, utf8('value')))
    await all(before.services.dht.provide(CONTENT))
    await stopNode(before)
    await stopNode(bootstrap)
    const left = new MemoryDatastore()
    for (const name of await rowsOf(datastore, '/dht/')) { // libp2p's own would have it dial whom it knew
      await left.put(new Key(name), await datastore.get(new Key(name)))
    }
    const after = await network.node(WITH_VALUES, { datastore: left, privateKey })
    expect(after.peerId.equals(before.peerId)).to.equal(true)
    await until('it knows the others', () => after.services.dht.routingTable.size === 2)
    expect([await kept(after), await provided(after)]).to.deep.equal([['value'], [after.peerId.toString()]])
    const found = named(await all(after.services.dht.getClosestPeers(KEY)), 'FINAL_PEER')
    expect(found.map(({ peer }) => peer.id.toString()).sort()).to.deep.equal([b, c].map(({ peerId }) => peerId.toString()).sort())
  })

  it('knows the contacts that the other implementation left in the peer store', async () => {
    const [known, forgotten] = await network.joined(2)
    const a = await network.node()
    await a.peerStore.save(known.peerId, { multiaddrs: known.getMultiaddrs(), tags: { 'kad-peer': { value: 1 } } })
    await a.peerStore.save(forgotten.peerId, { multiaddrs: forgotten.getMultiaddrs() })
    await a.services.dht.stop()
    await a.services.dht.start()
    await a.services.dht.afterStart()
    await until('it has come back', () => a.services.dht.routingTable.size > 0)
    expect(a.getPeers().some(id => id.equals(known.peerId))).to.equal(true)
  })

  it('a damaged row in libp2p\'s peer store keeps no node from starting, nor from tagging', async () => {
    const datastore = new MemoryDatastore()
    const known = await network.node()
    await datastore.put(new Key(`/peers/${known.peerId.toCID()}`), Uint8Array.of(255, 255, 255))
    const [node, other] = [await network.node(INIT, { datastore }), await network.node()]
    await expect(node.peerStore.all()).to.eventually.be.rejected()
    await node.dial(other.getMultiaddrs())
    await until('its neighbour is tagged', async () => (await node.peerStore.get(other.peerId)).tags.has('kad-close'))
  })

  it('the contacts are kept while it runs, for when it is killed', async () => {
    const datastore = new MemoryDatastore()
    const init: KadDHTInit = { ...INIT, querySelfInterval: 10 }
    const [a, b] = await Promise.all([network.node(init, { datastore }), network.node()])
    await a.dial(b.getMultiaddrs())
    await until('they are kept', async () => datastore.has(new Key('/dht/contacts')) && (await datastore.get(new Key('/dht/contacts'))).byteLength > 10)
    expect(a.services.dht.routingTable.size).to.equal(1)
  })

  it('everything lies beneath the datastore\'s prefix', async () => {
    const datastore = new MemoryDatastore()
    const a = await network.node({ ...WITH_VALUES, datastorePrefix: '/mine' }, { datastore })
    const b = await network.node(WITH_VALUES)
    await a.dial(b.getMultiaddrs())
    await until('it knows the other', () => a.services.dht.routingTable.size === 1)
    await all(a.services.dht.put(KEY, utf8('value')))
    await all(a.services.dht.provide(CONTENT))
    await a.services.dht.stop()
    const kinds = (await rowsOf(datastore, '/mine/')).map(name => name.split('/')[2])
    expect(kinds.sort()).to.deep.equal(['addrs', 'contacts', 'provider', 'record'])
    expect(await rowsOf(datastore, '/dht/')).to.deep.equal([])
  })

  it('a value that is to be kept alive is kept on the list, until it is unpublished', async () => {
    const datastore = new MemoryDatastore()
    const a = await network.node({ ...WITH_VALUES, republish: true }, { datastore })
    const b = await network.node(WITH_VALUES)
    await a.dial(b.getMultiaddrs())
    await until('they know each other', () => a.services.dht.routingTable.size + b.services.dht.routingTable.size === 2)
    await all(a.services.dht.put(KEY, utf8('value')))
    expect(await kept(b)).to.deep.equal(['value'])
    expect(await rowsOf(datastore, '/dht/published/')).to.have.lengthOf(1)
    await stopNode(a)
    await a.start()
    expect(await a.services.dht.unpublish(KEY)).to.equal(true)
    expect(await a.services.dht.unpublish(KEY)).to.equal(false)
    expect(await rowsOf(datastore, '/dht/published/')).to.deep.equal([])
    expect(await b.services.dht.unpublish(KEY), 'it only holds it').to.equal(false)
  })

  it('what is provided no longer from a stop on is not provided after the start', async () => {
    const node = await network.node(INIT)
    const other = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(2)))
    const provides = [CONTENT, other].map(async cid => all(node.services.dht.provide(cid)))
    await until('it has both', async () => (await rowsOf(node.services.inside.components.datastore, '/dht/provider/')).length === 2)
    await node.services.dht.stop()
    await Promise.all(provides)
    await node.services.dht.cancelReprovide(CONTENT)
    await node.services.dht.start()
    expect(await provided(node)).to.deep.equal([])
    expect(await rowsOf(node.services.inside.components.datastore, '/dht/provider/')).to.have.lengthOf(1)
  })

  it('a datastore that does not work fails the start, and leaves nothing behind', async () => {
    const datastore = new MemoryDatastore()
    const node = await network.node({ ...INIT, clientMode: undefined }, { datastore })
    const { services: { dht, inside: { components: { events } } } } = node
    await dht.stop()
    const listeners = (): number[] => ['self:peer:update', 'peer:identify', 'peer:disconnect', 'transport:listening', 'transport:close'].map(type => Reflect.apply(Reflect.get(events, 'listenerCount'), events, [type]))
    const before = listeners()
    const { query } = datastore
    datastore.query = () => { throw new Error('the disk is gone') }
    await expect(dht.start()).to.eventually.be.rejectedWith(/disk is gone/)
    expect(dht.isStarted()).to.equal(false)
    expect(listeners()).to.deep.equal(before)
    datastore.query = query
    await dht.start()
    expect(dht.isStarted()).to.equal(true)
  })

  it('nothing listens any more after the stop', async () => {
    const [node, other] = await network.joined(2)
    const { services: { dht, inside: { components: { events, registrar } } } } = node
    const types = ['self:peer:update', 'peer:identify', 'peer:connect', 'peer:disconnect', 'peer:update', 'connection:open', 'connection:close', 'transport:listening', 'transport:close']
    const listeners = (): number[] => types.map(type => Reflect.apply(Reflect.get(events, 'listenerCount'), events, [type]))
    const running = listeners()
    await dht.stop()
    const stopped = listeners()
    expect(stopped).to.not.deep.equal(running)
    for (let time = 0; time < 3; time++) {
      await dht.start()
      await dht.stop()
    }
    expect(listeners()).to.deep.equal(stopped)
    expect(registrar.getProtocols()).to.not.include('/test/kad/1.0.0')
    expect(node.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === '/test/kad/1.0.0')).to.deep.equal([])
    await dht.start()
    expect(listeners()).to.deep.equal(running)
    await disconnect(other)
  })
})

describe('two services on one node', () => {
  const network = new TestNetwork()
  const LAN: KadDHTInit = { ...WITH_VALUES, protocol: '/lan/kad/1.0.0', datastorePrefix: '/lan' }

  afterEach(async () => { await network.stop() })

  it('do not mix', async () => {
    const datastore = new MemoryDatastore()
    const both = await createLibp2pNode<{ wan: KadDHTService, lan: KadDHTService }>({
      datastore,
      services: {
        wan: components => new KadDHTService(components, WITH_VALUES),
        lan: components => new KadDHTService(components, LAN)
      }
    })
    try {
      const { wan, lan } = both.services
      const [wanPeer, lanPeer] = [await network.node(WITH_VALUES), await network.node(LAN)]
      await both.dial(wanPeer.getMultiaddrs())
      await both.dial(lanPeer.getMultiaddrs())
      await until('each has its contact', () => wan.routingTable.size === 1 && lan.routingTable.size === 1 && wanPeer.services.dht.routingTable.size === 1 && lanPeer.services.dht.routingTable.size === 1)
      expect(named(await all(wan.getClosestPeers(KEY)), 'FINAL_PEER').map(({ peer }) => peer.id.toString())).to.deep.equal([wanPeer.peerId.toString()])
      expect(named(await all(lan.getClosestPeers(KEY)), 'FINAL_PEER').map(({ peer }) => peer.id.toString())).to.deep.equal([lanPeer.peerId.toString()])
      await all(wan.put(KEY, utf8('of the WAN')))
      await all(wan.provide(CONTENT))
      expect(named(await all(lan.get(KEY)), 'VALUE')).to.deep.equal([])
      expect(named(await all(lan.findProviders(CONTENT)), 'PROVIDER')).to.deep.equal([])
      expect(await kept(lanPeer)).to.deep.equal([])
      await lan.setMode('client')
      expect([wan.getMode(), both.getProtocols().includes(WITH_VALUES.protocol ?? '')]).to.deep.equal(['server', true])
      await until('the LAN forgets it', () => lanPeer.services.dht.routingTable.size === 0)
      expect(wanPeer.services.dht.routingTable.size).to.equal(1)
      await lan.stop()
      expect(named(await all(wanPeer.services.dht.get(KEY)), 'VALUE').map(({ value }) => text(value))).to.deep.equal(['of the WAN'])
      expect(await rowsOf(datastore, '/lan/')).to.deep.equal(['/lan/contacts'])
    } finally {
      await both.stop()
    }
  })
})
