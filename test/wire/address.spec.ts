import { CODE_CERTHASH, CODE_DNS4, CODE_GARLIC32, CODE_GARLIC64, CODE_HTTP_PATH, CODE_IP4, CODE_IP6ZONE, CODE_MEMORY, CODE_ONION3, CODE_P2P, CODE_SNI, CODE_TCP, CODE_UNIX, multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { usableAddrs } from '../../src/wire/address.ts'
import { MAX_ADDR_BYTES, MAX_ADDRS, MAX_ADDRS_BYTES, MAX_DNS_NAME_BYTES } from '../../src/wire/limits.ts'
import fc from '../helpers/fast-check.ts'
import { bytes, varint } from '../helpers/protobuf.ts'
import { SEED } from './arbitraries.ts'
import { peerA, peerB, utf8 } from './fixtures.ts'
import type { AddressScope } from '../../src/wire/address.ts'

const A = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'
const B = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
const GOOD = multiaddr('/ip4/8.8.8.8/tcp/4001').bytes
const TCP = bytes(varint(CODE_TCP), [0x0f, 0xa1])

function usable (scope: AddressScope, ...addrs: Array<string | Uint8Array>): string[] {
  const binary = addrs.map(addr => typeof addr === 'string' ? multiaddr(addr).bytes : addr)
  return usableAddrs(binary, { peer: peerA.id, scope }).map(addr => multiaddr(addr).toString())
}

/** All these are dropped, and the good one behind them is not. */
function drops (scope: AddressScope, ...addrs: Array<string | Uint8Array>): void {
  for (const addr of addrs) {
    expect(usable(scope, addr, GOOD), String(addr)).to.deep.equal(['/ip4/8.8.8.8/tcp/4001'])
  }
}

/** A part of variable length that claims `length` bytes. */
function claiming (code: number, length: number, value: Uint8Array): Uint8Array {
  return bytes(varint(code), varint(length), value)
}

function dns (name: Uint8Array): Uint8Array {
  return bytes(claiming(CODE_DNS4, name.byteLength, name), TCP)
}

describe('wire/address', () => {
  it('takes what can be dialled, in its order', () => {
    const addrs = [
      '/ip4/8.8.8.8/tcp/4001', '/ip6/2a00::1/udp/4001/quic-v1', '/dns4/example.com/tcp/443/wss', '/dnsaddr/bootstrap.libp2p.io',
      `/ip4/8.8.8.8/tcp/4001/p2p/${B}/p2p-circuit`, '/ip4/8.8.8.8/udp/4001/webrtc-direct/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjLa2R_RF71v86aVxlqdKNOQ',
      '/ip4/8.8.8.8/tcp/443/tls/sni/example.com/ws'
    ]
    expect(usable('public', ...addrs)).to.deep.equal(addrs)
  })

  it('gives copies', () => {
    const frame = GOOD.slice()
    const [addr] = usableAddrs([frame], { peer: peerA.id, scope: 'any' })
    frame.fill(0)
    expect(addr).to.equalBytes(GOOD)
  })

  it('row 31: a truncated ip4 address', () => {
    drops('any', Uint8Array.of(CODE_IP4, 8, 8, 8), Uint8Array.of(CODE_IP4), bytes(GOOD.subarray(0, 6)), GOOD.subarray(0, 7), new Uint8Array())
  })

  it('row 32: an unknown multiaddr protocol', () => {
    drops('any', Uint8Array.of(0), Uint8Array.of(3), bytes(GOOD, [0x7f]), bytes(GOOD, [0xff, 0xff, 0x03]), bytes(GOOD, new Uint8Array(20).fill(0xff)))
  })

  it('row 33: a dns name of claimed length 2^28', () => {
    for (const length of [2 ** 28, 2 ** 21, 100, 12]) {
      drops('any', claiming(CODE_DNS4, length, utf8('example.com')))
    }
    drops('any', bytes(varint(CODE_DNS4), new Uint8Array(12).fill(0x80)), bytes(varint(CODE_DNS4), [0x8b, 0x00], utf8('example.com')))
  })

  it('row 34: dns a/b', () => {
    drops('any', dns(utf8('a/b')), dns(utf8('/')))
    drops('any', bytes(GOOD, claiming(CODE_SNI, 3, utf8('a/b'))))
  })

  it('row 35: dns with NUL or bad UTF-8, empty or too long', () => {
    drops('any', dns(utf8('a\0b')), dns(Uint8Array.of(0xff)), dns(Uint8Array.of(0x61, 0xc0, 0x80)), dns(new Uint8Array()), dns(utf8('a'.repeat(MAX_DNS_NAME_BYTES + 1))))
    for (const code of [CODE_IP6ZONE, CODE_UNIX, CODE_MEMORY, CODE_HTTP_PATH]) {
      drops('any', claiming(code, 1, Uint8Array.of(0)), claiming(code, 1, Uint8Array.of(0xff)))
    }
    expect(usable('any', dns(utf8('a'.repeat(MAX_DNS_NAME_BYTES))))).to.have.lengthOf(1)
  })

  it('row 35: control characters, line breaks and turns of direction, which would reach terminals and logs', () => {
    for (const control of ['\n', '\r', '\x1b[2J', '\x07', '\x7f', '\x85', '\x9b2J', '\u2028', '\u2029', '\u200f', '\u202e', '\u2066']) {
      const value = utf8(`a${control}b.example`)
      drops('any', dns(value), bytes(GOOD, claiming(CODE_SNI, value.byteLength, value)))
      for (const code of [CODE_IP6ZONE, CODE_UNIX, CODE_MEMORY, CODE_HTTP_PATH, CODE_GARLIC32, CODE_GARLIC64]) {
        drops('any', bytes(GOOD, claiming(code, value.byteLength, value)))
      }
    }
  })

  it('texts that multiaddr() cannot write, or writes so that it cannot read them again', () => {
    const parts: ReadonlyArray<readonly [code: number, text: string]> = [
      [CODE_HTTP_PATH, '😀a'], [CODE_HTTP_PATH, '/'], [CODE_HTTP_PATH, 'ü'],
      ...[CODE_IP6ZONE, CODE_MEMORY, CODE_GARLIC32, CODE_GARLIC64].flatMap(code => ['/', 'a/b', '/ip4'].map(text => [code, text] as const))
    ]
    drops('any', ...parts.map(([code, text]) => bytes(GOOD, claiming(code, utf8(text).byteLength, utf8(text)))))
  })

  it('takes names and texts of all languages', () => {
    const addrs = [
      '/dns4/bücher.example/tcp/1', '/dns/例え.テスト/tcp/1', '/dns6/مثال.إختبار/tcp/1', '/dns4/نامه\u200cای.example/tcp/1', '/dns4/_a-1.example./tcp/1',
      '/unix/%2Ftmp%2Fa%20b.sock', '/ip4/8.8.8.8/tcp/1/http-path/a%2Fb%3Fc', '/memory/größe 1', '/ip6zone/eth0/ip6/fe80::2/tcp/1', '/garlic64/aA0~-'
    ]
    expect(usable('any', ...addrs)).to.deep.equal(addrs)
  })

  it('row 36: port 0', () => {
    drops('any', '/ip4/8.8.8.8/tcp/0', '/ip4/8.8.8.8/udp/0/quic-v1', '/dns4/example.com/tcp/0/ws')
    drops('any', bytes(varint(445), new Uint8Array(35).fill(1), [0, 0]))
    expect(usable('any', '/ip4/8.8.8.8/tcp/256', '/ip4/8.8.8.8/tcp/1')).to.have.lengthOf(2)
  })

  it('row 37: a private address in public mode, and the reverse', () => {
    const near = [
      '/ip4/10.0.0.1/tcp/1', '/ip4/192.168.1.1/tcp/1', '/ip4/172.16.0.1/tcp/1', '/ip4/127.0.0.1/tcp/1', '/ip4/169.254.1.1/tcp/1', '/ip4/100.64.0.1/tcp/1',
      '/ip6/::1/tcp/1', '/ip6/fe80::1/tcp/1', '/ip6/fd00::1/tcp/1', '/ip6/::ffff:a00:1/tcp/1', '/ip6zone/eth0/ip6/fe80::2/tcp/1',
      '/dns4/localhost/tcp/1', '/dns/LOCALHOST/tcp/1', '/dns4/a.localhost/tcp/1', '/dns4/localhost./tcp/1', '/dns4/10.0.0.1/tcp/1', '/dns4/0x7f.1/tcp/1'
    ]
    const far = ['/ip4/8.8.8.8/tcp/4001', '/ip6/2a00::1/tcp/1', '/ip6/::ffff:808:808/tcp/1', '/dns4/example.com/tcp/1', '/dns4/notlocal/tcp/1', '/dns4/local.example.com/tcp/1', '/dns4/8.8.8.8/tcp/1']
    drops('public', ...near)
    for (const addr of near) {
      expect(usable('private', addr), addr).to.have.lengthOf(1)
      expect(usable('any', addr), addr).to.have.lengthOf(1)
    }
    for (const addr of far) {
      expect(usable('private', addr), addr).to.have.lengthOf(0)
      expect(usable('public', addr), addr).to.have.lengthOf(1)
      expect(usable('any', addr), addr).to.have.lengthOf(1)
    }
    expect(usable('public', `/ip4/10.0.0.1/tcp/1/p2p/${B}/p2p-circuit`)).to.deep.equal([])
    const onion = bytes(varint(CODE_ONION3), new Uint8Array(35).fill(1), [0, 80])
    expect([usable('public', onion), usable('private', onion)].map(({ length }) => length)).to.deep.equal([1, 0])
    expect(usable('private', claiming(CODE_MEMORY, 1, utf8('x')))).to.have.lengthOf(1)
    expect(usable('public', claiming(CODE_MEMORY, 1, utf8('x')))).to.have.lengthOf(0)
  })

  it('row 37: names that each network resolves for itself count as both', () => {
    for (const addr of ['/dns4/printer.local/tcp/1', '/dns6/a.home.arpa/tcp/1', '/dns4/pod-0.svc.cluster.local./tcp/1', '/dns4/ip-10-0-0-1.ec2.internal/tcp/1', '/dns/host.LAN/tcp/1']) {
      for (const scope of ['any', 'public', 'private'] as const) {
        expect(usable(scope, addr), `${addr} ${scope}`).to.have.lengthOf(1)
      }
    }
    drops('public', `/ip4/10.0.0.1/tcp/443/tls/sni/a.local/p2p/${B}/p2p-circuit`)
  })

  it('row 37: names that are IP addresses, and those that only look so', () => {
    const named = (name: string): Uint8Array => bytes(claiming(CODE_DNS4, name.length, utf8(name)), TCP)
    for (const name of ['127.1', '2130706433', '0X7F.0.0.1', '127.0.0.1.', '::1', '::ffff:10.0.0.1', 'fe80::1%eth0', 'FD00::1']) {
      expect(usable('public', named(name)), name).to.have.lengthOf(0)
      expect(usable('private', named(name)), name).to.have.lengthOf(1)
    }
    for (const name of ['300.1.1.1', '99999999999', '0xffffffffff', '1.99999999', '1.2.70000', '1.2.3.4.5', '1:2:3:4:5:6:7:8:9', 'fe80::99999', '::1::2', '::ffff:300.1.1.1', 'a:b', ':', '%']) {
      expect(usable('public', named(name)), name).to.have.lengthOf(1)
    }
  })

  it('takes little longer over names than over IP addresses', () => {
    const list = (part: string): Uint8Array[] => Array.from({ length: 50 }, (_, i) => multiaddr(`${part}/tcp/${i + 1}`).bytes)
    const timeOf = (addrs: Uint8Array[]): number => {
      const begun = performance.now()
      for (let i = 0; i < 100; i++) {
        expect(usableAddrs(addrs, { peer: peerA.id, scope: 'any' })).to.have.lengthOf(50)
      }
      return performance.now() - begun
    }
    const [ips, names] = [list('/ip4/8.8.8.8'), list('/dns4/a-name-of-a-host.example.com')]
    const rounds = Array.from({ length: 5 }, () => ({ ips: timeOf(ips), names: timeOf(names) }))
    expect(Math.min(...rounds.map(({ names }) => names))).to.be.below(10 * Math.min(...rounds.map(({ ips }) => ips)))
  })

  it('row 37: places where nobody is, and ranges that are reserved', () => {
    drops('any', '/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1', '/ip4/224.0.0.1/udp/1', '/ip4/255.255.255.255/udp/1', '/ip6/ff02::1/udp/1')
    const reserved = ['/ip4/203.0.113.1/tcp/1', '/ip4/198.18.0.1/tcp/1', '/ip4/192.0.0.1/tcp/1', '/ip4/192.0.2.1/tcp/1', '/ip4/198.51.100.1/tcp/1', '/ip4/240.0.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/ip6/2002:102:304::1/tcp/1']
    expect(usable('any', ...reserved)).to.deep.equal(reserved)
    expect(usable('public', ...reserved)).to.deep.equal([])
    expect(usable('private', ...reserved)).to.deep.equal(reserved)
  })

  it('row 38: an address ending in another peer\'s /p2p', () => {
    drops('any', `/ip4/8.8.4.4/tcp/1/p2p/${B}`, `/ip4/8.8.4.4/tcp/1/p2p/${B}/p2p/${A}`, `/ip4/8.8.4.4/tcp/1/p2p/${A}/p2p/${A}`, `/p2p/${B}`, `/p2p/${A}`)
    drops('any', bytes(GOOD, claiming(CODE_P2P, 5, utf8('hello')), multiaddr('/p2p-circuit').bytes))
    expect(usable('any', `/ip4/8.8.4.4/tcp/1/p2p/${A}`, `/ip4/8.8.4.4/tcp/1/p2p/${B}/p2p-circuit/p2p/${A}`))
      .to.deep.equal(['/ip4/8.8.4.4/tcp/1', `/ip4/8.8.4.4/tcp/1/p2p/${B}/p2p-circuit`])
    expect(usableAddrs([multiaddr(`/ip4/8.8.4.4/tcp/1/p2p/${B}`).bytes], { peer: peerB.id, scope: 'any' })).to.deep.equal([multiaddr('/ip4/8.8.4.4/tcp/1').bytes])
  })

  it('row 39: a circuit nested 200 deep, or twice', () => {
    const relay = `/p2p/${B}/p2p-circuit`
    drops('any', `/ip4/8.8.4.4/tcp/1${relay.repeat(200)}`, `/ip4/8.8.4.4/tcp/1${relay.repeat(2)}`)
    expect(usable('any', `/ip4/8.8.4.4/tcp/1${relay}`, relay)).to.have.lengthOf(2)
  })

  it('drops what starts nowhere', () => {
    drops('any', '/tcp/4001', '/ws', '/p2p-circuit', bytes(claiming(CODE_CERTHASH, 2, Uint8Array.of(1, 2)), GOOD))
  })

  it('drops addresses of more than 1 KiB', () => {
    const long = (size: number): Uint8Array => {
      const value = new Uint8Array(size - GOOD.byteLength - 4).fill(1)
      return bytes(GOOD, claiming(CODE_CERTHASH, value.byteLength, value))
    }
    drops('any', long(MAX_ADDR_BYTES + 1))
    expect(long(MAX_ADDR_BYTES)).to.have.lengthOf(MAX_ADDR_BYTES)
    expect(usable('any', long(MAX_ADDR_BYTES))).to.have.lengthOf(1)
  })

  it('takes 64 addresses of a peer, each once', () => {
    const many = Array.from({ length: 70 }, (_, i) => `/ip4/8.8.8.8/tcp/${i + 1}`)
    expect(usable('any', '/ip4/10.0.0.1/tcp/0', ...many.slice(0, 1), `${many[0]}/p2p/${A}`, ...many)).to.deep.equal(many.slice(0, MAX_ADDRS))
  })

  it('takes 4 KiB of addresses of a peer', () => {
    const relayed = Array.from({ length: MAX_ADDRS }, (_, i) => `/dns4/${'a'.repeat(50)}.relay.example/tcp/${i + 1}/p2p/${B}/p2p-circuit`)
    const fit = Math.floor(MAX_ADDRS_BYTES / multiaddr(relayed[0]).bytes.byteLength)
    expect(fit).to.be.lessThan(MAX_ADDRS)
    expect(usable('any', ...relayed, '/ip4/8.8.8.8/tcp/1')).to.deep.equal(relayed.slice(0, fit))
  })

  it('gives only what multiaddr() reads and writes the same, and can read again as text', () => {
    const texts = fc.tuple(
      fc.constantFrom(CODE_DNS4, CODE_SNI, CODE_IP6ZONE, CODE_UNIX, CODE_MEMORY, CODE_HTTP_PATH, CODE_GARLIC32, CODE_GARLIC64),
      fc.string({ unit: fc.constantFrom('a', '/', '%', '.', 'ü', '😀', '\ufeff'), minLength: 1, maxLength: 4 })
    ).map(([code, text]) => claiming(code, utf8(text).byteLength, utf8(text)))
    const parts = fc.constantFrom(
      GOOD, TCP, multiaddr('/ip6/2a00::1').bytes, dns(utf8('x.y')), multiaddr(`/p2p/${A}`).bytes, multiaddr(`/p2p/${B}/p2p-circuit`).bytes,
      multiaddr('/ws').bytes, multiaddr('/udp/1/quic-v1/webtransport').bytes, claiming(CODE_CERTHASH, 3, Uint8Array.of(1, 2, 3)), claiming(CODE_UNIX, 2, utf8('/x')), claiming(CODE_CERTHASH, 0, new Uint8Array())
    )
    const addrs = fc.array(fc.oneof({ weight: 6, arbitrary: parts }, { weight: 2, arbitrary: texts }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) }), { maxLength: 5 }).map(list => bytes(...list))
    let taken = 0
    fc.assert(fc.property(addrs, fc.constantFrom<AddressScope>('any', 'public', 'private'), (addr, scope) => {
      for (const usable of usableAddrs([addr], { peer: peerA.id, scope })) {
        const read = multiaddr(usable)
        multiaddr(`${read.toString()}/p2p/${A}`)
        expect(read.bytes).to.equalBytes(usable)
        taken++
      }
    }), { seed: SEED, numRuns: 5000 })
    expect(taken).to.be.greaterThan(200)
  })

  it('drops or takes any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), addr => {
      expect(usableAddrs([addr], { peer: peerA.id, scope: 'any' }).length).to.be.at.most(1)
    }), { seed: SEED, numRuns: 5000 })
  })
})
