import { CODE_DNSADDR, CODE_GARLIC64, CODE_HTTP_PATH } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { systemClock } from '../../src/clock/clock.ts'
import { RpcServer } from '../../src/rpc/server.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { bytes, varint } from '../helpers/protobuf.ts'
import { hostNode, stopNode } from '../hosts/libp2p-hosts.ts'
import { all, INIT, named, PROTOCOL, TestNetwork, until, utf8 } from './network.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Handlers } from '../../src/rpc/handlers/handlers.ts'
import type { HostNode } from '../hosts/libp2p-hosts.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Names each of `peers` to whoever asks, and knows nothing else. */
function naming (peers: readonly PeerInfo[]): Handlers {
  return {
    ping: () => [{ type: 'ping' }],
    'find-node': () => [{ type: 'find-node', closer: [...peers] }],
    'get-value': ({ key }) => [{ type: 'get-value', key, closer: [...peers] }],
    'get-providers': ({ key }) => [{ type: 'get-providers', key, providers: [], closer: [...peers] }],
    'put-value': ({ record }) => [{ type: 'put-value', record }],
    'add-provider': () => []
  }
}

describe('peers that a liar names', () => {
  const network = new TestNetwork()
  const peers: PeerInfo[] = []
  let liar: HostNode

  beforeEach(async () => {
    peers.splice(0)
    liar = await hostNode(createLibp2pNode)
    const server = new RpcServer({ clock: systemClock, maxRecordSize: 1024, handlers: naming(peers) })
    await liar.services.host.handle(PROTOCOL, async (stream, remote) => server.serve(stream, remote))
  })

  afterEach(async () => {
    await stopNode(liar)
    await network.stop()
  })

  /** Is a peer found that the liar names where it is, and at an address that is a part of this kind, too? */
  async function isFoundBeside (code: number, text: string): Promise<boolean> {
    const unresolved = { resolve: async () => { throw new Error('there is no such name') }, canResolve: (addr: Multiaddr) => addr.toString().startsWith('/dnsaddr/') }
    const asking = await network.node(INIT, { dials: { resolvers: { dnsaddr: unresolved } } })
    const sought = await network.node()
    await asking.dial(liar.getMultiaddrs())
    await until('it knows the liar', () => asking.services.dht.routingTable.size === 1)
    const id = sought.peerId.toMultihash().bytes
    const [addr] = sought.services.inside.components.addressManager.getAddresses().map(({ bytes }) => bytes)
    const value = utf8(text)
    const beside = bytes(varint(code), varint(value.byteLength), value)
    peers.push({ id, addrs: [addr, code === CODE_HTTP_PATH ? bytes(addr, beside) : beside] })
    const found = named(await all(asking.services.dht.getClosestPeers(id)), 'FINAL_PEER')
    return found.some(({ peer }) => peer.id.equals(sought.peerId))
  }

  it('are found where they are, if it adds what libp2p cannot write as text', async () => {
    expect(await isFoundBeside(CODE_HTTP_PATH, '😀a')).to.equal(true)
  })

  it('are found where they are, if it adds what libp2p writes as a text that it cannot read', async () => {
    expect(await isFoundBeside(CODE_HTTP_PATH, '/')).to.equal(true)
    expect(await isFoundBeside(CODE_GARLIC64, 'a/b')).to.equal(true)
  })

  it('are found where they are, if it adds a name that cannot be resolved', async () => {
    expect(await isFoundBeside(CODE_DNSADDR, 'a.example')).to.equal(true)
  })
})
