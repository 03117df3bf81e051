import { contentRoutingSymbol, peerDiscoverySymbol, peerRoutingSymbol, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { kadDHT } from '../../src/index.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { all, failure, INIT, named, silence, TestNetwork, text, until, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

const KEY = utf8('/v/key')
const CONTENT = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(1)))

async function collect<T> (source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) {
    items.push(item)
  }
  return items
}

describe('the service in a libp2p node', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('says what it is, what it can and what it needs', async () => {
    const { services: { dht } } = await network.node()
    expect(dht[Symbol.toStringTag]).to.equal('@libp2p/kad-dht')
    expect([...dht[serviceCapabilities]].sort()).to.deep.equal(['@libp2p/content-routing', '@libp2p/kad-dht', '@libp2p/peer-discovery', '@libp2p/peer-routing'])
    expect(dht[serviceDependencies]).to.deep.equal(['@libp2p/identify'])
    expect(dht[contentRoutingSymbol]).to.equal(dht[contentRoutingSymbol])
    expect(dht[peerRoutingSymbol]).to.equal(dht[peerRoutingSymbol])
    expect(dht[peerDiscoverySymbol]).to.equal(dht)
  })

  it('is what kadDHT makes', async () => {
    const node = await createLibp2pNode({ services: { dht: kadDHT(INIT) } })
    try {
      expect([node.services.dht.k, node.services.dht.getMode()]).to.deep.equal([20, 'server'])
    } finally {
      await node.stop()
    }
  })

  it('routes content for libp2p', async () => {
    const [a, b] = await network.joined(2, WITH_VALUES)
    await a.contentRouting.put(KEY, utf8('value'))
    expect(text(await b.contentRouting.get(KEY))).to.equal('value')
    await a.contentRouting.provide(CONTENT)
    await until('the record has come', async () => (await collect(b.contentRouting.findProviders(CONTENT))).length > 0)
    const [{ id, multiaddrs, routing }] = await collect(b.services.dht[contentRoutingSymbol].findProviders(CONTENT))
    expect([id.toString(), routing]).to.deep.equal([a.peerId.toString(), 'kad-dht'])
    expect(multiaddrs.map(String)).to.deep.equal(a.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
    await a.contentRouting.cancelReprovide(CONTENT)
    expect(named(await all(a.services.dht.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER')).to.deep.equal([])
  })

  it('says that there is no value', async () => {
    const [a] = await network.joined(2, WITH_VALUES)
    expect(await failure(a.services.dht[contentRoutingSymbol].get(KEY))).to.equal('NotFoundError')
  })

  it('routes peers for libp2p', async () => {
    const [a, b, c] = await network.joined(3)
    const { id, multiaddrs } = await a.services.dht[peerRoutingSymbol].findPeer(b.peerId)
    expect(id.equals(b.peerId)).to.equal(true)
    expect(multiaddrs.map(String)).to.deep.equal(b.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
    const closest = await collect(a.peerRouting.getClosestPeers(KEY))
    expect(closest.map(({ id }) => id.toString()).sort()).to.deep.equal([b, c].map(({ peerId }) => peerId.toString()).sort())
  })

  it('finds a peer through others that it never met', async () => {
    const [a, b, c] = await Promise.all([network.node(), network.node(), network.node()])
    await a.dial(b.getMultiaddrs())
    await c.dial(b.getMultiaddrs())
    await until('the one in the middle knows both', () => b.services.dht.routingTable.size === 2)
    await until('the others know it', () => a.services.dht.routingTable.size > 0 && c.services.dht.routingTable.size > 0)
    const { multiaddrs } = await a.peerRouting.findPeer(c.peerId)
    expect(multiaddrs.map(String)).to.include(c.getMultiaddrs()[0].decapsulate('/p2p').toString())
  })

  it('stops looking when libp2p wants no more', async () => {
    const searches: Array<(node: DhtNode) => AsyncIterable<PeerInfo>> = [
      ({ services: { dht } }) => dht[contentRoutingSymbol].findProviders(CONTENT),
      ({ services: { dht } }) => dht[peerRoutingSymbol].getClosestPeers(KEY)
    ]
    for (const search of searches) {
      const [a, b] = await network.joined(2)
      const asked = new Promise<void>(resolve => { void silence(b, resolve) })
      const items = search(a)[Symbol.asyncIterator]()
      const next = items.next()
      await asked
      await items.return?.()
      expect(await next).to.deep.equal({ done: true, value: undefined })
      expect(a.services.dht.routingTable.size, 'it was given up, not found dead').to.equal(1)
    }
  })

  it('says that nobody knows a peer', async () => {
    const [a] = await network.joined(2)
    const stranger = await network.node()
    expect(await failure(a.services.dht[peerRoutingSymbol].findPeer(stranger.peerId))).to.equal('NotFoundError')
    expect(await failure(all(a.services.dht.findPeer(stranger.peerId)))).to.equal('NotFoundError')
  })

  it('discovers peers that have answered, and no others', async () => {
    const discovered: PeerInfo[] = []
    const [a, b] = await Promise.all([network.node(), network.node()])
    const client = await network.node({ ...INIT, clientMode: true })
    const stranger = await network.node({ ...INIT, protocol: '/other/1.0.0' })
    a.services.dht.addEventListener('peer', ({ detail }) => { discovered.push(detail) })
    await Promise.all([b, client, stranger].map(async node => { await node.dial(a.getMultiaddrs()) }))
    await until('the server is known', () => discovered.length > 0)
    await until('the client knows it', () => client.services.dht.routingTable.size === 1)
    await a.services.dht.refreshRoutingTable()
    expect(discovered.map(({ id }) => id.toString())).to.deep.equal([b.peerId.toString()])
    expect(discovered[0].multiaddrs.map(String)).to.deep.equal(b.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
  })

  it('discovers providers, so that they can be dialled by their id', async () => {
    const server = await network.node()
    const [a, provider] = await Promise.all([1, 2].map(async () => network.node({ ...INIT, clientMode: true }))) // they never dial each other
    await Promise.all([a, provider].map(async node => { await node.dial(server.getMultiaddrs()) }))
    await until('they know somebody', () => a.services.dht.routingTable.size + provider.services.dht.routingTable.size === 2)
    await all(provider.services.dht.provide(CONTENT))
    await until('the record has come', async () => named(await all(server.services.dht.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER').length > 0)
    await provider.hangUp(server.peerId)
    await until('the server tells nobody where it is', () => server.getConnections(provider.peerId).length === 0)
    expect(await failure(a.dial(provider.peerId))).to.not.equal('none')
    const discovered: PeerInfo[] = []
    a.services.dht.addEventListener('peer', ({ detail }) => { discovered.push(detail) })
    const { findProviders } = a.services.dht // methods stand by themselves
    await until('it is found', async () => named(await all(findProviders(CONTENT)), 'PROVIDER').length > 0)
    expect(discovered.find(({ id }) => id.equals(provider.peerId))?.multiaddrs.map(String)).to.deep.equal(provider.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
    await until('it can be dialled', async () => await failure(a.dial(provider.peerId)) === 'none')
  })

  it('finds a client that its server is connected with', async () => {
    const server = await network.node()
    const [a, b] = await Promise.all([1, 2].map(async () => network.node({ ...INIT, clientMode: true })))
    await Promise.all([a, b].map(async node => { await node.dial(server.getMultiaddrs()) }))
    await until('they know the server', () => a.services.dht.routingTable.size + b.services.dht.routingTable.size === 2)
    await until('it is found', async () => await failure(a.peerRouting.findPeer(b.peerId)) === 'none')
    expect(server.services.dht.routingTable.size).to.equal(0)
    await b.hangUp(server.peerId)
    await until('it is gone', () => server.getConnections(b.peerId).length === 0)
    expect(await failure(a.peerRouting.findPeer(b.peerId, { useCache: false }))).to.equal('NotFoundError')
  })

  it('discovers for libp2p', async () => {
    const [a, b, c] = await Promise.all([network.node(), network.node(), network.node()])
    const heard: PeerId[] = []
    a.addEventListener('peer:discovery', ({ detail }) => { heard.push(detail.id) })
    await b.dial(c.getMultiaddrs())
    await until('they know each other', () => b.services.dht.routingTable.size === 1)
    await a.dial(b.getMultiaddrs())
    await until('the one behind is discovered', () => heard.some(id => id.equals(c.peerId)))
    expect(heard.map(String)).to.include(b.peerId.toString())
  })

  it('fills the routing table on demand', async () => {
    const [a, b, c] = await Promise.all(Array.from({ length: 3 }, async () => network.node({ ...INIT, initialQuerySelfInterval: 600_000 })))
    await b.dial(c.getMultiaddrs())
    await until('they know each other', () => b.services.dht.routingTable.size === 1 && c.services.dht.routingTable.size === 1)
    await a.dial(b.getMultiaddrs())
    await until('the first is known', () => a.services.dht.routingTable.size === 1 && b.services.dht.routingTable.size === 2)
    await a.services.dht.refreshRoutingTable()
    expect(a.services.dht.routingTable.size).to.equal(2)
    expect(await failure(a.services.dht.refreshRoutingTable({ signal: AbortSignal.abort(new TypeError('enough')) }))).to.equal('TypeError')
  })

  it('tags its neighbours, so that libp2p keeps them', async () => {
    const node = await network.node()
    const tagsOf = async (id: PeerId): Promise<string[]> => [...(await node.peerStore.get(id)).tags.keys()]
    const other = await network.node()
    await node.dial(other.getMultiaddrs())
    await until('the neighbour is tagged', async () => (await tagsOf(other.peerId)).includes('kad-close'))
    expect(await tagsOf(other.peerId)).to.include('keep-alive-kad-dht')
    await other.services.dht.setMode('client')
    await until('it is no neighbour any more', async () => !(await tagsOf(other.peerId)).includes('kad-close'))
  })

  it('tags no more than half as many neighbours as libp2p has room for connections, which it would make again and again', async () => {
    const node = await network.node(INIT, { dials: { maxConnections: 4 } })
    for (let i = 0; i < 4; i++) {
      const other = await network.node()
      await node.dial(other.getMultiaddrs())
    }
    const tagged = async (tag: string): Promise<number> => (await node.peerStore.all()).filter(({ tags }) => tags.has(tag)).length
    await until('all are contacts, and two of them neighbours', async () => await tagged('kad-peer') === 4 && await tagged('kad-close') === 2)
    expect(await tagged('keep-alive-kad-dht')).to.equal(2)
  })
})
