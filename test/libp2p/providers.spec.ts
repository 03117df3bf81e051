import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { removePrivateAddressesMapper } from '../../src/libp2p/mappers.ts'
import { bytes, frame, message, peer, TYPE } from '../helpers/protobuf.ts'
import { all, announce, failure, INIT, named, PROTOCOL, TestNetwork, until } from './network.ts'
import type { DhtNode } from './network.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const RAW = 0x55
const DAG_PB = 0x70

/** An address that everybody can reach. */
const PUBLIC = '/ip6/2606:4700::1111/tcp/4001'

/** Multihashes of all kinds: anything may be provided. */
const DIGESTS = {
  'sha2-256': Digest.create(0x12, new Uint8Array(32).fill(1)),
  'sha2-512': Digest.create(0x13, new Uint8Array(64).fill(2)),
  identity: Digest.create(0x00, Uint8Array.of(104, 105)),
  'identity of nothing': Digest.create(0x00, new Uint8Array(0)),
  blake3: Digest.create(0x1e, new Uint8Array(32).fill(3)),
  'blake2b-256': Digest.create(0xb220, new Uint8Array(32).fill(4))
}

/** The providers that a node finds, by itself or in the network. */
async function find ({ services: { dht } }: DhtNode, cid: CID, useNetwork = true): Promise<Map<string, Multiaddr[]>> {
  const events = named(await all(dht.findProviders(cid, { useNetwork, limit: 0 })), 'PROVIDER')
  return new Map(events.flatMap(({ providers }) => providers.map(({ id, multiaddrs }) => [id.toString(), multiaddrs])))
}

describe('providers on libp2p', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('provide any multihash', async () => {
    const [a, b] = await network.joined(2)
    for (const [name, digest] of Object.entries(DIGESTS)) {
      const cid = CID.createV1(RAW, digest)
      expect(named(await all(a.services.dht.provide(cid)), 'QUERY_ERROR'), name).to.deep.equal([])
      await until(`${name} has come`, async () => (await find(b, cid, false)).size === 1)
      expect([...await find(b, cid)].map(([id, addrs]) => [id, addrs.length]), name).to.deep.equal([[a.peerId.toString(), 1]])
    }
  })

  it('are none of a multihash that peers do not take, which blames nobody', async () => {
    const [a] = await network.joined(3)
    const cid = CID.createV1(RAW, Digest.create(0x00, new Uint8Array(100)))
    expect([...(await find(a, cid)).keys()]).to.deep.equal([])
    expect(await all(a.contentRouting.findProviders(cid))).to.deep.equal([])
    expect(await failure(all(a.services.dht.provide(cid)))).to.equal('InvalidOptionError')
    expect(a.services.dht.routingTable.size).to.equal(2)
  })

  it('are those of a multihash, whatever the CID around it', async () => {
    const [a, b] = await network.joined(2)
    const digest = DIGESTS['sha2-256']
    await all(a.services.dht.provide(CID.createV0(digest)))
    await until('the record has come', async () => (await find(b, CID.createV0(digest), false)).size === 1)
    for (const cid of [CID.createV1(RAW, digest), CID.createV1(DAG_PB, digest)]) {
      expect([...(await find(b, cid)).keys()]).to.deep.equal([a.peerId.toString()])
    }
  })

  describe('that leave as soon as they have told', () => {
    const cids = Array.from({ length: 5 }, (_, i) => CID.createV1(RAW, Digest.create(0x12, new Uint8Array(32).fill(10 + i))))

    async function areKeptAt (keeper: DhtNode): Promise<void> {
      await until('all have come', async () => (await Promise.all(cids.map(async cid => find(keeper, cid, false)))).every(({ size }) => size === 1))
    }

    it('are kept when their connection is closed at once', async () => {
      const [a, b] = await network.joined(2)
      const provider = peer(b.peerId.toMultihash().bytes, b.getMultiaddrs().map(({ bytes }) => bytes))
      const stream = await b.dialProtocol(a.peerId, PROTOCOL)
      stream.send(bytes(...cids.map(({ multihash }) => frame(message.type(TYPE.addProvider), message.key(multihash.bytes), message.provider(provider)))))
      await Promise.all(b.getConnections().map(async connection => connection.close()))
      await areKeptAt(a)
    })

    it('are kept when they are stopped at once', async () => {
      const [a, b] = await network.joined(2)
      await Promise.all(cids.map(async cid => all(b.services.dht.provide(cid))))
      await b.stop()
      await areKeptAt(a)
    })
  })

  it('that cannot be dialled spoil nothing', async () => {
    const [a, b, asker] = await network.joined(3)
    const cid = CID.createV1(RAW, DIGESTS.identity)
    const hidden = await network.node({ ...INIT, clientMode: true }, { listen: [] })
    await hidden.dial(a.getMultiaddrs())
    const events = await all(hidden.services.dht.provide(cid))
    expect([named(events, 'FINAL_PEER').length, named(events, 'PEER_RESPONSE').filter(({ messageName }) => messageName === 'ADD_PROVIDER').length]).to.deep.equal([3, 0])
    expect(new Set(named(events, 'QUERY_ERROR').map(({ error }) => error.name))).to.deep.equal(new Set(['NoAddressError']))
    await all(b.services.dht.provide(cid))
    await until('the other is known', async () => (await find(a, cid, false)).has(b.peerId.toString()))
    expect([...await find(asker, cid)].map(([id, addrs]) => [id, addrs.length])).to.deep.equal([[b.peerId.toString(), 1]])
    expect([...(await find(hidden, cid, false)).keys()]).to.deep.equal([hidden.peerId.toString()])
  })

  it('are told once they have an address that may be told', async () => {
    const server = await network.node()
    // a network in memory has no public addresses: of others all are believed
    const provider: DhtNode = await network.node({
      ...INIT,
      clientMode: true,
      reprovide: { interval: 20 },
      peerInfoMapper: peer => peer.id.equals(provider.peerId) ? removePrivateAddressesMapper(peer) : peer
    })
    const cid = CID.createV1(RAW, DIGESTS.identity)
    await provider.dial(server.getMultiaddrs())
    await until('the provider knows the server', () => provider.services.dht.routingTable.size === 1)
    await all(provider.services.dht.provide(cid))
    await announce(provider, PUBLIC)
    await until('it is found', async () => (await find(server, cid, false)).size === 1)
    const [[id, addrs]] = await find(server, cid, false)
    expect(id).to.equal(provider.peerId.toString())
    expect(addrs.map(String), 'beside what the server has heard over identify').to.include(PUBLIC)
  })

  it('whose addresses are of no use are where libp2p knows them to be since', async () => {
    const [provider, server] = [await network.node(), await network.node({ ...INIT, peerInfoMapper: removePrivateAddressesMapper })]
    const cid = CID.createV1(RAW, DIGESTS.identity)
    await provider.dial(server.getMultiaddrs())
    await until('the provider knows the server', () => provider.services.dht.routingTable.size === 1)
    await all(provider.services.dht.provide(cid))
    const addrs = async (): Promise<string[][]> => [...(await find(server, cid, false)).values()].map(addrs => addrs.map(String))
    await until('the record has come', async () => (await addrs()).length === 1)
    expect(await addrs()).to.deep.equal([[]])
    await server.peerStore.merge(provider.peerId, { multiaddrs: [multiaddr(PUBLIC)] })
    expect(await addrs()).to.deep.equal([[PUBLIC]])
  })

  it('that have moved are named where they are now, and where they were', async () => {
    const [provider, server] = await network.joined(2)
    const cid = CID.createV1(RAW, DIGESTS.identity)
    await all(provider.services.dht.provide(cid))
    const addrs = async (): Promise<string[]> => [...(await find(server, cid, false)).values()].flat().map(String)
    await until('the record has come', async () => (await addrs()).length > 0)
    const before = await addrs()
    await announce(provider, PUBLIC)
    await until('it is named at its new address', async () => (await addrs()).includes(PUBLIC))
    expect(await addrs()).to.have.members([PUBLIC, ...before])
  })

  it('are where they are now', async () => {
    const [a] = await network.joined(2)
    const cid = CID.createV1(RAW, DIGESTS.identity)
    await all(a.services.dht.provide(cid))
    const own = await find(a, cid, false)
    expect(own.get(a.peerId.toString())?.map(String)).to.deep.equal(a.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
  })

  it('may have had enough', async () => {
    const [a] = await network.joined(2)
    const [one, two] = [CID.createV1(RAW, DIGESTS.identity), CID.createV1(RAW, DIGESTS.blake3)]
    await all(a.services.dht.provide(one))
    await all(a.services.dht.provide(two))
    await a.services.dht.cancelReprovide(CID.createV1(DAG_PB, DIGESTS.identity))
    expect([...(await find(a, one, false)).keys()]).to.deep.equal([])
    expect([...(await find(a, two, false)).keys()]).to.deep.equal([a.peerId.toString()])
    await a.services.dht.cancelReprovide(one)
    expect(await failure(a.services.dht.cancelReprovide(two, { signal: AbortSignal.abort(new TypeError('no')) }))).to.equal('TypeError')
    expect((await find(a, two, false)).size).to.equal(1)
  })

  it('are believed only of themselves', async () => {
    const [a, b, c] = await network.joined(3)
    const cid = CID.createV1(RAW, DIGESTS.identity)
    await all(a.services.dht.provide(cid))
    await until('both know', async () => (await find(b, cid, false)).size === 1 && (await find(c, cid, false)).size === 1)
    expect([...(await find(b, cid, false)).keys()]).to.deep.equal([a.peerId.toString()])
  })
})
