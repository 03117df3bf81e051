import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { expect } from 'aegir/chai'
import { formatAddress, parseAddress } from '../../src/hosts/tcp/address.ts'
import { RemotePlainError } from '../../src/hosts/tcp/errors.ts'
import { CONNECTION_ATTEMPT_DELAY_MS, DIAL_TIMEOUT_MS, HANDSHAKE_PATIENCE_MS, KEPT_SOCKET_MS, LINGER_MS, MAX_DIALLED_ADDRS, MAX_KEPT_SOCKETS } from '../../src/hosts/tcp/limits.ts'
import { race } from '../../src/hosts/tcp/race.ts'
import { DialError, LimitError } from '../../src/rpc/errors.ts'
import { ManualClock } from './tcp-clock.ts'
import { closed, collect, failureOf, portOf, PROTOCOL, Stage } from './tcp-hosts.ts'
import type { Attempt } from '../../src/hosts/tcp/race.ts'
import type { LookupOptions } from 'node:dns'
import type { LookupFunction, Socket } from 'node:net'

/** Lets every promise that can settle do so. */
async function settle (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}

describe('dialling over TCP', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  afterEach(async () => { await stage.stop() })

  it('names the peer, each address and its cause in one line', async () => {
    const gone = await stage.host()
    const [addr] = gone.listenAddrs
    await gone.stop()
    const client = await stage.host()
    const err = await failureOf(client.openStream({ id: gone.self.id, addrs: [addr, Uint8Array.from([0xff, 0xff]), parseAddress('127.0.0.1:0')] }, PROTOCOL))

    expect(err).to.be.an.instanceOf(DialError)
    expect(err.message).to.match(/^could not reach 12D3Koo\w+: \/ip4\/127\.0\.0\.1\/tcp\/\d+: ECONNREFUSED; 2 bytes that are no multiaddr: .+; .*port 0$/)
    expect(err.cause).to.be.an.instanceOf(AggregateError).with.property('errors').that.has.lengthOf(3)
    const single = await failureOf(client.openStream({ id: gone.self.id, addrs: [addr] }, PROTOCOL))
    expect(single.cause).to.have.property('code', 'ECONNREFUSED')
  })

  it('reports a reset before, in and after the handshake', async () => {
    const stages: Array<(socket: Socket) => void> = [
      socket => { socket.resetAndDestroy() },
      socket => { socket.once('data', () => { socket.resetAndDestroy() }) },
      socket => { socket.end('not TLS at all') }
    ]
    const { self } = await stage.host()
    const client = await stage.host()
    for (const reset of stages) {
      const addr = parseAddress(await stage.server(reset))
      expect(await failureOf(client.openStream({ id: self.id, addrs: [addr] }, PROTOCOL))).to.be.an.instanceOf(DialError)
    }
    while (client.sockets.outbound > 0) {
      await settle()
    }
  })

  it('tries the next address beside one that says nothing', async () => {
    const silent: Socket[] = []
    let connected = (): void => {}
    const waiting = new Promise<void>(resolve => { connected = resolve })
    const addr = parseAddress(await stage.server(socket => {
      silent.push(socket)
      socket.once('data', connected)
    }))
    const server = await stage.echo()
    const client = await stage.host()
    const opening = client.openStream({ id: server.self.id, addrs: [addr, ...server.listenAddrs] }, PROTOCOL)
    await waiting
    await settle()
    expect(client.sockets.outbound).to.equal(1)
    stage.clock.advance(HANDSHAKE_PATIENCE_MS)
    const stream = await opening
    await Promise.all([collect(stream), stream.sink([])])
    await closed(silent[0])

    expect(client.sockets.outbound).to.be.at.most(1)
  })

  it('tries no further address once its host has stopped', async () => {
    const server = await stage.echo()
    const client = await stage.host()
    let dialled = (): void => {}
    const waiting = new Promise<void>(resolve => { dialled = resolve })
    const silent = parseAddress(await stage.server(dialled))
    const opening = failureOf(client.openStream({ id: server.self.id, addrs: [silent, ...server.listenAddrs] }, PROTOCOL))
    await waiting
    await client.stop()

    expect((await opening).message).to.include('this host has stopped')
    expect(client.sockets.outbound).to.equal(0)
    expect(await failureOf(client.openStream(server.self, PROTOCOL))).to.be.an.instanceOf(DialError)
  })

  it(`tries ${MAX_DIALLED_ADDRS} addresses of a peer and no more`, async () => {
    const server = await stage.echo()
    const client = await stage.host()
    const dead = Array.from({ length: MAX_DIALLED_ADDRS }, (_, i) => parseAddress(`127.0.1.${i}:1`))

    expect(await failureOf(client.openStream({ id: server.self.id, addrs: [...dead, ...server.listenAddrs] }, PROTOCOL))).to.be.an.instanceOf(DialError)
    const stream = await client.openStream({ id: server.self.id, addrs: [...dead.slice(1), ...server.listenAddrs] }, PROTOCOL)
    await Promise.all([collect(stream), stream.sink([])])
  })

  it('refuses an address that ends in another peer, and one that nobody can dial', async () => {
    const server = await stage.echo()
    const other = await stage.host()
    const client = await stage.host()
    const addrs = [parseAddress(formatAddress(server.listenAddrs[0], other.self.id))]

    expect((await failureOf(client.openStream({ id: server.self.id, addrs }, PROTOCOL))).message).to.include('of another peer')
    expect(client.sockets.outbound).to.equal(0)
  })

  it('dials names', async () => {
    const server = await stage.echo()
    const client = await stage.host()
    const { port } = new URL(`http://${formatAddress(server.listenAddrs[0]).replace('/ip4/127.0.0.1/tcp/', 'x:')}`)

    expect((await client.identify(parseAddress(`/dns4/localhost/tcp/${port}`), PROTOCOL)).id).to.equalBytes(server.self.id)
  })

  it('tries every address of a name, also if it is for one version of IP only', async () => {
    const { lookup } = dns
    const twoAddresses = (name: string, { all, family }: LookupOptions, callback: Parameters<LookupFunction>[2]): void => {
      const addresses = ['127.0.0.2', '127.0.0.1'].map(address => ({ address, family: 4 })) // nobody is at the first
      expect(family).to.equal(4)
      process.nextTick(() => {
        if (all === true) {
          callback(null, addresses)
        } else {
          callback(null, addresses[0].address, 4)
        }
      })
    }
    const server = await stage.echo()
    const client = await stage.host()
    Object.assign(dns, { lookup: twoAddresses })
    syncBuiltinESMExports()
    try {
      expect((await client.identify(parseAddress(`/dns4/two.example/tcp/${portOf(server)}`), PROTOCOL)).id).to.equalBytes(server.self.id)
    } finally {
      Object.assign(dns, { lookup })
      syncBuiltinESMExports()
    }
  })

  describe('a machine that has no port free to dial from', () => {
    const { connect } = net

    afterEach(() => {
      Object.assign(net, { connect })
      syncBuiltinESMExports()
    })

    /** Have each dial fail as if to `address`. */
    function fail (address: string): void {
      Object.assign(net, { connect: () => new net.Socket().destroy(Object.assign(new Error('connect'), { code: 'EADDRNOTAVAIL', address })) })
      syncBuiltinESMExports()
    }

    it('blames no peer for that', async () => {
      const server = await stage.host()
      const client = await stage.host()
      fail('127.0.0.1')
      const err = await failureOf(client.openStream(server.self, PROTOCOL))
      expect(err).to.be.an.instanceOf(LimitError).with.property('message').that.includes('no port free')
    })

    it('is told from one without IPv6', async () => {
      const server = await stage.host()
      const client = await stage.host()
      fail('::1')
      expect(await failureOf(client.openStream(server.self, PROTOCOL))).to.be.an.instanceOf(DialError)
    })
  })

  it('does not dial beyond loopback without encryption', async () => {
    const client = await stage.host({ security: 'plain' })
    const { self } = await stage.host()
    for (const address of ['192.0.2.1:1', '[2001:db8::1]:1', 'example.org:1']) {
      const err = await failureOf(client.openStream({ id: self.id, addrs: [parseAddress(address)] }, PROTOCOL))

      expect(err).to.be.an.instanceOf(DialError).with.property('message').that.includes('allowRemotePlain')
      expect(err.cause).to.be.an.instanceOf(RemotePlainError)
    }
  })

  it('does not mix plain and TLS', async () => {
    const tls = await stage.echo()
    const plain = await stage.echo({ security: 'plain' })

    expect(await failureOf(plain.identify(tls.listenAddrs[0], PROTOCOL))).to.be.an.instanceOf(DialError)
    expect(await failureOf(tls.identify(plain.listenAddrs[0], PROTOCOL))).to.be.an.instanceOf(DialError)
  })

  describe('names that peers are said to have', () => {
    const { lookup } = dns
    /** What was asked of the operating system, and how to answer it. */
    let asked: Array<{ name: string, fail(): void, find(ip: string): void }>

    beforeEach(() => {
      asked = []
      const slowLookup = (name: string, ...rest: unknown[]): void => {
        if (!name.endsWith('.example')) {
          Reflect.apply(lookup, dns, [name, ...rest]) // to listen on an IP address looks it up
          return
        }
        const callback = rest[1] as Parameters<LookupFunction>[2]
        asked.push({
          name,
          fail: () => { callback(Object.assign(new Error(name), { code: 'ENOTFOUND' }), []) },
          find: address => { callback(null, [{ address, family: 4 }]) }
        })
      }
      Object.assign(dns, { lookup: slowLookup })
      syncBuiltinESMExports()
    })

    afterEach(() => {
      Object.assign(dns, { lookup })
      syncBuiltinESMExports()
    })

    const namesAsked = (): string[] => asked.map(({ name }) => name)

    const named = (...names: string[]): Uint8Array[] => names.map(name => parseAddress(`/dns/${name}/tcp/1`))

    it('are looked up one at a time, and not at all when nobody waits any more', async () => {
      const client = await stage.host({ listen: [] })
      const server = await stage.echo()
      const failures = ['a', 'b', 'c'].map(async peer => failureOf(client.openStream({ id: (await stage.host()).self.id, addrs: named(`${peer}.example`, `${peer}2.example`) }, PROTOCOL)))
      while (client.sockets.outbound < failures.length) {
        await settle()
      }
      stage.clock.advance(DIAL_TIMEOUT_MS)
      await Promise.all(failures)
      expect(asked).to.have.lengthOf(1)

      const stream = client.openStream({ id: server.self.id, addrs: [parseAddress(`/dns/server.example/tcp/${portOf(server)}`)] }, PROTOCOL)
      await settle()
      expect(asked).to.have.lengthOf(1)
      asked[0].fail()
      expect(namesAsked().slice(1)).to.deep.equal(['server.example'])
      asked[1].find('127.0.0.1')
      const opened = await stream
      await Promise.all([collect(opened), opened.sink([])])
    })

    it('are two at the most, and hold up no other address', async () => {
      const client = await stage.host({ listen: [] })
      const server = await stage.echo()
      const stream = client.openStream({ id: server.self.id, addrs: [...named('a.example', 'b.example', 'c.example', 'd.example'), ...server.listenAddrs] }, PROTOCOL)
      for (let i = 0; i < 4; i++) {
        await settle()
        stage.clock.advance(CONNECTION_ATTEMPT_DELAY_MS)
      }
      const opened = await stream
      await Promise.all([collect(opened), opened.sink([])])
      asked[0].fail()

      expect(namesAsked()).to.deep.equal(['a.example'])
      const failed = failureOf(client.openStream({ id: server.self.id, addrs: named('a.example', 'b.example', 'c.example') }, PROTOCOL))
      for (let i = 1; i <= 2; i++) {
        while (asked.length <= i) {
          await settle()
        }
        asked[i].fail()
      }
      expect((await failed).message).to.match(/a\.example.*: ENOTFOUND; .*b\.example.*: ENOTFOUND; .*c\.example.*: only 2 names of a peer are looked up$/)
      expect(namesAsked()).to.deep.equal(['a.example', 'a.example', 'b.example'])
    })

    it('do not hold up a name that somebody here gave', async () => {
      const client = await stage.host({ listen: [] })
      const server = await stage.echo()
      const failed = failureOf(client.openStream({ id: server.self.id, addrs: named('a.example') }, PROTOCOL))
      const found = client.identify(parseAddress(`server.example:${portOf(server)}`), PROTOCOL)
      while (asked.length < 2) {
        await settle()
      }
      asked[1].find('127.0.0.1')

      expect((await found).id).to.equalBytes(server.self.id)
      asked[0].fail()
      await failed
    })
  })

  describe('the socket of identify', () => {
    it('serves the next openStream', async () => {
      const server = await stage.echo()
      const client = await stage.host({ listen: [] })
      const peer = await client.identify(server.listenAddrs[0], PROTOCOL)
      const stream = await client.openStream({ id: peer.id, addrs: [] }, PROTOCOL)
      const [answer] = await Promise.all([collect(stream), stream.sink([Uint8Array.from([1])])])

      expect(answer).to.equalBytes([1])
      expect(await failureOf(client.openStream({ id: peer.id, addrs: [] }, PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    it('serves one openStream', async () => {
      const server = await stage.echo()
      const client = await stage.host({ listen: [] })
      const { id } = await client.identify(server.listenAddrs[0], PROTOCOL)
      await client.openStream({ id, addrs: [] }, PROTOCOL)

      expect(await failureOf(client.openStream({ id, addrs: [] }, PROTOCOL))).to.be.an.instanceOf(DialError)
      expect(client.sockets.outbound, 'left to who has it').to.equal(1)
    })

    it('is one for each peer', async () => {
      const server = await stage.echo()
      const client = await stage.host({ listen: [] })
      const { id } = await client.identify(server.listenAddrs[0], PROTOCOL)
      await client.identify(server.listenAddrs[0], PROTOCOL)
      while (client.sockets.outbound > 1) {
        await settle()
      }
      stage.clock.advance(KEPT_SOCKET_MS)
      expect(await failureOf(client.openStream({ id, addrs: [] }, PROTOCOL)), 'not kept any longer').to.be.an.instanceOf(DialError)
      while (client.sockets.outbound > 0) {
        await settle()
      }
    })

    it('is closed when nobody takes it', async () => {
      const ended = new Promise<number>(resolve => {
        stage.host().then(async server => {
          await server.handle(PROTOCOL, async stream => {
            resolve((await collect(stream)).byteLength)
            await stream.sink([])
          })
          const client = await stage.host({ listen: [] })
          await client.identify(server.listenAddrs[0], PROTOCOL)
          stage.clock.advance(KEPT_SOCKET_MS)
        }).catch(() => { resolve(-1) })
      })

      expect(await ended).to.equal(0)
    })

    it('is reset when the other side does not end it', async () => {
      const server = await stage.host()
      await server.handle(PROTOCOL, async () => {})
      const client = await stage.host({ listen: [] })
      await client.identify(server.listenAddrs[0], PROTOCOL)
      stage.clock.advance(KEPT_SOCKET_MS)
      await settle()
      expect(client.sockets.outbound).to.equal(1)
      stage.clock.advance(LINGER_MS)
      await settle()

      expect(client.sockets.outbound).to.equal(0)
    })

    it('is not used when it has died', async () => {
      const server = await stage.echo()
      const client = await stage.host({ listen: [] })
      await client.identify(server.listenAddrs[0], PROTOCOL)
      await server.unhandle(PROTOCOL)
      await server.handle(PROTOCOL, async stream => { await stream.sink([Uint8Array.from([7])]) })
      while (client.sockets.outbound > 0) {
        await settle()
      }
      const stream = await client.openStream(server.self, PROTOCOL)

      expect(await collect(stream)).to.equalBytes([7])
      await stream.sink([])
    })

    it('is not used when the other side has ended it', async () => {
      const server = await stage.host()
      let served = 0
      const ended = new Promise<void>((resolve, reject) => {
        server.handle(PROTOCOL, async stream => {
          await stream.sink(served++ === 0 ? [] : [Uint8Array.from([7])])
          resolve()
        }).catch(reject)
      })
      const client = await stage.host({ listen: [] })
      await client.identify(server.listenAddrs[0], PROTOCOL)
      await ended
      await client.identify((await stage.echo()).listenAddrs[0], PROTOCOL) // as long as the end is on its way
      const stream = await client.openStream(server.self, PROTOCOL)

      expect(await collect(stream)).to.equalBytes([7])
      await stream.sink([])
    })

    it(`is one of ${MAX_KEPT_SOCKETS}`, async () => {
      const client = await stage.host({ listen: [], security: 'plain' })
      for (let i = 0; i <= MAX_KEPT_SOCKETS; i++) {
        const server = await stage.echo({ security: 'plain' })
        await client.identify(server.listenAddrs[0], PROTOCOL)
      }
      while (client.sockets.outbound > MAX_KEPT_SOCKETS) {
        await settle()
      }

      expect(client.sockets.outbound).to.equal(MAX_KEPT_SOCKETS)
    })
  })
})

describe('the race of addresses', () => {
  const never = new AbortController().signal
  let clock: ManualClock
  let log: string[]

  beforeEach(() => {
    clock = new ManualClock()
    log = []
  })

  /** An attempt that logs what happens to it, and what is done with it. */
  const runner = (name: string): { attempt: Attempt<string>, win(): void, lose(): void, connect(): void } => {
    let win = (): void => {}
    let lose = (): void => {}
    let connect = (): void => {}
    const attempt: Attempt<string> = async (signal, onConnected) => {
      log.push(`${name} starts`)
      connect = onConnected
      signal.addEventListener('abort', () => { log.push(`${name} aborted`) })
      return new Promise((resolve, reject) => {
        win = () => { resolve(name) }
        lose = () => { reject(new Error(name)) }
      })
    }
    return { attempt, win: () => { win() }, lose: () => { lose() }, connect: () => { connect() } }
  }

  const options = { isVerdict: (err: unknown) => err instanceof Error && err.message === 'verdict', discard: (name: string) => { log.push(`${name} discarded`) } }

  it('starts the next when one has not connected in 250 ms, and aborts the losers', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(runner)
    const result = race([a, b, c].map(({ attempt }) => attempt), { clock, signal: never, ...options })
    clock.advance(CONNECTION_ATTEMPT_DELAY_MS - 1)
    expect(log).to.deep.equal(['a starts'])
    clock.advance(1)
    expect(log).to.deep.equal(['a starts', 'b starts'])
    b.win()

    expect(await result).to.equal('b')
    expect(log).to.deep.equal(['a starts', 'b starts', 'a aborted', 'b aborted'])
    expect(clock.pending).to.equal(0)
    a.win()
    await settle()
    expect(log.at(-1)).to.equal('a discarded')
  })

  it('starts the next at once when one fails, and later when one has connected', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(runner)
    const result = race([a, b, c].map(({ attempt }) => attempt), { clock, signal: never, ...options })
    a.lose()
    await settle()
    expect(log).to.deep.equal(['a starts', 'b starts'])
    b.connect()
    clock.advance(HANDSHAKE_PATIENCE_MS - 1)
    expect(log).to.have.lengthOf(2)
    clock.advance(1)
    c.win()

    expect(await result).to.equal('c')
  })

  it('fails with every error when all fail, and with a verdict at once', async () => {
    const [a, b] = ['a', 'verdict'].map(runner)
    const all = failureOf(race([a.attempt, async () => { throw new Error('x') }], { clock, signal: never, ...options }))
    a.lose()
    expect(await all).to.be.an.instanceOf(AggregateError).with.nested.property('errors.length', 2)

    const judged = failureOf(race([b.attempt, a.attempt], { clock, signal: never, ...options }))
    b.lose()
    expect(await judged).to.have.property('message', 'verdict')
    expect(clock.pending).to.equal(0)
  })

  it('aborts what is under way with its signal, and starts nothing more', async () => {
    const controller = new AbortController()
    const [a, b] = ['a', 'b'].map(runner)
    const failed = failureOf(race([a.attempt, b.attempt], { clock, signal: controller.signal, ...options }))
    controller.abort(new Error('enough'))
    a.lose()

    expect(await failed).to.be.an.instanceOf(AggregateError)
    expect(log).to.deep.equal(['a starts', 'a aborted'])
    expect(clock.pending).to.equal(0)
    expect(await failureOf(race([a.attempt], { clock, signal: controller.signal, ...options }))).to.be.an.instanceOf(AggregateError)
  })
})
