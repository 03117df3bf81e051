import { syncBuiltinESMExports } from 'node:module'
import { connect } from 'node:net'
import os from 'node:os'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { systemClock } from '../../src/clock/clock.ts'
import { Acceptor } from '../../src/hosts/tcp/acceptor.ts'
import { formatAddress, parseAddress, parseEndpoint } from '../../src/hosts/tcp/address.ts'
import { Admission } from '../../src/hosts/tcp/admission.ts'
import { InvalidAddressError, ListenError, RemotePlainError } from '../../src/hosts/tcp/errors.ts'
import { INTERFACES_MAX_AGE_MS } from '../../src/hosts/tcp/limits.ts'
import { Visitors } from '../../src/hosts/tcp/visitors.ts'
import { closed, collect, failureOf, firstBytes, PROTOCOL, SECURITIES, Stage } from './tcp-hosts.ts'
import type { InboundLimits } from '../../src/hosts/tcp/admission.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'
import type { Socket } from 'node:net'

const hasIPv6 = Object.values(os.networkInterfaces()).some(list => list?.some(({ address }) => address === '::1') === true)

const texts = (addrs: readonly Uint8Array[]): string[] => addrs.map(addr => formatAddress(addr))

describe('listening on TCP', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  afterEach(async () => { await stage.stop() })

  const roundTrip = async (client: TcpHost, addr: Uint8Array): Promise<void> => {
    const { id } = await client.identify(addr, PROTOCOL)
    const stream = await client.openStream({ id, addrs: [addr] }, PROTOCOL)
    const [answer] = await Promise.all([collect(stream), stream.sink([Uint8Array.from([5])])])
    expect(answer).to.equalBytes([5])
  }

  it('is by default on every interface, of both versions of IP where there are two', async () => {
    const server = await stage.echo({ listen: undefined })
    const client = await stage.host({ listen: [] })

    expect(texts(server.listenAddrs)[0]).to.match(/^\/ip4\/0\.0\.0\.0\/tcp\/\d+$/)
    expect(server.listenAddrs).to.have.lengthOf(hasIPv6 ? 2 : 1)
    const loopbacks = server.self.addrs.filter(addr => /\/(127\.0\.0\.1|::1)\//.test(formatAddress(addr)))
    expect(loopbacks).to.have.lengthOf(server.listenAddrs.length)
    for (const addr of loopbacks) {
      await roundTrip(client, addr)
    }
  })

  describe('the interfaces of the machine', () => {
    const machine = os.networkInterfaces

    /** Have the machine say that it has interfaces with these addresses. */
    const moveTo = (...ips: string[]): void => {
      os.networkInterfaces = () => ({ any: ips.map(address => ({ address, family: 'IPv4', netmask: '255.0.0.0', mac: '', internal: false, cidr: null })) })
      syncBuiltinESMExports()
    }

    /** Have it say nothing. */
    const fail = (): void => {
      os.networkInterfaces = () => { throw Object.assign(new Error('A system error occurred: uv_interface_addresses'), { code: 'ERR_SYSTEM_ERROR' }) }
      syncBuiltinESMExports()
    }

    afterEach(() => {
      os.networkInterfaces = machine
      syncBuiltinESMExports()
    })

    it('are taken to be as before when they cannot be looked at: no file can be opened', async () => {
      moveTo('192.0.2.1')
      const server = await stage.host({ listen: ['0.0.0.0:0'] })
      const there = texts(server.self.addrs)
      const told: string[][] = []
      server.watchAddrs?.(() => { told.push(texts(server.self.addrs)) })
      fail()
      stage.clock.advance(60_000)
      expect(texts(server.self.addrs)).to.deep.equal(there)
      expect(told).to.deep.equal([])

      moveTo('192.0.2.2')
      stage.clock.advance(60_000)
      expect(told).to.have.lengthOf(1)
    })

    it('are told of when they have addresses that were not there before', async () => {
      moveTo('127.0.0.1', '192.0.2.1')
      const server = await stage.host({ listen: ['0.0.0.0:0'] })
      const { port } = parseEndpoint(server.listenAddrs[0])
      const told: string[][] = []
      const unwatch = server.watchAddrs?.(() => { told.push(texts(server.self.addrs)) })
      stage.clock.advance(60_000)
      moveTo('127.0.0.1')
      stage.clock.advance(60_000)
      expect(told, 'there is nothing new').to.deep.equal([])

      moveTo('127.0.0.1', '192.0.2.2')
      stage.clock.advance(29_000)
      expect(told).to.deep.equal([])
      stage.clock.advance(1000)
      const there = [`/ip4/192.0.2.2/tcp/${port}`, `/ip4/127.0.0.1/tcp/${port}`]
      expect(told).to.deep.equal([there])
      stage.clock.advance(60_000)
      expect(told, 'once').to.deep.equal([there])

      unwatch?.()
      expect(stage.clock.pending).to.equal(0)
      server.watchAddrs?.(() => {}) // it is the host that lets go of this one
    })

    it('do not matter where the addresses were given', async () => {
      moveTo('127.0.0.1')
      const fixed = await stage.host()
      const announced = await stage.host({ listen: ['0.0.0.0:0'], announce: ['198.51.100.1:4001'] })
      const told: TcpHost[] = [];
      [fixed, announced].forEach(host => { host.watchAddrs?.(() => { told.push(host) }) })
      expect(stage.clock.pending).to.equal(0)
      moveTo('127.0.0.1', '192.0.2.2')
      stage.clock.advance(60_000)
      expect([told, fixed.self.addrs.length, announced.self.addrs.length]).to.deep.equal([[], 1, 1])
    })

    it('are looked at again after a while, also when the clock was set back', async () => {
      moveTo('192.0.2.1')
      const server = await stage.host({ listen: ['0.0.0.0:0'] })
      const { port } = parseEndpoint(server.listenAddrs[0])
      const later = (ms: number): string[] => {
        stage.clock.advance(ms)
        return texts(server.self.addrs)
      }
      expect(later(0)).to.deep.equal([`/ip4/192.0.2.1/tcp/${port}`])
      moveTo('192.0.2.2')
      expect(later(INTERFACES_MAX_AGE_MS - 1), 'once in a while').to.deep.equal([`/ip4/192.0.2.1/tcp/${port}`])
      expect(later(1)).to.deep.equal([`/ip4/192.0.2.2/tcp/${port}`])
      moveTo('192.0.2.3')
      expect(later(-INTERFACES_MAX_AGE_MS)).to.deep.equal([`/ip4/192.0.2.3/tcp/${port}`])
    })
  })

  it('can have one port for both versions of IP', async () => {
    const first = await stage.host({ listen: ['0.0.0.0:0'] })
    const { port } = parseEndpoint(first.listenAddrs[0])
    await first.stop()
    const server = await stage.echo({ listen: [`0.0.0.0:${port}`, `[::]:${port}`] })

    expect(texts(server.listenAddrs)[0]).to.equal(`/ip4/0.0.0.0/tcp/${port}`)
    expect(server.listenAddrs).to.have.lengthOf(hasIPv6 ? 2 : 1)
  })

  it('takes its own id at the end of an address, and nobody else\'s', async () => {
    const server = await stage.host()
    const text = formatAddress(server.listenAddrs[0], server.self.id)
    const err = await failureOf(stage.host({ listen: [text] }))
    expect(err).to.be.an.instanceOf(InvalidAddressError)
    expect(err.message).to.match(/^cannot listen on .* names another peer, this one is 12D3Koo/)
    const privateKey = await generateKeyPair('Ed25519')
    const own = await stage.host({ privateKey, listen: [formatAddress(parseAddress('127.0.0.1:0'), privateKey.publicKey.toMultihash().bytes)] })
    expect(own.listenAddrs).to.have.lengthOf(1)
  })

  it('is off for a client', async () => {
    const client = await stage.host({ listen: [] })

    expect(client.listenAddrs).to.be.empty()
    expect(client.self.addrs).to.be.empty()
  })

  it('says who has the port, and leaves nothing bound', async () => {
    const server = await stage.host()
    const { port } = parseEndpoint(server.listenAddrs[0])
    const err = await failureOf(stage.host({ listen: ['127.0.0.1:0', `127.0.0.1:${port}`] }))

    expect(err).to.be.an.instanceOf(ListenError)
    expect(err.message).to.equal(`cannot listen on 127.0.0.1:${port} (EADDRINUSE): another process has that port; stop it, or listen on port 0 to get a free one`)
    expect(err.cause).to.have.property('code', 'EADDRINUSE')
  })

  it('refuses what is not of this machine, names, and what is no address', async () => {
    expect(await failureOf(stage.host({ listen: ['192.0.2.1:0'] }))).to.be.an.instanceOf(ListenError).with.property('message').that.includes('192.0.2.1:0 (EADDRNOTAVAIL): this machine does not have that address')
    expect(await failureOf(stage.host({ listen: ['example.org:0'] }))).to.be.an.instanceOf(ListenError).with.property('message').that.includes('give an IP address')
    expect(await failureOf(stage.host({ listen: ['nonsense'] }))).to.be.an.instanceOf(InvalidAddressError)
  })

  it('stays on loopback without encryption, unless told otherwise', async () => {
    const server = await stage.echo({ security: 'plain', listen: undefined })
    expect(texts(server.listenAddrs)[0]).to.match(/^\/ip4\/127\.0\.0\.1\//)
    await roundTrip(await stage.host({ security: 'plain' }), server.listenAddrs[0])

    for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:0']) {
      expect(await failureOf(stage.host({ security: 'plain', listen: [address] }))).to.be.an.instanceOf(RemotePlainError).with.property('message').that.matches(/security 'tls'.*allowRemotePlain/)
    }
    const open = await stage.host({ security: 'plain', allowRemotePlain: true, listen: ['0.0.0.0:0'] })
    expect(open.listenAddrs).to.have.lengthOf(1)
  })

  it('tells of a visitor where it was seen, and of two more of the addresses that it announces', async () => {
    const server = await stage.echo()
    const told = new Promise<readonly Uint8Array[]>(resolve => {
      server.watch(PROTOCOL, { onConnect: ({ addrs }) => { resolve(addrs) }, onDisconnect: () => {} })
    })
    const visitor = await stage.echo({ announce: Array.from({ length: 8 }, (_, i) => `192.0.2.${i + 1}:4001`) })
    const stream = await visitor.openStream(server.self, PROTOCOL)
    await Promise.all([collect(stream), stream.sink([])])

    expect(texts(await told)).to.deep.equal(['/ip4/127.0.0.1/tcp/4001', '/ip4/192.0.2.1/tcp/4001', '/ip4/192.0.2.2/tcp/4001'])
  })

  it('tells of a visitor again that comes from elsewhere while its old sockets are still there, as if they were dead', async () => {
    const server = await stage.echo()
    const told: string[] = []
    server.watch(PROTOCOL, { onConnect: ({ addrs }) => { told.push(...texts(addrs)) }, onDisconnect: () => { told.push('gone') } })
    const privateKey = await generateKeyPair('Ed25519')
    for (const port of [1, 1, 2, 2]) {
      const visitor = await stage.echo({ privateKey, announce: [`127.0.0.1:${port}`] })
      const stream = await visitor.openStream(server.self, PROTOCOL)
      void stream.source.next().catch(() => {})
    }
    expect(told).to.deep.equal(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'])
  })

  it('stops twice, and frees the port', async () => {
    const server = await stage.echo()
    const [addr] = server.listenAddrs
    await Promise.all([server.stop(), server.stop()])
    await stage.echo({ listen: [addr] })
  })

  it('cuts off the newcomer above a limit at once, and lets others in when one has left', async () => {
    const server = await stage.echo({ security: 'plain', limits: { maxSockets: 2 } })
    const [first] = [await stage.socket(server), await stage.socket(server)]
    while (server.sockets.inbound < 2) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    expect(await firstBytes(await stage.socket(server))).to.equal(undefined)
    expect(server.sockets.inbound).to.equal(2)
    first.destroy()
    while (server.sockets.inbound > 1) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    await roundTrip(await stage.host({ security: 'plain' }), server.listenAddrs[0])
  })
})

describe('sockets that say nothing', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  afterEach(async () => { await stage.stop() })

  const from = (socket: Socket, ip: string): Socket => Object.defineProperty(socket, 'remoteAddress', { value: ip })

  it('are reset when they keep out another remote', async () => {
    const acceptor = new Acceptor({
      self: Uint8Array.from([1]),
      clock: stage.clock,
      tls: undefined,
      admission: new Admission(stage.clock, { maxHandshakes: 3 }),
      visitors: new Visitors(),
      hello: () => { throw new Error('nobody says who it is') },
      onConnection: () => {}
    })
    const ips = ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']
    const inbound: Socket[] = []
    const addr = parseEndpoint(parseAddress(await stage.server(socket => { inbound.push(socket) })))
    const outbound: Socket[] = []
    for (const ip of ips) {
      const socket = connect({ ...addr, allowHalfOpen: true })
      stage.keep(socket)
      outbound.push(socket)
      while (inbound.length < outbound.length) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
      acceptor.accept(from(inbound[inbound.length - 1], ip))
    }

    expect(await closed(outbound[0])).to.equal(true)
    expect(outbound.slice(1).map(socket => socket.closed)).to.deep.equal([false, false, false])
    inbound.forEach(socket => { socket.destroy() })
  })

  SECURITIES.forEach(security => {
    it(`are reset when they end (${security})`, async () => {
      const server = await stage.echo({ security })
      const socket = await stage.socket(server)
      socket.end()

      expect(await closed(socket)).to.equal(true)
      expect(server.sockets.handshakes).to.equal(0)
    })
  })
})

describe('the admission of sockets', () => {
  const nobody = (): void => { throw new Error('displaced') }

  it('counts an IPv4 address, and an IPv6 /64, as one remote', () => {
    const admission = new Admission(systemClock, { maxSocketsPerRemote: 1 })
    const first = admission.admit('192.0.2.1', nobody)

    expect(admission.admit('192.0.2.1', nobody)).to.equal(undefined)
    expect(admission.admit('::ffff:192.0.2.1', nobody)).to.equal(undefined)
    expect(admission.admit('192.0.2.2', nobody)).to.not.equal(undefined)
    expect(admission.admit('2001:db8::1', nobody)).to.not.equal(undefined)
    expect(admission.admit('2001:db8::2', nobody)).to.equal(undefined)
    expect(admission.admit('2001:db8:0:1::2', nobody)).to.not.equal(undefined)
    first?.leave()
    first?.leave()
    expect(admission.admit('192.0.2.1', nobody)).to.not.equal(undefined)
    expect(admission.sockets).to.equal(4)
  })

  it('goes on to count a remote when one of its sockets has left', () => {
    const admission = new Admission(systemClock, { maxSocketsPerRemote: 2 })
    const admit = (): ReturnType<Admission['admit']> => admission.admit('192.0.2.1', nobody)
    const [first] = [admit(), admit()]
    expect(admit()).to.equal(undefined)
    first?.leave()
    expect(admit()).to.not.equal(undefined)
    expect(admit()).to.equal(undefined)
  })

  it('counts loopback only in all', () => {
    const admission = new Admission(systemClock, { maxSocketsPerRemote: 1, maxHandshakes: 1, maxSockets: 4 })
    const admitted = ['127.0.0.1', '127.0.0.1', '::1', '::1', '127.0.0.1'].map(ip => admission.admit(ip, nobody) != null)

    expect(admitted).to.deep.equal([true, true, true, true, false])
  })

  it('counts a handshake until it is over, once', () => {
    const admission = new Admission(systemClock, { maxHandshakes: 1 })
    const first = admission.admit('192.0.2.1', nobody)
    expect(admission.admit('192.0.2.2', nobody)).to.equal(undefined)
    first?.handshakeDone()
    first?.handshakeDone()
    expect(admission.handshakes).to.equal(0)
    const second = admission.admit('192.0.2.2', nobody)
    first?.leave()
    expect(admission.handshakes).to.equal(1)
    second?.leave()
    expect([admission.handshakes, admission.sockets]).to.deep.equal([0, 0])
  })
  it('has a flood of handshakes displace itself, oldest first, rather than shut out others', () => {
    const admission = new Admission(systemClock, { maxHandshakes: 4 })
    const reset: string[] = []
    const admit = (ip: string, name: string): boolean => admission.admit(ip, () => { reset.push(name) }) != null
    for (const name of ['a', 'b', 'c', 'd']) {
      expect(admit('192.0.2.1', name)).to.equal(true)
    }

    expect(admit('192.0.2.1', 'e')).to.equal(false)
    expect(admit('192.0.2.2', 'f')).to.equal(true)
    expect(admit('2001:db8::1', 'g')).to.equal(true)
    expect(admit('192.0.2.3', 'h')).to.equal(true)
    expect(reset).to.deep.equal(['a', 'b', 'c'])
    expect(admit('192.0.2.4', 'one of five equals')).to.equal(false)
    expect(reset).to.have.lengthOf(3)
    expect(admission.handshakes).to.equal(4)
  })

  it('displaces none that is through, nor one from loopback', () => {
    const admission = new Admission(systemClock, { maxHandshakes: 3 })
    const reset: string[] = []
    const [first] = ['a', 'b', 'c', 'd'].map((name, i) => {
      const place = admission.admit(i === 1 ? '127.0.0.1' : '192.0.2.1', () => { reset.push(name) })
      if (i === 0) {
        place?.handshakeDone()
      }
      return place
    })
    expect(admission.handshakes).to.equal(3)
    const newcomer = admission.admit('192.0.2.2', nobody)
    expect(reset).to.deep.equal(['c'])
    first?.leave()
    newcomer?.leave()

    expect([admission.handshakes, admission.sockets]).to.deep.equal([2, 2])
  })

  it('has a flood of sockets that say who they are displace itself, too', () => {
    const admission = new Admission(systemClock, { maxSockets: 4 })
    const reset: string[] = []
    const admit = (ip: string, name: string): boolean => {
      const place = admission.admit(ip, () => { reset.push(name) })
      place?.handshakeDone()
      return place != null
    }
    for (const name of ['a', 'b', 'c', 'd']) {
      expect(admit('192.0.2.1', name)).to.equal(true)
    }

    expect(admit('192.0.2.1', 'e')).to.equal(false)
    expect(admit('192.0.2.2', 'f')).to.equal(true)
    expect(admit('127.0.0.1', 'g')).to.equal(true)
    expect(admit('192.0.2.3', 'h')).to.equal(true)
    expect(reset).to.deep.equal(['a', 'b', 'c'])
    expect(admit('192.0.2.4', 'one of five equals')).to.equal(false)
    expect([admission.handshakes, admission.sockets]).to.deep.equal([0, 4])
  })

  const NETWORKS: Array<[name: string, address: (i: number) => string]> = [
    ['an IPv4 /24', i => `192.0.2.${i}`],
    ['an IPv4 /16', i => `192.0.${i}.1`],
    ['an IPv6 /48', i => `2001:db8:0:${i}::1`],
    ['an IPv6 /32', i => `2001:db8:${i}::1`]
  ]

  NETWORKS.forEach(([name, address]) => {
    it(`has a flood from all over ${name} displace itself, oldest first, rather than shut out others`, () => {
      const limits: InboundLimits[] = [{ maxHandshakes: 4 }, { maxSockets: 4 }]
      for (const limit of limits) {
        const admission = new Admission(systemClock, limit)
        const reset: string[] = []
        const admit = (ip: string): boolean => admission.admit(ip, () => { reset.push(ip) }) != null
        const flood = [1, 2, 3, 4].map(address)
        expect(flood.map(admit)).to.deep.equal([true, true, true, true])

        expect(admit(address(5)), 'one of five equals').to.equal(false)
        expect(['198.51.100.1', '2001:db9::1'].map(admit)).to.deep.equal([true, true])
        expect(reset).to.deep.equal(flood.slice(0, 2))
        expect(admit('203.0.113.1'), 'another network').to.equal(true)
        expect(reset).to.deep.equal(flood.slice(0, 3))
        expect(admit('203.0.114.1'), 'one of four equals').to.equal(false)
        expect(admission.sockets).to.equal(4)
      }
    })
  })

  it('forgets a remote whose last socket was displaced, and nobody else of it', () => {
    const admission = new Admission(systemClock, { maxSockets: 2, maxSocketsPerRemote: 2 })
    const [first, second] = [0, 1].map(() => admission.admit('192.0.2.1', () => {}))
    const other = admission.admit('192.0.2.2', nobody)
    first?.leave()
    expect(admission.sockets).to.equal(2)
    second?.leave()
    other?.leave()

    expect([admission.handshakes, admission.sockets]).to.deep.equal([0, 0])
  })
})
