import { networkInterfaces } from 'node:os'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { addressOf, formatAddress, isLoopback, parseAddress, parseEndpoint } from '../../src/hosts/tcp/address.ts'
import { addressesOf, dialBackAddrs } from '../../src/hosts/tcp/announce.ts'
import { InvalidAddressError } from '../../src/hosts/tcp/errors.ts'

const PEER = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'

const PARSED: Array<[text: string, expected: string]> = [
  ['127.0.0.1:4001', '/ip4/127.0.0.1/tcp/4001'],
  [' 127.0.0.1:4001 ', '/ip4/127.0.0.1/tcp/4001'],
  ['0.0.0.0:0', '/ip4/0.0.0.0/tcp/0'],
  ['[::1]:4001', '/ip6/::1/tcp/4001'],
  ['example.org:65535', '/dns/example.org/tcp/65535'],
  ['localhost:1', '/dns/localhost/tcp/1'],
  ['/ip6/2001:db8::1/tcp/4001', '/ip6/2001:db8::1/tcp/4001'],
  ['/dns4/example.org/tcp/4001', '/dns4/example.org/tcp/4001'],
  [`127.0.0.1:4001/p2p/${PEER}`, `/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`],
  [`[::1]:4001/p2p/${PEER}`, `/ip6/::1/tcp/4001/p2p/${PEER}`],
  [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`, `/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`]
]

const REFUSED: Array<[text: string, fault: RegExp]> = [
  ['', /neither a multiaddr nor host:port/],
  ['localhost', /neither a multiaddr nor host:port/],
  [':4001', /no host|no address/],
  ['::1', /in brackets/],
  ['[::g]:1', /no IPv6 address in the brackets/],
  [':4001', /no host before the port/],
  ['127.0.0.1:65536', /port is a number/],
  ['127.0.0.1:x', /neither/],
  ['a b:1', /no host name/],
  ['/ip4/127.0.0.1', /TCP reaches only/],
  ['/ip4/127.0.0.1/udp/1', /TCP reaches only/],
  ['/ip4/127.0.0.1/tcp/1/ws', /TCP reaches only/],
  ['/ip4/127.0.0.1/tcp/65536', /"\/ip4/],
  ['/ip4/1.2.3/tcp/1', /"\/ip4/],
  ['/dnsaddr/example.org/tcp/1', /names no host/],
  ['/p2p-circuit', /"\/p2p-circuit"/],
  ['127.0.0.1:4001/p2p/nobody', /"127/]
]

describe('TCP addresses', () => {
  PARSED.forEach(([text, expected]) => {
    it(`reads "${text}"`, () => {
      expect(formatAddress(parseAddress(text))).to.equal(expected)
    })
  })

  REFUSED.forEach(([text, fault]) => {
    it(`refuses "${text}", naming the fault and an example`, () => {
      expect(() => parseAddress(text)).to.throw(InvalidAddressError, fault).with.property('message').that.matches(/for example 192\.0\.2\.1:4001/)
    })
  })

  it('knows the peer at the end', async () => {
    const id = (await generateKeyPair('Ed25519')).publicKey.toMultihash().bytes
    const text = formatAddress(parseAddress('127.0.0.1:4001'), id)
    expect(parseEndpoint(parseAddress(text)).id).to.equalBytes(id)
    expect(formatAddress(parseAddress(text), id)).to.equal(text)
  })

  it('refuses damaged bytes with its own error', () => {
    for (const bytes of [[], [4], [4, 127, 0, 0], [0xff, 0xff], [54, 0xff, 0xff, 0xff, 0x7f], [53, 3, 97, 47, 98, 6, 0, 1], [53, 1, 0, 6, 0, 1], [53, 1, 0xff, 6, 0, 1]]) {
      expect(() => parseEndpoint(Uint8Array.from(bytes))).to.throw(InvalidAddressError)
    }
  })

  it('turns an IPv4 address mapped into IPv6 back', () => {
    expect(formatAddress(addressOf('::ffff:192.0.2.1', 1))).to.equal('/ip4/192.0.2.1/tcp/1')
  })

  it('knows loopback', () => {
    const loopback = (text: string): boolean => isLoopback(parseEndpoint(parseAddress(text)))
    expect(['127.0.0.1:1', '127.8.9.1:1', '[::1]:1', '[::ffff:127.0.0.1]:1', 'localhost:1'].filter(text => !loopback(text))).to.be.empty()
    expect(['192.0.2.1:1', '0.0.0.0:1', '[::]:1', '[2001:db8::1]:1', 'example.org:1', 'localhost.example.org:1'].filter(loopback)).to.be.empty()
  })
})

describe('announced addresses', () => {
  const id = multiaddr(`/p2p/${PEER}`).bytes.subarray(3)
  const dialBack = (seenAt: string, ...announced: string[]): string[] =>
    dialBackAddrs(announced.map(text => multiaddr(text).bytes), id, seenAt).map(addr => formatAddress(addr))

  it('lists each interface for a wildcard, loopback last, link-local not at all', () => {
    const listed = addressesOf([{ address: '0.0.0.0', family: 'IPv4', port: 1 }, { address: '::', family: 'IPv6', port: 2 }]).map(addr => formatAddress(addr))
    const ips = Object.values(networkInterfaces()).flatMap(list => list ?? []).filter(({ address }) => !address.startsWith('fe80'))
    expect(listed).to.have.lengthOf(new Set(ips.map(({ address }) => address)).size)
    const loopbacks = listed.map(text => /\/(127\.|::1\/)/.test(text))
    expect(loopbacks).to.deep.equal([...loopbacks].sort((a, b) => Number(a) - Number(b)))
    expect(listed).to.include('/ip4/127.0.0.1/tcp/1')
  })

  it('keeps the address of a listener on one interface', () => {
    expect(addressesOf([{ address: '127.0.0.1', family: 'IPv4', port: 1 }]).map(addr => formatAddress(addr))).to.deep.equal(['/ip4/127.0.0.1/tcp/1'])
  })

  it('puts where a peer was seen first, with the ports it announces', () => {
    expect(dialBack('198.51.100.7', '/ip4/10.0.0.2/tcp/4001', '/ip4/127.0.0.1/tcp/4001', '/ip6/2001:db8::1/tcp/4002')).to.deep.equal([
      '/ip4/198.51.100.7/tcp/4001', '/ip4/10.0.0.2/tcp/4001', '/ip6/2001:db8::1/tcp/4002'
    ])
    expect(dialBack('::ffff:198.51.100.7', '/ip4/10.0.0.2/tcp/4001')).to.deep.equal(['/ip4/198.51.100.7/tcp/4001', '/ip4/10.0.0.2/tcp/4001'])
    expect(dialBack('2001:db8::7', '/ip4/10.0.0.2/tcp/1', '/ip6/2001:db8::1/tcp/2')).to.deep.equal(['/ip6/2001:db8::7/tcp/2', '/ip4/10.0.0.2/tcp/1', '/ip6/2001:db8::1/tcp/2'])
  })

  it('leaves out where a peer was seen on a link', () => {
    expect(dialBack('fe80::7%eth0', '/ip6/2001:db8::1/tcp/1', '/ip4/10.0.0.2/tcp/1')).to.deep.equal(['/ip6/2001:db8::1/tcp/1', '/ip4/10.0.0.2/tcp/1'])
    expect(formatAddress(addressOf('fe80::7%eth0', 1))).to.equal('/ip6/fe80::7/tcp/1')
    expect(dialBack('169.254.0.7', '/ip4/10.0.0.2/tcp/1')).to.deep.equal(['/ip4/169.254.0.7/tcp/1', '/ip4/10.0.0.2/tcp/1'])
  })

  it('keeps loopback of a peer on this machine only', () => {
    expect(dialBack('127.0.0.1', '/ip4/127.0.0.1/tcp/4001')).to.deep.equal(['/ip4/127.0.0.1/tcp/4001'])
    expect(dialBack('2001:db8::7', '/ip4/127.0.0.1/tcp/4001', '/dns/localhost/tcp/1')).to.deep.equal(['/ip6/2001:db8::7/tcp/1'])
  })

  it('drops what is not its own or cannot be dialled, and keeps 8', () => {
    const other = '12D3KooWJRSrypvnpHgc6ZAgyCni4KcSmbV7uGRaMw5LgMKT18fq'
    expect(dialBack('192.0.2.1', `/ip4/192.0.2.2/tcp/1/p2p/${other}`, '/ip4/192.0.2.2/tcp/0', '/ip4/192.0.2.2/udp/1', `/ip4/192.0.2.2/tcp/1/p2p/${PEER}`)).to.deep.equal([
      '/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/1'
    ])
    expect(dialBackAddrs([Uint8Array.from([0xff]), new Uint8Array(0)], id, '192.0.2.1')).to.be.empty()
    expect(dialBack('192.0.2.1', ...Array.from({ length: 16 }, (_, i) => `/ip4/192.0.2.2/tcp/${i + 1}`))).to.have.lengthOf(8)
  })

  it('gives addresses that keep no memory alive but their own', () => {
    const addrs = dialBackAddrs(['/ip4/10.0.0.2/tcp/4001', `/dns4/example.org/tcp/1/p2p/${PEER}`].map(text => multiaddr(text).bytes), id, '198.51.100.7')
    expect(addrs.map(({ buffer }) => buffer.byteLength)).to.deep.equal(addrs.map(({ byteLength }) => byteLength))
  })

  it('keeps only so many beside where it was seen, public ones and names first', () => {
    const announced = ['/ip4/172.17.0.1/tcp/1', '/ip4/192.0.2.1/tcp/1', '/ip4/8.8.8.8/tcp/1', '/ip6/2a00::1/tcp/1', '/dns4/example.org/tcp/1'].map(text => multiaddr(text).bytes)
    const kept = (most: number): string[] => dialBackAddrs(announced, id, '8.8.8.8', most).map(addr => formatAddress(addr))

    expect(kept(0)).to.deep.equal(['/ip4/8.8.8.8/tcp/1'])
    expect(kept(2)).to.deep.equal(['/ip4/8.8.8.8/tcp/1', '/ip6/2a00::1/tcp/1', '/dns4/example.org/tcp/1'])
    expect(kept(8)).to.have.lengthOf(announced.length)
  })
})
