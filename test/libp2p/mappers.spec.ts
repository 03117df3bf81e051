import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from '../../src/libp2p/mappers.ts'
import { decodeAddrsRow } from '../../src/store/provider-row.ts'
import { addrsRowKey, DEFAULT_PREFIX } from '../../src/store/row-keys.ts'
import { all, announce, connectAll, INIT, named, TestNetwork, until } from './network.ts'
import type { DhtNode } from './network.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const COMMON = [
  '/ip4/1.2.3.4/tcp/4001',
  '/ip4/8.8.8.8/udp/4001/quic-v1',
  '/ip4/147.75.83.83/tcp/443/tls/ws',
  '/ip4/10.0.0.1/tcp/4001',
  '/ip4/172.16.0.1/tcp/4001',
  '/ip4/172.32.0.1/tcp/4001',
  '/ip4/192.168.1.1/tcp/4001',
  '/ip4/127.0.0.1/tcp/4001/ws',
  '/ip4/169.254.1.1/tcp/4001',
  '/ip4/100.64.0.1/tcp/4001',
  '/ip4/192.0.0.1/tcp/4001',
  '/ip4/192.0.2.1/tcp/4001',
  '/ip4/198.18.0.1/tcp/4001',
  '/ip4/198.51.100.1/tcp/4001',
  '/ip4/240.0.0.1/tcp/4001',
  '/ip6/2001:db8::1/tcp/4001',
  '/ip6/2002:102:304::1/tcp/4001',
  '/ip6/::1/tcp/4001',
  '/ip6/fe80::1/tcp/4001',
  '/ip6/fc00::1/tcp/4001',
  '/ip6/2604:1380:4602:5c00::3/udp/4001/quic-v1',
  '/ip6/2a00:1450:4001:82f::200e/tcp/443',
  '/dns4/example.com/tcp/443/wss',
  '/dns6/example.com/tcp/443/wss',
  '/dns/bootstrap.libp2p.io/tcp/443',
  '/dnsaddr/bootstrap.libp2p.io',
  '/dns4/localhost/tcp/4001'
].map(text => multiaddr(text))

function kept (mapper: (peer: PeerInfo) => PeerInfo, id: PeerInfo['id']): string[] {
  return mapper({ id, multiaddrs: COMMON }).multiaddrs.map(String)
}

function texts (addrs: readonly Multiaddr[]): string[] {
  return addrs.map(String)
}

describe('mappers', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('tell public addresses from private ones as libp2p does', async () => {
    const { peerId } = await network.node()
    expect(kept(removePrivateAddressesMapper, peerId)).to.deep.equal(texts(COMMON.filter(addr => !isPrivate(addr))))
    expect(kept(removePublicAddressesMapper, peerId)).to.deep.equal(texts(COMMON.filter(isPrivate)))
    expect(kept(passthroughMapper, peerId)).to.deep.equal(texts(COMMON))
  })

  it('take names that a network resolves for itself, whichever way they look at it', async () => {
    const { peerId: id } = await network.node()
    const multiaddrs = ['/dns4/pod-1.app.svc.cluster.local/tcp/4001', '/dns4/printer.home.arpa/tcp/4001', '/dns4/host.lan/tcp/4001'].map(text => multiaddr(text))
    for (const mapper of [removePrivateAddressesMapper, removePublicAddressesMapper]) {
      expect(texts(mapper({ id, multiaddrs }).multiaddrs)).to.deep.equal(texts(multiaddrs))
    }
  })

  it('leave a peer as it is otherwise', async () => {
    const { peerId } = await network.node()
    const peer = { id: peerId, multiaddrs: COMMON, more: 'yes' }
    expect(removePrivateAddressesMapper(peer)).to.deep.include({ id: peerId, more: 'yes' })
    expect(peer.multiaddrs, 'what was given stays').to.equal(COMMON)
  })

  describe('of a program\'s own', () => {
    const EXTRA = multiaddr('/ip4/127.0.0.1/tcp/9/ws')

    /** Adds an address to every peer, and notes whom it was asked about. */
    function adding (asked: Set<string>): (peer: PeerInfo) => PeerInfo {
      return peer => {
        asked.add(peer.id.toString())
        return { ...peer, multiaddrs: [...peer.multiaddrs, EXTRA] }
      }
    }

    it('are asked what to believe and what to tell', async () => {
      const asked = new Set<string>()
      const a = await network.node({ ...INIT, peerInfoMapper: adding(asked) })
      const b = await network.node()
      await connectAll([a, b])
      expect(asked.has(b.peerId.toString()), 'of whom it has heard').to.equal(true)
      const [told] = named(await all(b.services.dht.getClosestPeers(a.peerId.toMultihash().bytes)), 'PEER_RESPONSE')
      const self = told.closer.find(({ id }) => id.equals(a.peerId))
      expect(texts(self?.multiaddrs ?? []), 'of itself').to.include(EXTRA.toString())
      const [heard] = named(await all(a.services.dht.getClosestPeers(b.peerId.toMultihash().bytes)), 'FINAL_PEER')
      expect(heard.peer.id.equals(b.peerId)).to.equal(true)
      expect(texts(heard.peer.multiaddrs)).to.include(EXTRA.toString())
    })

    it('that add an address which is there already do not double it', async () => {
      const a = await network.node({ ...INIT, peerInfoMapper: adding(new Set()) })
      const b = await network.node(INIT, { announce: [EXTRA.toString()] })
      await b.dial(a.getMultiaddrs())
      await until('it knows the other', () => a.services.dht.routingTable.size === 1)
      const [{ peer }] = named(await all(a.services.dht.findPeer(b.peerId)), 'FINAL_PEER')
      expect(texts(peer.multiaddrs)).to.deep.equal([EXTRA.toString()])
    })

    it('that throw cost whom they are asked about its place, and nobody else', async () => {
      const refused: string[] = []
      const peerInfoMapper = (peer: PeerInfo): PeerInfo => {
        if (peer.multiaddrs.some(addr => addr.toString().startsWith('/dns'))) {
          refused.push(peer.id.toString())
          throw new Error('no name is known here')
        }
        return peer
      }
      const a = await network.node({ ...INIT, peerInfoMapper })
      const b = await network.node()
      const other = await network.node(INIT, { announce: ['/dns4/example.com/tcp/4001'] })
      await connectAll([a, b])
      await other.dial(a.getMultiaddrs())
      await until('it was asked about it', () => refused.includes(other.peerId.toString()))
      await until('the other knows it', () => other.services.dht.routingTable.size === 1)
      const found = named(await all(other.services.dht.getClosestPeers(b.peerId.toMultihash().bytes)), 'FINAL_PEER')
      expect(found.map(({ peer }) => peer.id.toString())).to.include(b.peerId.toString())
      expect(a.services.dht.routingTable.size).to.equal(1)
    })

    it('that leave a peer no address keep it out of the routing table', async () => {
      const a = await network.node({ ...INIT, peerInfoMapper: peer => ({ ...peer, multiaddrs: [] }) })
      const b = await network.node()
      await a.dial(b.getMultiaddrs())
      await until('the other knows it', () => b.services.dht.routingTable.size === 1)
      expect(a.services.dht.routingTable.size).to.equal(0)
    })
  })

  describe('in a public network', () => {
    const OWN = '/ip6/2604:1380:1::1/tcp/4001'
    const OTHERS = '/ip6/2604:1380:2::1/tcp/4001'
    const CID_OF_OWN = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(7)))
    const CID_OF_OTHER = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(8)))
    let node: DhtNode
    let other: DhtNode
    let asker: DhtNode

    /** All but the first tell and believe private addresses; the first two have public ones too. */
    beforeEach(async () => {
      const { peerInfoMapper: _, ...init } = INIT
      node = await network.node(init)
      other = await network.node()
      asker = await network.node()
      await announce(node, OWN)
      await announce(other, OTHERS)
      await node.dial(other.getMultiaddrs())
      await node.dial(asker.getMultiaddrs())
      await until('those with public addresses are known', () => [node, other, asker].every(({ services: { dht } }) => dht.routingTable.size === 1))
    })

    /** The addresses that `node` tells the asker of a peer that has `id`. */
    async function told (id: PeerId): Promise<string[]> {
      const [answer] = named(await all(asker.services.dht.getClosestPeers(id.toMultihash().bytes)), 'PEER_RESPONSE')
      expect(answer.from.equals(node.peerId)).to.equal(true)
      return texts(answer.closer.find(peer => peer.id.equals(id))?.multiaddrs ?? [])
    }

    it('FIND_NODE tells no private address, of us or of others', async () => {
      expect(await told(node.peerId)).to.deep.equal([OWN])
      expect(await told(other.peerId)).to.deep.equal([OTHERS])
    })

    it('peers without public addresses are not entered, and not told of', async () => {
      expect(await told(asker.peerId)).to.deep.equal([])
      expect(node.services.dht.routingTable.size).to.equal(1)
    })

    it('ADD_PROVIDER tells none of ours', async () => {
      await all(node.services.dht.provide(CID_OF_OWN))
      const provided = async (): Promise<string[]> => named(await all(other.services.dht.findProviders(CID_OF_OWN, { useNetwork: false })), 'PROVIDER')
        .flatMap(({ providers }) => providers.flatMap(({ multiaddrs }) => texts(multiaddrs)))
      await until('the record has come', async () => (await provided()).length > 0)
      const id = node.peerId.toMultihash().bytes
      const row = await other.services.inside.components.datastore.get(addrsRowKey(DEFAULT_PREFIX, id))
      expect(decodeAddrsRow(row, id).addrs.map(addr => multiaddr(addr).toString())).to.deep.equal([OWN])
    })

    it('GET_PROVIDERS tells none, of us or of others', async () => {
      await all(node.services.dht.provide(CID_OF_OWN))
      await all(other.services.dht.provide(CID_OF_OTHER))
      const find = async (cid: CID): Promise<string[]> => named(await all(asker.services.dht.findProviders(cid)), 'PEER_RESPONSE')
        .filter(({ from }) => from.equals(node.peerId))
        .flatMap(({ providers }) => providers.flatMap(({ multiaddrs }) => texts(multiaddrs)))
      await until('the record has come', async () => (await find(CID_OF_OTHER)).length > 0)
      expect(await find(CID_OF_OWN)).to.deep.equal([OWN])
      expect(await find(CID_OF_OTHER)).to.deep.equal([OTHERS])
    })

    it('none is put into what is found', async () => {
      const events = await all(asker.services.dht.findPeer(other.peerId, { useCache: false }))
      expect(texts(named(events, 'FINAL_PEER')[0].peer.multiaddrs)).to.deep.equal([OTHERS])
    })
  })
})
