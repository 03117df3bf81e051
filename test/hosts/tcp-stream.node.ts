import { connect } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { decode, encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { parseAddress } from '../../src/hosts/tcp/address.ts'
import { LINGER_MS, MAX_WRITE_BYTES } from '../../src/hosts/tcp/limits.ts'
import { SocketStream } from '../../src/hosts/tcp/socket-stream.ts'
import { TcpConnection } from '../../src/hosts/tcp/tcp-connection.ts'
import { LibP2PTls } from '../../src/hosts/tcp/tls.ts'
import { StreamResetError } from '../../src/rpc/errors.ts'
import { closed, collect, failureOf, helloOf, portOf, PROTOCOL, SECURITIES, Stage } from './tcp-hosts.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'
import type { Stream } from '../../src/rpc/connection.ts'
import type { Socket } from 'node:net'

/** Forwards between a dialler and a host, and keeps what the dialler sent. */
class Relay {
  readonly chunks: Uint8Array[] = []
  readonly #stage: Stage

  constructor (stage: Stage) {
    this.#stage = stage
  }

  async to (host: TcpHost, forward: (from: Socket, to: Socket) => Promise<void>): Promise<string> {
    return this.#stage.server(inbound => {
      const outbound = connect({ port: portOf(host), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      this.#stage.keep(outbound)
      inbound.setNoDelay(true)
      inbound.on('data', chunk => { this.chunks.push(chunk as Uint8Array) })
      for (const promise of [forward(inbound, outbound), forward(outbound, inbound)]) {
        promise.catch(() => { inbound.destroy() })
      }
    })
  }
}

async function byteByByte (from: Socket, to: Socket): Promise<void> {
  for await (const chunk of from) {
    for (const byte of chunk as Uint8Array) {
      await new Promise(resolve => { to.write(Uint8Array.from([byte]), resolve) })
    }
  }
  to.end()
}

async function asItComes (from: Socket, to: Socket): Promise<void> {
  for await (const chunk of from) {
    to.write(chunk as Uint8Array)
  }
  to.end()
}

describe('streams over TCP', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  afterEach(async () => { await stage.stop() })

  const dialThrough = async (server: TcpHost, address: string, client: TcpHost): Promise<Stream> =>
    client.openStream({ id: server.self.id, addrs: [parseAddress(address)] }, PROTOCOL)

  SECURITIES.forEach(security => {
    it(`deliver what comes byte by byte, handshake and hello included (${security})`, async () => {
      const server = await stage.echo({ security })
      const client = await stage.host({ security, listen: [] })
      const stream = await dialThrough(server, await new Relay(stage).to(server, byteByByte), client)
      const messages = [Uint8Array.from([1]), new Uint8Array(300).fill(2), Uint8Array.from([3])]
      const [answers] = await Promise.all([readAll(stream), stream.sink(encode(messages))])

      expect(answers.map(answer => answer.join())).to.deep.equal(messages.map(message => message.join()))
    })

    it(`keep what arrived together with the end when our half ends in between (${security})`, async () => {
      const server = await stage.host({ security })
      await server.handle(PROTOCOL, async stream => { await stream.sink([new Uint8Array(1), new Uint8Array(2)]) })
      const client = await stage.host({ security, listen: [] })
      for (let i = 0; i < 20; i++) {
        const stream = await client.openStream(server.self, PROTOCOL)
        await stream.sink([])
        expect(await collect(stream)).to.have.lengthOf(3)
      }
    })

    it(`survive a reset at any moment around their end (${security})`, async () => {
      const server = await stage.echo({ security })
      const client = await stage.host({ security, listen: [] })
      for (let turns = 0; turns < 12; turns++) {
        const stream = await client.openStream(server.self, PROTOCOL)
        const settled = Promise.allSettled([collect(stream), stream.sink([new Uint8Array(10)])])
        for (let turn = 0; turn < turns; turn++) {
          await new Promise(resolve => { setImmediate(resolve) })
        }
        stream.abort(new Error('no more'))
        await settled
      }
      while (server.sockets.inbound + client.sockets.outbound > 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
    })

    it(`survive an abort when all is received and nothing read (${security})`, async () => {
      const server = await stage.host({ security })
      await server.handle(PROTOCOL, async stream => { await Promise.all([collect(stream), stream.sink([new Uint8Array(3)])]) })
      const client = await stage.host({ security, listen: [] })
      const stream = await client.openStream(server.self, PROTOCOL)
      await stream.sink([])
      while (server.sockets.inbound > 0) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
      const reason = new Error('never mind')
      stream.abort(reason)

      expect(await failureOf(stream.source.next())).to.equal(reason)
    })

    it(`show the other side a reset, not an end, when aborted (${security})`, async () => {
      let failure: Promise<Error> | undefined
      const server = await stage.host({ security })
      const reading = new Promise<void>(resolve => {
        server.handle(PROTOCOL, async stream => {
          failure = failureOf(collect(stream))
          resolve()
        }).catch(() => {})
      })
      const client = await stage.host({ security, listen: [] })
      const stream = await client.openStream(server.self, PROTOCOL)
      await reading
      stream.abort(new Error('no more'))
      const err = await failure

      expect(err).to.be.an.instanceOf(StreamResetError)
      expect(err?.cause).to.have.property('code', 'ECONNRESET')
    })

    it(`give memory back that is needed no more, but none that others use (${security})`, async () => {
      const server = await stage.host({ security })
      await server.handle(PROTOCOL, async stream => { await stream.sink([new Uint8Array(300_000).fill(7)]) })
      const client = await stage.host({ security, listen: [] })
      const stream = await client.openStream(server.self, PROTOCOL)
      let received = 0
      let kept = 0
      for await (const chunk of stream.source) {
        for (const piece of chunk) {
          received += piece.byteLength
          const [first, rest] = [piece.subarray(0, 1), piece.subarray(1)]
          stream.release?.(first)
          expect(rest.every(byte => byte === 7)).to.equal(true)
          stream.release?.(piece)
          kept += piece.byteLength
        }
      }
      await stream.sink([])

      expect(received).to.equal(300_000)
      expect(kept).to.be.below(65_536, 'bytes that are still there: what came together with the hello')
    })

    it(`are reset when many bytes wait to be written (${security})`, async () => {
      let failure: Promise<Error> | undefined
      const server = await stage.host({ security })
      const handled = new Promise<void>(resolve => {
        server.handle(PROTOCOL, async stream => {
          await stream.source.next()
          failure = failureOf(collect(stream))
          resolve()
        }).catch(() => {})
      })
      const client = await stage.host({ security, listen: [] })
      const stream = await client.openStream(server.self, PROTOCOL)
      const reason = new Error('no more')
      const sent = failureOf(stream.sink([new Uint8Array(1), new Uint8Array(16 << 20)]))
      await handled
      stream.abort(reason)

      expect(await sent).to.equal(reason)
      expect(await failure).to.be.an.instanceOf(StreamResetError)
    })
  })

  it('send prefix, body and pipelined frames in one TLS record', async () => {
    const server = await stage.echo()
    const client = await stage.host({ listen: [] })
    const relay = new Relay(stage)
    const stream = await dialThrough(server, await relay.to(server, asItComes), client)
    const before = relay.chunks.length
    let end = (): void => {}
    const ended = new Promise<void>(resolve => { end = resolve })
    const sent = stream.sink((async function * () {
      yield * encode([new Uint8Array(100), new Uint8Array(200), new Uint8Array(300)])
      await ended
    })())
    const frames = decode(stream.source)
    for (const size of [100, 200, 300]) {
      expect((await frames.next()).value?.byteLength).to.equal(size)
    }

    expect(countRecords(Buffer.concat(relay.chunks.slice(before)))).to.equal(1)
    end()
    await sent
    await frames.return(undefined)
  })

  it('have Node.js encrypt what is long in pieces, no more than the kernel takes', async () => {
    const tls = await LibP2PTls.create(await generateKeyPair('Ed25519'), stage.clock)
    let inbound: TcpConnection | undefined
    let accepted: Promise<unknown> = Promise.resolve()
    const [host, port] = (await stage.server(socket => {
      inbound = new TcpConnection(socket)
      accepted = tls.accept(inbound)
    })).split(':')
    const raw = connect({ host, port: Number(port), allowHalfOpen: true })
    stage.keep(raw)
    const outbound = new TcpConnection(raw)
    await tls.dial(outbound)
    await accepted
    const message = Uint8Array.from({ length: (4 << 20) + 1 }, (_, i) => i % 251)
    const written = { most: 0, isOver: false }
    new SocketStream(outbound).sink([new Uint8ArrayList(Uint8Array.of(7), message)]).finally(() => { written.isOver = true }).catch(() => {})
    const received = inbound == null ? undefined : collect(new SocketStream(inbound))
    while (!written.isOver) {
      written.most = Math.max(written.most, outbound.socket.writableLength)
      await new Promise(resolve => { setImmediate(resolve) })
    }
    expect(written.most).to.be.within(1, 2 * MAX_WRITE_BYTES)
    expect(await received).to.equalBytes(new Uint8ArrayList(Uint8Array.of(7), message).subarray())
    inbound?.end()
    await closed(raw)
  })

  it('take down TLS before the socket beneath, so that Node.js may destroy either again in the same turn', async () => {
    const server = await stage.echo()
    const connection = new TcpConnection(await stage.socket(server))
    const tls = await LibP2PTls.create(await generateKeyPair('Ed25519'), stage.clock)
    expect(await tls.dial(connection)).to.equalBytes(server.self.id)
    connection.socket.write('a write that is under way')
    connection.reset()
    connection.socket.destroy()
    await closed(connection.raw)
  })

  it('are reset by an abort between the last write and the end', async () => {
    let remote: Socket | undefined
    const [host, port] = (await stage.server(socket => { remote = socket })).split(':')
    const socket = connect({ host, port: Number(port), allowHalfOpen: true })
    stage.keep(socket)
    await new Promise(resolve => { socket.once('connect', resolve) })
    const stream = new SocketStream(new TcpConnection(socket))
    const reason = new Error('no more')
    const sent = failureOf(stream.sink((async function * () {
      // until neither the reader, who does not read, nor the kernel takes more
      while (socket.writableLength === 0) {
        yield new Uint8Array(32_768)
        await new Promise(resolve => { setImmediate(resolve) })
      }
    })()))
    while (socket.writableLength === 0) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    stream.abort(reason)
    remote?.resume()

    expect(await sent).to.equal(reason)
    expect(remote == null ? undefined : await closed(remote)).to.equal(true, 'a reset')
  })

  it('fail when the remote resets after its hello', async () => {
    const server = await stage.host({ security: 'plain' })
    let failure: Promise<Error[]> | undefined
    const handled = new Promise<void>(resolve => {
      server.handle(PROTOCOL, async stream => {
        failure = Promise.all([failureOf(collect(stream)), failureOf(stream.sink((async function * () { await new Promise(() => {}); yield new Uint8Array(1) })()))])
        resolve()
      }).catch(() => {})
    })
    const socket = await stage.socket(server)
    socket.write(helloOf(server.self.id.map((byte, i) => i === 20 ? byte ^ 1 : byte)))
    await handled
    socket.resetAndDestroy()

    for (const err of await failure ?? []) {
      expect(err).to.be.an.instanceOf(StreamResetError)
    }
  })

  it('are given up when the other side never ends them after we did', async () => {
    const server = await stage.host({ security: 'plain' })
    await server.handle(PROTOCOL, async stream => { await stream.sink([new Uint8Array(1)]) })
    const socket = await stage.socket(server)
    const id = server.self.id.map((byte, i) => i === 20 ? byte ^ 1 : byte)
    socket.write(helloOf(id))
    await new Promise(resolve => {
      socket.once('end', resolve)
      socket.resume()
    })
    while (stage.clock.pending === 0) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    expect(server.sockets.inbound).to.equal(1)
    stage.clock.advance(LINGER_MS)
    while (server.sockets.inbound > 0) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
  })
})

/** How many records there are in the bytes of one direction (RFC 8446 §5.1): a type, a version, a length of two bytes. */
function countRecords (bytes: Uint8Array): number {
  let records = 0
  for (let at = 0; at < bytes.byteLength; at += 5 + bytes[at + 3] * 256 + bytes[at + 4]) {
    records++
  }
  return records
}

async function readAll (stream: Stream): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  for await (const message of decode(stream.source)) {
    messages.push(message.subarray())
  }
  return messages
}
