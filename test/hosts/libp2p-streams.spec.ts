import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { MAX_UNREAD_BYTES } from '../../src/hosts/libp2p/limits.ts'
import { StreamAdapter } from '../../src/hosts/libp2p/stream.ts'
import { LimitError, StreamResetError } from '../../src/rpc/errors.ts'
import { PROTOCOL } from '../compliance/network.ts'
import { collect, connect, defer, echo, expectBytes, failureOf, pattern, roundTrip, thenSilence } from '../compliance/streams.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { asTestHost, hostNode, stopNode } from './libp2p-hosts.ts'
import type { HostNode } from './libp2p-hosts.ts'
import type { Libp2pHostOptions } from '../../src/hosts/libp2p/host.ts'
import type { Stream as Libp2pStream } from '@libp2p/interface'

/** What came before the source failed, and with what it failed. */
async function readToFailure (source: AsyncIterable<Uint8ArrayList>): Promise<{ bytes: Uint8Array, failure: unknown }> {
  const list = new Uint8ArrayList()
  try {
    for await (const chunk of source) {
      list.append(chunk)
    }
  } catch (failure) {
    return { bytes: list.subarray(), failure }
  }
  throw new Error('the source ended without a failure')
}

const CHUNK = pattern(65_536)

/** Resolves when `stream` is paused. */
async function paused (stream: Libp2pStream): Promise<void> {
  await new Promise<void>(resolve => {
    stream.addEventListener('message', () => {
      if (stream.readStatus === 'paused') {
        resolve()
      }
    })
  })
}

/** Resolves when `event` has come, or had before. */
async function happened (stream: Libp2pStream, event: 'close' | 'remoteCloseWrite', had: () => boolean): Promise<void> {
  if (!had()) {
    await new Promise<void>(resolve => { stream.addEventListener(event, () => { resolve() }) })
  }
}

function sendAndClose (stream: Libp2pStream): void {
  stream.send(pattern(100))
  stream.close().catch(stream.abort.bind(stream))
}

function sendAndCloseAndReset (stream: Libp2pStream): void {
  stream.send(pattern(100))
  stream.close().then(() => { stream.abort(new Error('that was all')) }, stream.abort.bind(stream))
}

describe('streams of the libp2p host', () => {
  let nodes: HostNode[] = []

  async function node (options?: Libp2pHostOptions): Promise<HostNode> {
    const made = await hostNode(createLibp2pNode, options)
    nodes.push(made)
    return made
  }

  /** A host, and a server of plain libp2p that has `serve` at the other end of each stream. */
  async function hostAgainst (serve: (stream: Libp2pStream) => void): Promise<[client: HostNode, server: HostNode]> {
    const pair: [HostNode, HostNode] = [await node(), await node()]
    await pair[1].handle(PROTOCOL, serve)
    await pair[1].services.host.handle('/echo/1', echo)
    return pair
  }

  /** Round trips beside it, until `client` holds no stream that is open. */
  async function untilOver (client: HostNode): Promise<void> {
    for (let turns = 0; turns < 1000 && client.services.host.openStreams > 0; turns++) {
      const [a, b] = [await node(), await node()]
      await b.services.host.handle(PROTOCOL, echo)
      await roundTrip(asTestHost(a), asTestHost(b))
    }
    expect(client.services.host.openStreams).to.equal(0)
  }

  afterEach(async () => {
    await Promise.all(nodes.map(stopNode))
    nodes = []
  })

  it('does not mind a reset after the end', async () => {
    const [client, server] = await hostAgainst(stream => {
      stream.addEventListener('message', () => { sendAndCloseAndReset(stream) })
    })
    const stream = await connect(asTestHost(client), asTestHost(server))
    const writing = failureOf(stream.sink(thenSilence(pattern(1))))
    await untilOver(client)

    expectBytes(await collect(stream.source), pattern(100))
    expect(await stream.source.next()).to.have.property('done', true)
    expect(await writing).to.be.an.instanceOf(StreamResetError)
  })

  it('reads what came before a reset, then fails', async () => {
    const [client, server] = await hostAgainst(stream => {
      stream.send(pattern(100))
      stream.addEventListener('remoteCloseWrite', () => { stream.abort(new Error('reset rather than closed')) })
    })
    const stream = await connect(asTestHost(client), asTestHost(server))
    await stream.sink([pattern(1)])
    await untilOver(client)

    const { bytes, failure } = await readToFailure(stream.source)
    expectBytes(bytes, pattern(100))
    expect(failure).to.be.an.instanceOf(StreamResetError).with.nested.property('cause.name', 'StreamResetError')
  })

  it('reads what libp2p held back when the reset came', async () => {
    const sent = pattern(4 * MAX_UNREAD_BYTES)
    const [client, server] = await hostAgainst(stream => {
      stream.send(sent)
      stream.addEventListener('remoteCloseWrite', () => { stream.abort(new Error('reset rather than closed')) })
    })
    const stream = await connect(asTestHost(client), asTestHost(server))
    await stream.sink([pattern(1)])
    await untilOver(client)

    const { bytes, failure } = await readToFailure(stream.source)
    expect(bytes.byteLength).to.be.greaterThan(MAX_UNREAD_BYTES)
    expectBytes(bytes, sent.subarray(0, bytes.byteLength))
    expect(failure).to.be.an.instanceOf(StreamResetError)
  })

  it('does not take a lost connection for the end of the data', async () => {
    const [client, server] = await hostAgainst(stream => { stream.send(pattern(100)) })
    const stream = await connect(asTestHost(client), asTestHost(server))
    const { value } = await stream.source.next()
    const reading = failureOf(collect(stream.source))
    const writing = failureOf(stream.sink(thenSilence()))
    server.getConnections(client.peerId).forEach(connection => { connection.abort(new Error('gone')) })

    expect(value.byteLength).to.equal(100)
    expect(await reading).to.be.an.instanceOf(StreamResetError)
    expect(await writing).to.be.an.instanceOf(StreamResetError)
  })

  it('drops what comes when nobody reads any more, what libp2p holds back too', async () => {
    const [client, server] = [await node(), await node()]
    const sent = defer()
    await server.services.host.handle(PROTOCOL, async stream => {
      await stream.source.next()
      sent.resolve(stream.sink(Array.from({ length: 512 }, () => CHUNK)))
    })
    const raw = await client.dialProtocol(server.getMultiaddrs(), PROTOCOL)
    const stream = new StreamAdapter(raw)
    const pausing = paused(raw)
    await stream.sink([pattern(10)])
    await pausing
    await stream.source.return()

    await sent.promise
    expect(await stream.source.next()).to.have.property('done', true)
  })

  it('reads what had come before it was given the stream: then the end', async () => {
    const [client, server] = await hostAgainst(sendAndClose)
    const raw = await client.dialProtocol(server.getMultiaddrs(), PROTOCOL)
    await happened(raw, 'remoteCloseWrite', () => raw.remoteWriteStatus === 'closed')
    expect(raw.readBufferLength).to.equal(100)

    // read before libp2p emits what it holds, as a handler does
    expectBytes(await collect(new StreamAdapter(raw).source), pattern(100))
  })

  it('reads what had come before it was given the stream: then the reset', async () => {
    const [client, server] = await hostAgainst(stream => {
      stream.send(pattern(100))
      stream.abort(new Error('too early'))
    })
    const raw = await client.dialProtocol(server.getMultiaddrs(), PROTOCOL)
    await happened(raw, 'close', () => raw.status !== 'open')
    expect(raw.readBufferLength).to.equal(100)

    const { bytes, failure } = await readToFailure(new StreamAdapter(raw).source)
    expectBytes(bytes, pattern(100))
    expect(failure).to.be.an.instanceOf(StreamResetError)
  })

  it('opens no more than maxOutboundStreams, until one is over', async () => {
    const client = await node({ maxOutboundStreams: 2 })
    const server = await node({ maxInboundStreams: 10 })
    await server.services.host.handle(PROTOCOL, echo)
    const [from, to] = [asTestHost(client), asTestHost(server)]
    const first = await connect(from, to)
    const second = await connect(from, to)

    expect(await failureOf(connect(from, to))).to.be.an.instanceOf(LimitError)
    first.abort(new Error('not needed after all'))
    await roundTrip(from, to)
    const [answer] = await Promise.all([collect(second.source), second.sink([pattern(10)])])
    expectBytes(answer, pattern(10))
  })

  it('serves no more than maxInboundStreams on one connection', async () => {
    const client = await node({ maxOutboundStreams: 10 })
    const server = await node({ maxInboundStreams: 2 })
    let served = 0
    let twoServed = (): void => {}
    const bothServed = new Promise<void>(resolve => { twoServed = resolve })
    await server.services.host.handle(PROTOCOL, async stream => {
      served++
      if (served === 2) {
        twoServed()
      }
      await echo(stream)
    })
    const [from, to] = [asTestHost(client), asTestHost(server)]
    const first = await connect(from, to)
    await connect(from, to)
    await bothServed
    const third = await connect(from, to)

    expect(await failureOf(collect(third.source))).to.be.an.instanceOf(StreamResetError)
    expect(served).to.equal(2)
    const [answer] = await Promise.all([collect(first.source), first.sink([pattern(10)])])
    expectBytes(answer, pattern(10))
    await roundTrip(asTestHost(await node()), to)
  })
})
