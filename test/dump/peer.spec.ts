import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { peerDump } from '../../src/dump/peer.ts'
import { contactOf } from '../../src/keyspace/contact.ts'

const PEER = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
const KEY = 'dfd53212a4bd2beda3ea8e82d08285370c70a70cfe9c588e28754b23c8033121'
const id = peerIdFromString(PEER).toMultihash().bytes

function dumpAt (...addrs: string[]): ReturnType<typeof peerDump> {
  return peerDump({ id, addrs: addrs.map(addr => multiaddr(addr).bytes) })
}

describe('peerDump', () => {
  it('says who it is and where', () => {
    expect(dumpAt('/ip4/192.0.2.1/tcp/4001')).to.deep.equal({
      id: KEY,
      peer_id: PEER,
      ip: '192.0.2.1',
      port: 4001,
      addrs: [`/ip4/192.0.2.1/tcp/4001/p2p/${PEER}`]
    })
  })

  it('names a peer without addresses', () => {
    expect(dumpAt()).to.deep.equal({ id: KEY, peer_id: PEER, ip: null, port: null, addrs: [] })
  })

  it('takes ip and port from the first address that has both', () => {
    expect(dumpAt('/ip4/192.0.2.1/udp/4001/quic-v1', '/ip6/2001:db8::1/tcp/4002')).to.include({ ip: '2001:db8::1', port: 4002 })
  })

  it('shows bytes that are no address as they are', () => {
    const { addrs, ip } = peerDump({ id, addrs: [Uint8Array.of(0x04, 0x7f)] })
    expect({ addrs, ip }).to.deep.equal({ addrs: ['0x047f'], ip: null })
  })

  it('keeps the leading zeroes of an id', () => {
    // found by trial: its SHA-256 begins with a zero byte
    const preimage = [...Array(10_000).keys()].map(n => new TextEncoder().encode(String(n))).find(bytes => contactOf({ id: bytes, addrs: [] }).key[0] === 0)
    expect(peerDump({ id: preimage ?? new Uint8Array(), addrs: [] }).id).to.match(/^00[0-9a-f]{62}$/)
  })

  it('refuses what is no peer, and says what a copy of a contact lacks', () => {
    const contact = contactOf({ id, addrs: [] })
    expect(peerDump(contact).peer_id).to.equal(PEER)
    for (const none of [structuredClone(contact), { ...contact }, PEER, undefined, { id: PEER, addrs: [] }]) {
      expect(() => peerDump(none as never)).to.throw(/a peer has id and addrs, as bytes.*dump it before it is copied/).with.property('name', 'InvalidOptionError')
    }
  })
})
