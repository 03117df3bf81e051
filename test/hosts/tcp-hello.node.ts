import { connect } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { addressOf, parseAddress } from '../../src/hosts/tcp/address.ts'
import { readHello } from '../../src/hosts/tcp/hello-exchange.ts'
import { Hello, Mode, Refusal } from '../../src/hosts/tcp/hello.ts'
import { HANDSHAKE_TIMEOUT_MS, DIAL_TIMEOUT_MS, LINGER_MS, MAX_HELLO_BYTES } from '../../src/hosts/tcp/limits.ts'
import { DialError, UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { closed, failureOf, firstBytes, frame, helloOf, PROTOCOL, SECURITIES, Stage } from './tcp-hosts.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Socket } from 'node:net'

const OTHER = '/kadmium/another/1.0.0'

describe('the hello of raw TCP', () => {
  let stage: Stage
  let id: Uint8Array

  beforeEach(async () => {
    stage = new Stage()
    id = (await generateKeyPair('Ed25519')).publicKey.toMultihash().bytes
  })

  afterEach(async () => { await stage.stop() })

  const plainEcho = async (): Promise<TcpHost> => stage.echo({ security: 'plain' })

  const answerOf = async (socket: Socket): Promise<Hello> => {
    const bytes = await firstBytes(socket)
    return Hello.decode((bytes ?? new Uint8Array(0)).subarray(bytes != null && bytes[0] > 127 ? 2 : 1))
  }

  describe('refusals', () => {
    SECURITIES.forEach(security => {
      it(`names both networks (${security})`, async () => {
        const server = await stage.echo({ security })
        const client = await stage.host({ security })
        const err = await failureOf(client.openStream(server.self, OTHER))

        expect(err).to.be.an.instanceOf(UnsupportedProtocolError)
        expect(err.message).to.include(`on network ${PROTOCOL}, we are on ${OTHER}: start both with the same --network`)
      })

      it(`names a client as such (${security})`, async () => {
        const nobody = await stage.host({ security })
        const client = await stage.host({ security })
        const err = await failureOf(client.identify(nobody.listenAddrs[0], PROTOCOL))

        expect(err).to.be.an.instanceOf(UnsupportedProtocolError).with.property('message').that.includes('is a client, which serves nobody')
      })

      it(`knows itself (${security})`, async () => {
        const server = await stage.echo({ security })

        for (const attempt of [async () => server.identify(server.listenAddrs[0], PROTOCOL), async () => server.openStream(server.self, PROTOCOL)]) {
          expect(await failureOf(attempt())).to.be.an.instanceOf(DialError).with.property('message').that.matches(/our own|ourselves/)
        }
      })

      it(`knows that another has its key, as where a data directory was copied (${security})`, async () => {
        const privateKey = await generateKeyPair('Ed25519')
        const server = await stage.echo({ security, privateKey })
        const client = await stage.host({ security, privateKey })
        const err = await failureOf(client.identify(server.listenAddrs[0], PROTOCOL))

        expect(err).to.be.an.instanceOf(DialError).with.property('message').that.matches(/our own identity is there: it is this node, or another that has a copy of its key$/)
      })
    })

    it('are ended, and reset when the other side does not end them', async () => {
      const server = await plainEcho()
      const socket = await stage.socket(server)
      socket.resume()
      socket.write(helloOf(id, { network: OTHER }))
      await new Promise(resolve => { socket.once('end', resolve) })
      expect(server.sockets).to.deep.equal({ inbound: 1, outbound: 0, handshakes: 0 })
      stage.clock.advance(LINGER_MS)
      while (server.sockets.inbound > 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
    })

    it('strips what a terminal might take for a command', async () => {
      const addr = parseAddress(await stage.server(socket => {
        socket.write(helloOf(id, { network: '/a\x1b[2J\n', refusal: Refusal.OTHER_NETWORK }))
      }))
      const client = await stage.host({ security: 'plain' })

      expect((await failureOf(client.identify(addr, PROTOCOL))).message).to.include('/a?[2J?,')
    })
  })

  describe('what the listener takes for one', () => {
    const GARBAGE: Array<[title: string, bytes: (server: TcpHost) => Uint8Array]> = [
      // 8,193 as a varint: it has to do without the body
      ['a length of more than 8 KiB', () => Uint8Array.from([0x81, 0x40])],
      ['a length of three bytes', () => Uint8Array.from([0x80, 0x80, 0x01])],
      ['a length of eleven bytes 0x80', () => new Uint8Array(11).fill(0x80)],
      ['an empty one', () => Uint8Array.from([0])],
      ['random bytes', () => Uint8Array.from([5, 0xff, 0xff, 0xff, 0xff, 0xff])],
      ['a request of the web', () => new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n' + 'x'.repeat(200))],
      ['one without a network', () => helloOf(id, { network: '' })],
      ['one without an id', () => helloOf(new Uint8Array(0))],
      ['a network name of 257 bytes', () => helloOf(id, { network: 'x'.repeat(257) })],
      ['an agent of 65 characters', () => helloOf(id, { agent: 'x'.repeat(65) })],
      ['17 addresses', () => helloOf(id, { addrs: Array.from({ length: 17 }, (_, i) => new Uint8Array(addressOf('127.0.0.1', i + 1))) })],
      ['an address of 257 bytes', () => helloOf(id, { addrs: [new Uint8Array(257)] })],
      ['a server without addresses', () => helloOf(id, { mode: Mode.SERVER })]
    ]

    GARBAGE.forEach(([title, bytes]) => {
      it(`resets ${title}, without an answer`, async () => {
        const server = await plainEcho()
        const socket = await stage.socket(server)
        socket.write(bytes(server))

        expect(await firstBytes(socket)).to.equal(undefined)
        expect(await closed(socket)).to.equal(true, 'a reset')
      })
    })

    it('resets an end inside it', async () => {
      const server = await plainEcho()
      const socket = await stage.socket(server)
      socket.end(helloOf(id).subarray(0, 20))

      expect(await firstBytes(socket)).to.equal(undefined)
    })

    it('says nothing before it, and answers one that comes byte by byte', async () => {
      const server = await plainEcho()
      const socket = await stage.socket(server)
      const answer = answerOf(socket)
      for (const byte of helloOf(id)) {
        await new Promise(resolve => { socket.write(Uint8Array.from([byte]), resolve) })
        expect(socket.bytesRead === 0 || byte === helloOf(id).at(-1)).to.equal(true)
      }
      const { network, mode, peer, refusal, observed, addrs } = await answer

      expect({ network, mode, refusal }).to.deep.equal({ network: PROTOCOL, mode: Mode.SERVER, refusal: Refusal.NONE })
      expect(peer).to.equalBytes(server.self.id)
      expect(observed).to.equalBytes(addressOf('127.0.0.1', socket.localPort ?? 0))
      expect(addrs.map(addr => addr.join())).to.deep.equal(server.self.addrs.map(addr => addr.join()))
    })

    SECURITIES.forEach(security => {
      it(`resets one that drips past the deadline (${security})`, async () => {
        const server = await stage.echo({ security })
        const socket = await stage.socket(server)
        // with TLS this is the begin of a record that never ends
        for (const byte of [22, 3, 1, 2, 0, 1].slice(0, security === 'tls' ? 6 : 1)) {
          await new Promise(resolve => { socket.write(Uint8Array.from([byte]), resolve) })
          stage.clock.advance(1_000)
        }
        expect(server.sockets.handshakes).to.equal(1)
        expect(socket.destroyed).to.equal(false)
        stage.clock.advance(HANDSHAKE_TIMEOUT_MS)

        expect(await firstBytes(socket)).to.equal(undefined)
        expect(server.sockets.inbound).to.equal(0)
      })
    })

    it('is not read from a socket that is gone', async () => {
      const inbound = new Promise<Socket>((resolve, reject) => {
        stage.server(resolve).then(address => {
          const [host, port] = address.split(':')
          const socket = connect({ host, port: Number(port) })
          stage.keep(socket)
          socket.write(helloOf(id))
        }, reject)
      })
      const socket = await inbound
      while (socket.readableLength === 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
      socket.destroy()

      expect(await failureOf(readHello(socket))).to.have.property('message', 'the connection was closed')
    })

    it('forgets a socket that goes away without a word', async () => {
      const server = await plainEcho()
      for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.resetAndDestroy(), (socket: Socket) => socket.end()]) {
        const socket = await stage.socket(server)
        socket.resume()
        leave(socket)
        await closed(socket)
      }
      const client = await stage.host({ security: 'plain' })
      await client.identify(server.listenAddrs[0], PROTOCOL)

      expect(server.sockets.handshakes).to.equal(0)
    })
  })

  describe('what the dialler takes for an answer', () => {
    const dialTo = async (reply: (socket: Socket) => void): Promise<Error> => {
      const addr = parseAddress(await stage.server(socket => { socket.once('data', () => { reply(socket) }) }))
      const client = await stage.host({ security: 'plain' })
      return failureOf(client.openStream({ id, addrs: [addr] }, PROTOCOL))
    }

    it('refuses garbage, oversize, an early end and a reset', async () => {
      const replies: Array<(socket: Socket) => void> = [
        socket => { socket.write(Uint8Array.from([3, 1, 2, 3])) },
        socket => { socket.write(frame(new Uint8Array(MAX_HELLO_BYTES + 1))) },
        socket => { socket.end() },
        socket => { socket.end(helloOf(id).subarray(0, 9)) },
        socket => { socket.resetAndDestroy() }
      ]
      for (const reply of replies) {
        expect(await dialTo(reply)).to.be.an.instanceOf(DialError)
      }
    })

    it('refuses an answer in another name, and of another network', async () => {
      const other = id.map((byte, i) => i === 20 ? byte ^ 1 : byte)
      expect(await dialTo(socket => { socket.write(helloOf(other)) })).to.be.an.instanceOf(DialError).with.property('message').that.includes('is there instead')
      expect(await dialTo(socket => { socket.write(helloOf(id, { network: OTHER })) })).to.be.an.instanceOf(UnsupportedProtocolError)
    })

    it('gives up on silence after the dial deadline', async () => {
      let accepted = (): void => {}
      const silent = new Promise<void>(resolve => { accepted = resolve })
      const addr = parseAddress(await stage.server(socket => { socket.once('data', () => { accepted() }) }))
      const client = await stage.host({ security: 'plain' })
      const failure = failureOf(client.openStream({ id, addrs: [addr] }, PROTOCOL))
      await silent
      stage.clock.advance(DIAL_TIMEOUT_MS)

      expect(await failure).to.be.an.instanceOf(DialError).with.property('message').that.includes(`no answer within ${DIAL_TIMEOUT_MS} ms`)
      while (client.sockets.outbound > 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
    })
  })

  describe('who the dialler is', () => {
    it('is told by its id, and where it is by where it was seen first', async () => {
      let remote: PeerInfo | undefined
      const server = await stage.host({ security: 'plain' })
      await server.handle(PROTOCOL, async (stream, peer) => { remote = peer })
      const socket = await stage.socket(server)
      const elsewhere = new Uint8Array(addressOf('192.0.2.9', 4001))
      socket.write(helloOf(id, { mode: Mode.SERVER, addrs: [elsewhere] }))
      await answerOf(socket)

      expect(remote?.id).to.equalBytes(id)
      expect(remote?.addrs.map(addr => addr.join())).to.deep.equal([addressOf('127.0.0.1', 4001).join(), elsewhere.join()])
    })

    it('announces other addresses if told so', async () => {
      const server = await stage.echo({ announce: ['198.51.100.1:4001'] })
      const client = await stage.host()

      expect(server.self.addrs.map(addr => addr.join())).to.deep.equal([addressOf('198.51.100.1', 4001).join()])
      const { addrs } = await client.identify(server.listenAddrs[0], PROTOCOL)
      expect(addrs.map(addr => addr.join())).to.include.members([server.listenAddrs[0].join(), addressOf('198.51.100.1', 4001).join()])
    })
  })
})
