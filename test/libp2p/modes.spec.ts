import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { kadDHT } from '../../src/index.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { announce, failure, INIT, PROTOCOL, tellSelf, TestNetwork, until, withdraw } from './network.ts'
import type { DhtNode } from './network.ts'
import type { KadDHTInit } from '../../src/libp2p/init.ts'
import type { Pair, Query } from 'interface-datastore'

const PUBLIC = '/ip6/2604:1380:1::1/tcp/4001'
const SECOND = '/ip6/2604:1380:2::1/udp/4001/quic-v1'
const IN_CLUSTER = '/dns4/pod-1.app.svc.cluster.local/tcp/4001'
const PRIVATE = '/ip6/fc00::1/tcp/4001'
const RELAYED = '/ip6/2604:1380:3::1/tcp/4001/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt/p2p-circuit'
const RELAYED_WEBRTC = '/ip6/2604:1380:4::1/tcp/4001/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt/p2p-circuit/webrtc'

/** Turns of the event loop in which libp2p has long started, and told what it has to tell. */
const TURNS_TO_LIST = 100

function auto (): KadDHTInit {
  const { clientMode: _, ...init } = INIT
  return init
}

/** Takes its time to list what it has, as one on a disk does that has much. */
class SlowDatastore extends MemoryDatastore {
  async * query (query: Query): AsyncGenerator<Pair> {
    for (let turn = 0; turn < TURNS_TO_LIST; turn++) {
      await macrotask()
    }
    yield * super.query(query)
  }
}

/** Does the node serve the protocol? */
function serves (node: DhtNode): boolean {
  return node.getProtocols().includes(PROTOCOL)
}

describe('modes of the libp2p service', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('are what clientMode says', async () => {
    const modes: Array<[KadDHTInit['clientMode'], string, boolean]> = [[undefined, 'client', false], [true, 'client', false], [false, 'server', true]]
    for (const [clientMode, mode, serving] of modes) {
      const node = await network.node({ ...INIT, clientMode })
      expect([node.services.dht.getMode(), serves(node)], String(clientMode)).to.deep.equal([mode, serving])
    }
  })

  it('follow the addresses when nothing is said', async () => {
    const node = await network.node(auto())
    await announce(node, PUBLIC)
    await until('it serves', () => serves(node))
    expect(node.services.dht.getMode()).to.equal('server')
    await announce(node, SECOND)
    await withdraw(node, PUBLIC)
    expect(node.services.dht.getMode(), 'it has another').to.equal('server')
    await withdraw(node, SECOND)
    await until('it serves no more', () => !serves(node))
    expect(node.services.dht.getMode()).to.equal('client')
  })

  it('follow the addresses after a restart with the same ones, of which libp2p tells nothing or too early', async () => {
    const options = { datastore: new SlowDatastore(), privateKey: await generateKeyPair('Ed25519'), announce: [PUBLIC] }
    const before = await network.node(auto(), options)
    await before.peerStore.patch(before.peerId, { multiaddrs: [multiaddr(PUBLIC)] }) // libp2p waits a second with that
    await until('it serves', () => serves(before))
    await network.stop()
    const after = await network.node(auto(), options)
    expect([after.services.dht.getMode(), serves(after)]).to.deep.equal(['server', true])
  })

  it('follow the addresses that changed while stopped', async () => {
    const node = await network.node(auto())
    await node.services.dht.stop()
    await node.peerStore.patch(node.peerId, { multiaddrs: [multiaddr(PUBLIC)] })
    await node.services.dht.start()
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['server', true])
  })

  it('do not follow addresses that not everybody can dial', async () => {
    const node = await network.node(auto())
    for (const addr of [PRIVATE, RELAYED, RELAYED_WEBRTC]) {
      await tellSelf(node, [...node.getMultiaddrs(), multiaddr(addr)])
      expect(node.services.dht.getMode(), addr).to.equal('client')
    }
    expect(serves(node)).to.equal(false)
    await tellSelf(node, [multiaddr(PUBLIC)])
    expect(node.services.dht.getMode(), 'it listens to this').to.equal('server')
  })

  it('follow names that the whole network may resolve', async () => {
    const node = await network.node(auto())
    await tellSelf(node, [multiaddr(IN_CLUSTER)])
    await until('it serves', () => serves(node))
  })

  it('do not follow the addresses when clientMode says something', async () => {
    const client = await network.node({ ...INIT, clientMode: true })
    await announce(client, PUBLIC)
    expect(client.services.dht.getMode()).to.equal('client')
    const server = await network.node()
    await tellSelf(server, [multiaddr(PRIVATE)])
    expect(server.services.dht.getMode()).to.equal('server')
  })

  it('do not follow the addresses once stopped', async () => {
    const node = await network.node(auto())
    await node.services.dht.stop()
    await announce(node, PUBLIC)
    expect(node.services.dht.getMode()).to.equal('client')
    await node.services.dht.start()
    await announce(node, SECOND)
    await until('it serves', () => serves(node))
  })

  it('may be set before the start, and while stopped', async () => {
    const node = await network.node({ ...INIT, clientMode: true }, { start: false })
    await node.services.dht.setMode('server')
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['server', false])
    await node.start()
    expect(serves(node)).to.equal(true)
    await node.services.dht.stop()
    expect(serves(node)).to.equal(false)
    await node.services.dht.setMode('client')
    await node.services.dht.start()
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['client', false])
  })

  it('may be set again, with force', async () => {
    const node = await network.node()
    await node.services.dht.setMode('server', { force: true })
    await node.services.dht.setMode('server')
    expect(serves(node)).to.equal(true)
    const { registrar } = node.services.inside.components
    await registrar.unhandle(PROTOCOL)
    await node.services.dht.setMode('server')
    expect(serves(node), 'it is set already').to.equal(false)
    await node.services.dht.setMode('server', { force: true })
    expect(serves(node), 'by force').to.equal(true)
  })

  it('cannot be server where another service of the node serves the protocol', async () => {
    const two = createLibp2pNode({ services: { one: kadDHT(INIT), other: kadDHT(INIT) } })
    await expect(two).to.be.rejectedWith(`another service of this libp2p node serves ${PROTOCOL}: give one of them another protocol`)
      .and.eventually.have.property('name', 'ProtocolTakenError')
    const node = await createLibp2pNode({ services: { one: kadDHT(INIT), other: kadDHT({ ...INIT, clientMode: true }) } })
    expect(await failure(node.services.other.setMode('server'))).to.equal('ProtocolTakenError')
    expect(node.services.other.getMode()).to.equal('client')
    expect(node.getProtocols(), 'the first serves it still').to.include(PROTOCOL)
    await node.stop()
  })

  it('are not set when the signal is aborted', async () => {
    const node = await network.node()
    expect(await failure(node.services.dht.setMode('client', { signal: AbortSignal.abort(new TypeError('no')) }))).to.equal('TypeError')
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['server', true])
  })

  it('set in quick succession end with the last', async () => {
    const node = await network.node()
    await Promise.all((['client', 'server', 'client'] as const).map(async mode => { await node.services.dht.setMode(mode) }))
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['client', false])
    await Promise.all((['server', 'client', 'server'] as const).map(async mode => { await node.services.dht.setMode(mode) }))
    expect([node.services.dht.getMode(), serves(node)]).to.deep.equal(['server', true])
  })

  it('are known to others: a client is in nobody\'s routing table', async () => {
    const [a, b] = await network.joined(2)
    await b.services.dht.setMode('client')
    await until('it has left the table', () => a.services.dht.routingTable.size === 0)
    expect(b.services.dht.routingTable.size, 'it knows others all the same').to.equal(1)
    await b.services.dht.setMode('server')
    await until('it is back', () => a.services.dht.routingTable.size === 1)
  })
})
