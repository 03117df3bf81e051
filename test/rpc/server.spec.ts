import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { sleep } from '../../src/clock/wait.ts'
import { addProvider } from '../../src/rpc/handlers/add-provider.ts'
import { handlePing } from '../../src/rpc/handlers/ping.ts'
import { MAX_BESIDE, MAX_BESIDE_PER_STREAM, MAX_INBOUND_STREAMS, MAX_INBOUND_STREAMS_PER_PEER, SERVER_IDLE_MS } from '../../src/rpc/limits.ts'
import { RpcServer } from '../../src/rpc/server.ts'
import { decodeResponse, encodeRequest, maxRequestFrame } from '../../src/wire/codec.ts'
import { OwnStream } from '../helpers/own-stream.ts'
import { bytes, frame, message, TYPE, utf8, varint } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { Kademlia } from '../../src/dht/kademlia.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Stream } from '../../src/rpc/connection.ts'
import type { Handlers } from '../../src/rpc/handlers/handlers.ts'
import type { RpcServerInit } from '../../src/rpc/server.ts'

const PING = frame(message.type(TYPE.ping))
const FIND_NODE = frame(message.type(TYPE.findNode), message.key(utf8('x')))

describe('rpc server', () => {
  let simulation: Simulation
  let dht: Kademlia
  let client: MemoryHost

  beforeEach(async () => {
    simulation = new Simulation({ seed: 1, latency: 10 })
    dht = (await simulation.node()).dht
    client = simulation.network.createHost({ listen: false })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function open (): Promise<Stream> {
    return simulation.clock.run(client.openStream(dht.self, PROTOCOL))
  }

  /** How the stream ends for whoever reads it to its end. */
  async function ending (stream: Stream): Promise<string> {
    try {
      while ((await stream.source.next()).done !== true) { /* read on */ }
      return 'closed'
    } catch {
      return 'reset'
    }
  }

  /** Send `first`, and then nothing, without ending. */
  function sendAndHang (stream: Stream, first: Uint8Array): void {
    stream.sink((async function * () {
      yield first
      await new Promise(() => {})
    })()).catch(() => {})
  }

  const refuse = (): never => { throw new Error('nobody asks that') }

  /** A server of its own whose answers to FIND_NODE are those of `findNode`; other requests than PING are none of its. */
  function serverOf (findNode: Handlers['find-node'], init: Partial<RpcServerInit> = {}, others: Partial<Handlers> = {}): RpcServer {
    return new RpcServer({
      clock: simulation.clock,
      maxRecordSize: 0,
      handlers: { ping: handlePing, 'find-node': findNode, 'get-value': refuse, 'put-value': refuse, 'get-providers': refuse, 'add-provider': refuse, ...others },
      ...init
    })
  }

  /** A host with such a server. */
  async function serving (findNode: Handlers['find-node'], init: Partial<RpcServerInit> = {}, others: Partial<Handlers> = {}): Promise<MemoryHost> {
    const host = simulation.network.createHost()
    const server = serverOf(findNode, init, others)
    await host.handle(PROTOCOL, async (stream, remote) => server.serve(stream, remote))
    return host
  }

  it('ends when the client ends', async () => {
    const stream = await open()
    const [, end] = await simulation.clock.run(Promise.all([stream.sink([bytes(PING, PING)]), ending(stream)]))
    expect(end).to.equal('closed')
    expect(dht.internals.server.streams).to.equal(0)
  })

  it('answers on a stream whose methods need their object', async () => {
    const host = simulation.network.createHost()
    const server = serverOf(refuse)
    await host.handle(PROTOCOL, async (stream, remote) => server.serve(new OwnStream(stream), remote))
    const stream = await simulation.clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, PING)
    const { value } = await simulation.clock.run(stream.source.next())
    expect(value?.subarray()).to.equalBytes(PING)
  })

  it('answers requests that came together in one piece', async () => {
    const stream = await open()
    sendAndHang(stream, bytes(PING, PING, PING))
    const { value } = await simulation.clock.run(stream.source.next())
    expect(value?.subarray()).to.equalBytes(bytes(PING, PING, PING))
  })

  it('does not hold back an answer for a request behind it that takes its time', async () => {
    const { clock } = simulation
    const host = await serving(async function * () {
      await new Promise<void>(resolve => { clock.schedule(1000, resolve) })
      yield { type: 'find-node', closer: [] }
    })
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(PING, FIND_NODE))
    const begun = clock.now()
    const { value } = await clock.run(stream.source.next())
    expect(value?.subarray()).to.equalBytes(PING)
    expect(clock.now() - begun).to.be.below(1000)
    await clock.advance(1000)
  })

  /** A handler of FIND_NODE whose nth answer takes `ms(n)` milliseconds, and names the peer n; undefined: for ever. */
  function slowly (ms: (n: number) => number | undefined): { readonly findNode: Handlers['find-node'], readonly state: { begun: number } } {
    const state = { begun: 0 }
    return {
      state,
      async * findNode () {
        const n = state.begun++
        const left = ms(n)
        await (left == null ? new Promise(() => {}) : sleep(simulation.clock, left))
        yield { type: 'find-node', closer: [{ id: bytes([0x12, 32], new Uint8Array(32).fill(n)), addrs: [] }] }
      }
    }
  }

  /** Who the answers on `stream` name, until it has given so many, or ends. */
  async function named (stream: Stream, count = Infinity): Promise<number[]> {
    const all: number[] = []
    while (all.length < count) {
      const { done, value } = await stream.source.next().catch(() => ({ done: true, value: undefined }))
      if (done === true || value == null) {
        break
      }
      for (let rest = value.subarray(); rest.byteLength > 0; rest = rest.subarray(1 + rest[0])) {
        all.push(...decodeResponse(rest.subarray(1, 1 + rest[0]), { type: 'find-node', target: utf8('x') }).closer.map(({ id }) => id[2]))
      }
    }
    return all
  }

  it('works side by side on requests that came together, and answers them in order', async () => {
    const { clock } = simulation
    const { findNode } = slowly(n => 1000 - 50 * n)
    const host = await serving(findNode)
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(...new Array<Uint8Array>(10).fill(FIND_NODE)))
    const begun = clock.now()
    expect(await clock.run(named(stream, 10))).to.deep.equal(Array.from({ length: 10 }, (_, n) => n))
    expect(clock.now() - begun).to.be.within(1000, 1100)
  })

  it('works on so many requests of one stream at once, and of all', async () => {
    const { clock } = simulation
    const { findNode, state } = slowly(() => 1000)
    const host = await serving(findNode)
    const open = async (): Promise<Stream> => {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, bytes(...new Array<Uint8Array>(50).fill(FIND_NODE)))
      await clock.advance(50)
      return stream
    }
    const streams = [await open()]
    expect(state.begun).to.equal(1 + MAX_BESIDE_PER_STREAM)
    for (let n = 0; n < 9; n++) {
      streams.push(await open())
    }
    expect(state.begun).to.equal(10 + MAX_BESIDE)
    await clock.advance(20_000)
    expect(state.begun).to.equal(500)
    await clock.run(Promise.all(streams.map(async stream => named(stream, 50))))
  })

  it('begins no more of what came on a stream that is gone, and has room for those of others', async () => {
    const { clock } = simulation
    const { findNode, state } = slowly(() => undefined)
    const host = await serving(findNode)
    for (let n = 1; n <= 10; n++) {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, bytes(...new Array<Uint8Array>(50).fill(FIND_NODE)))
      await clock.advance(50)
      stream.abort(new Error('enough'))
      await clock.advance(50)
      expect(state.begun).to.equal(n * (1 + MAX_BESIDE_PER_STREAM))
    }
    await clock.advance(SERVER_IDLE_MS)
  })

  it('has room for the requests of others when those of a stream that is gone turn out to be none', async () => {
    const { clock } = simulation
    const { findNode, state } = slowly(() => 1000)
    const host = await serving(findNode, {}, { 'add-provider': addProvider(async () => sleep(clock, 10)) })
    const adds = Array.from({ length: MAX_BESIDE_PER_STREAM }, () => frame(encodeRequest({ type: 'add-provider', key: utf8('x'), providers: [client.self] })))
    for (let n = 0; n < 5; n++) {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, bytes(...new Array<Uint8Array>(1 + MAX_BESIDE_PER_STREAM).fill(FIND_NODE), ...adds, frame(message.type(99))))
      await clock.advance(50)
      stream.abort(new Error('enough'))
      await clock.advance(5_000)
    }
    state.begun = 0
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(...new Array<Uint8Array>(50).fill(FIND_NODE)))
    await clock.advance(50)
    expect(state.begun).to.equal(1 + MAX_BESIDE_PER_STREAM)
    stream.abort(new Error('enough'))
    await clock.advance(5_000)
  })

  it('answers what came before a request that is refused, and waits for none behind it', async () => {
    const { clock } = simulation
    let begun = 0
    const host = await serving(async function * () {
      const n = begun++
      await (n === 4 ? new Promise(() => {}) : sleep(clock, n === 0 ? 1000 : 500))
      if (n === 3) {
        throw new Error('refused')
      }
      yield { type: 'find-node', closer: [{ id: bytes([0x12, 32], new Uint8Array(32).fill(n)), addrs: [] }] }
    })
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(...new Array<Uint8Array>(5).fill(FIND_NODE)))
    const at = clock.now()
    expect(await clock.run(named(stream))).to.deep.equal([0, 1, 2])
    expect(clock.now() - at).to.be.within(1000, 1100)
  })

  it('answers what came before a request that is none', async () => {
    const { clock } = simulation
    const { findNode } = slowly(() => 1000)
    const host = await serving(findNode)
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(FIND_NODE, FIND_NODE, frame(message.type(99))))
    expect(await clock.run(named(stream))).to.deep.equal([0, 1])
  })

  async function expectTurns (wait: () => Promise<void> | undefined): Promise<void> {
    const { clock, network } = simulation
    let passed = 0
    let answered = 0
    const turns: number[] = []
    const count = (): void => {
      turns.push(answered)
      if (answered < 100) {
        clock.schedule(0, count)
      }
    }
    // a processor that is busy for 3 ms with each answer
    const busy: Clock = { now: () => clock.now() + passed, schedule: (ms, task) => clock.schedule(ms, task) }
    const host = await serving(request => {
      const answers = [{ type: 'find-node', closer: [] }] as const
      if (answered++ === 0) {
        clock.schedule(0, count)
      }
      passed += 3
      const later = wait()
      return later == null ? answers : (async function * () { await later; yield * answers })()
    }, { clock: busy })
    const asked = Array.from({ length: 2 }, async () => {
      const other = network.createHost({ listen: false })
      const stream = await other.openStream(host.self, PROTOCOL)
      await Promise.all([stream.sink([bytes(...Array.from({ length: 50 }, () => FIND_NODE))]), ending(stream)])
    })
    await clock.run(Promise.all(asked))
    await clock.advance(1)
    expect(answered).to.equal(100)
    const atOnce = turns.map((total, i) => total - (turns[i - 1] ?? 0))
    expect(Math.max(...atOnce)).to.be.within(1, 8)
  }

  it('lets others have a turn while it answers at length', async () => expectTurns(() => undefined))

  it('lets others have a turn while it answers at length what needs waiting', async () => expectTurns(() => Promise.resolve()))

  async function expectNoTurns (wait: () => Promise<void> | undefined): Promise<void> {
    const { clock, network } = simulation
    let passed = 0
    let turns = 0
    const slow: Clock = {
      now: () => clock.now() + passed,
      schedule (ms, task) {
        turns += ms === 0 ? 1 : 0
        return clock.schedule(ms, task)
      }
    }
    const host = await serving(() => {
      const answers = [{ type: 'find-node', closer: [] }] as const
      passed += 1_000
      const later = wait()
      return later == null ? answers : (async function * () { await later; yield * answers })()
    }, { clock: slow })
    const asked = Array.from({ length: 20 }, async () => {
      const stream = await network.createHost({ listen: false }).openStream(host.self, PROTOCOL)
      await Promise.all([stream.sink([FIND_NODE]), ending(stream)])
    })
    await clock.run(Promise.all(asked))
    expect(passed).to.equal(20_000)
    expect(turns).to.equal(0)
  }

  it('keeps nobody in line who has nothing more to be answered, however long that took', async () => expectNoTurns(() => undefined))

  it('keeps nobody in line who has nothing more to be answered, however long that took to wait for', async () => expectNoTurns(() => Promise.resolve()))

  async function expectObserved (findNode: Handlers['find-node']): Promise<void> {
    const { clock } = simulation
    const seen: string[] = []
    const host = await serving(findNode, {
      observer: {
        onRequest (type, { id }) {
          seen.push(`${type} from ${id === client.self.id ? 'the client' : 'another'}`)
          return err => { seen.push(err instanceof Error ? err.message : 'answered') }
        }
      }
    })
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(PING, FIND_NODE, PING))
    expect(await clock.run(ending(stream))).to.equal('reset')
    expect(seen.filter(what => what !== 'ping from the client' && what !== 'answered')).to.deep.equal(['find-node from the client', 'refused'])
    expect(seen.length % 2, 'each is told twice').to.equal(0)
  }

  it('tells its observer of each request, and of what one fails of at once', async () => expectObserved(() => { throw new Error('refused') }))

  it('tells its observer of each request, and of what one fails of later', async () => expectObserved(async function * () {
    yield { type: 'find-node', closer: [] }
    throw new Error('refused')
  }))

  it('resets a stream that is silent for too long between requests, and not before', async () => {
    const stream = await open()
    sendAndHang(stream, PING)
    const ended = ending(stream)
    await simulation.clock.advance(SERVER_IDLE_MS - 1000)
    expect(dht.internals.server.streams).to.equal(1)
    await simulation.clock.advance(2000)
    expect(dht.internals.server.streams).to.equal(0)
    expect(await simulation.clock.run(ended)).to.equal('reset')
  })

  it('answers frames that drip in, if each is whole within ten seconds', async () => {
    const stream = await open()
    const { clock } = simulation
    const sent = stream.sink((async function * () {
      for (const byte of bytes(FIND_NODE, FIND_NODE)) {
        yield Uint8Array.of(byte)
        await sleep(clock, 9_900 / (FIND_NODE.byteLength - 1))
      }
    })())
    const [, end] = await clock.run(Promise.all([sent, ending(stream)]))
    expect(end).to.equal('closed')
  })

  it('reads no request longer than any that is legal, and waits for one no longer than it is told', async () => {
    const { clock } = simulation
    const longest = maxRequestFrame(1000)
    const host = await serving(() => [], { maxRecordSize: 1000, requestMs: 2_000 })
    const [legal, illegal] = await Promise.all([longest, longest + 1].map(async length => {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, varint(length))
      let end = 'open'
      ending(stream).then(what => { end = what }, () => {})
      return () => end
    }))
    await clock.advance(1_900)
    expect([legal(), illegal()]).to.deep.equal(['open', 'reset'])
    await clock.advance(200)
    expect(legal()).to.equal('reset')
  })

  it('resets the longest of many unfinished requests when together they are too long', async () => {
    const { clock } = simulation
    const host = await serving(() => [], { maxRecordSize: 1000, maxUnfinishedBytes: 2000 })
    const unfinished = frame(message.type(TYPE.putValue), utf8('x'.repeat(1000)))
    const ends = await Promise.all([600, 900, 500].map(async length => {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, unfinished.subarray(0, length))
      let end = 'open'
      ending(stream).then(what => { end = what }, () => {})
      return () => end
    }))
    await clock.advance(100)
    expect(ends.map(end => end())).to.deep.equal(['open', 'open', 'open'])
    const another = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(another, unfinished.subarray(0, 10))
    await clock.advance(100)
    expect(ends.map(end => end())).to.deep.equal(['open', 'reset', 'open'])
  })

  it('resets the stream of a client that asks and never reads', async () => {
    const stream = await open()
    // answers far beyond what is buffered on the way
    await simulation.clock.run(dht.put('large', new Uint8Array(1024 * 1024)))
    const get = frame(message.type(TYPE.getValue), message.key(utf8('/kv/large')))
    sendAndHang(stream, bytes(get, get, get))
    await simulation.clock.advance(1000)
    expect(dht.internals.server.streams).to.equal(1)
    await simulation.clock.advance(300_000)
    expect(dht.internals.server.streams).to.equal(0)
  })

  it('resets the stream with the longest answer when those that nobody reads are too long together', async () => {
    const { clock } = simulation
    const handlers: Handlers = {
      ...{ ping: handlePing, 'find-node': refuse, 'put-value': refuse, 'get-providers': refuse, 'add-provider': refuse },
      'get-value': ({ key }) => [{ type: 'get-value', key, record: { key, value: new Uint8Array(100_000 * key.byteLength) }, closer: [] }]
    }
    const host = await serving(refuse, { handlers, maxUntakenBytes: 4_500_000 })
    const ask = async (keyLength: number): Promise<Stream> => {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      sendAndHang(stream, frame(message.type(TYPE.getValue), message.key(utf8('/kv/'.padEnd(keyLength, 'x')))))
      return stream
    }
    const streams = [await ask(10), await ask(20), await ask(10)]
    await clock.advance(100)
    const another = await ask(11)
    await clock.advance(100)
    const answered = await clock.run(Promise.all([...streams, another].map(async ({ source }) => source.next().then(() => true, () => false))))
    expect(answered).to.deep.equal([true, false, true, true])
    await clock.run(streams[0].source.next())
    streams.concat(another).forEach(stream => { stream.abort(new Error('enough')) })
    await clock.advance(100)
  })

  it('resets a stream that its host never gets to end', async () => {
    const { clock } = simulation
    const server = serverOf(refuse)
    let fail = (_: Error): void => {}
    const served = server.serve({
      source: (async function * () { yield new Uint8ArrayList(PING) })(),
      sink: async answers => {
        for await (const answer of answers) {
          expect(answer.subarray()).to.equalBytes(PING)
        }
        await new Promise((resolve, reject) => { fail = reject })
      },
      abort (err) { fail(err) }
    }, client.self).catch((err: Error) => err.name)
    await clock.advance(1000)
    expect(server.streams).to.equal(1)
    await clock.advance(300_000)
    expect(server.streams).to.equal(0)
    expect(await served).to.equal('TimeoutError')
  })

  async function expectHeldBack (wait: () => Promise<void> | undefined): Promise<void> {
    const { clock } = simulation
    const closer = Array.from({ length: 20 }, (_, n) => ({ id: bytes([0x12, 32], new Uint8Array(32).fill(n)), addrs: [new Uint8Array(100)] }))
    let answered = 0
    const host = await serving(() => {
      answered++
      const answers = [{ type: 'find-node', closer }] as const
      const later = wait()
      return later == null ? answers : (async function * () { await later; yield * answers })()
    })
    const stream = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(stream, bytes(...new Array<Uint8Array>(2_000).fill(FIND_NODE)))
    await clock.advance(5_000)
    const most = answered
    expect(most * 20 * 140, 'bytes, of 5.6 MB').to.be.within(32 * 1024, 512 * 1024)
    await clock.run(stream.source.next())
    await clock.advance(5_000)
    expect(answered, 'when some have been read').to.be.greaterThan(most)
    stream.abort(new Error('enough'))
    await clock.advance(100)
  }

  it('answers no more than the peer reads', async () => expectHeldBack(() => undefined))

  it('answers no more than the peer reads of what needs waiting', async () => expectHeldBack(() => Promise.resolve()))

  it('serves so many streams of one peer at once, and resets those beyond, also when some have ended', async () => {
    const streams: Stream[] = []
    for (let i = 0; i < MAX_INBOUND_STREAMS_PER_PEER; i++) {
      const stream = await open()
      sendAndHang(stream, PING)
      streams.push(stream)
    }
    for (const ended of streams.slice(0, 3)) {
      const beyond = await open()
      sendAndHang(beyond, PING)
      expect(await simulation.clock.run(ending(beyond))).to.equal('reset')
      expect(dht.internals.server.streams).to.equal(MAX_INBOUND_STREAMS_PER_PEER)
      ended.abort(new Error('done'))
      await simulation.clock.advance(100)
      sendAndHang(await open(), PING)
      await simulation.clock.advance(100)
      expect(dht.internals.server.streams).to.equal(MAX_INBOUND_STREAMS_PER_PEER)
    }
  })

  it('lets in others when one peer has all the streams there may be, in place of its oldest', async () => {
    const { clock } = simulation
    const host = await serving(() => [], { maxStreams: 4 })
    const other = simulation.network.createHost({ listen: false })
    const openAt = async (from: MemoryHost): Promise<Stream> => {
      const stream = await clock.run(from.openStream(host.self, PROTOCOL))
      sendAndHang(stream, PING)
      return stream
    }
    const streams: Stream[] = []
    for (let i = 0; i < 4; i++) {
      streams.push(await openAt(client))
    }
    const isAnswered = async ({ source }: Stream): Promise<boolean> => clock.run(source.next().then(({ done }) => done !== true, () => false))
    expect(await Promise.all(streams.map(isAnswered))).to.deep.equal([true, true, true, true])

    expect(await isAnswered(await openAt(other))).to.equal(true)
    expect(await clock.run(ending(streams[0]))).to.equal('reset')
    expect(await isAnswered(await openAt(client)), 'whoever has the most').to.equal(false)
    expect(await isAnswered(await openAt(other))).to.equal(true)
    expect(await clock.run(ending(streams[1]))).to.equal('reset')
    expect(await isAnswered(await openAt(other)), 'of two with as many').to.equal(false)
    await clock.run(Promise.all([host.stop(), other.stop()]))
  })

  it('serves so many streams of all peers at once, and resets those beyond', async () => {
    const { clock } = simulation
    const host = await serving(() => [], { maxStreamsPerPeer: Infinity })
    const streams = await clock.run(Promise.all(Array.from({ length: MAX_INBOUND_STREAMS }, async () => client.openStream(host.self, PROTOCOL))))
    streams.forEach(stream => { sendAndHang(stream, PING) })
    expect(await clock.run(Promise.all(streams.map(async ({ source }) => (await source.next()).done)))).to.not.include(true)
    const beyond = await clock.run(client.openStream(host.self, PROTOCOL))
    sendAndHang(beyond, PING)
    const begun = clock.now()
    expect(await clock.run(ending(beyond))).to.equal('reset')
    expect(clock.now() - begun, 'at once').to.be.below(SERVER_IDLE_MS)
    streams[0].abort(new Error('done'))
    await clock.advance(100)
    const again = await clock.run(client.openStream(host.self, PROTOCOL))
    const [, end] = await clock.run(Promise.all([again.sink([PING]), ending(again)]))
    expect(end).to.equal('closed')
  })

  async function expectServed (maxInboundStreams: number): Promise<void> {
    const { dht: other } = await simulation.node({ maxInboundStreams })
    for (let i = 0; i < maxInboundStreams; i++) {
      sendAndHang(await simulation.clock.run(client.openStream(other.self, PROTOCOL)), PING)
    }
    const beyond = await simulation.clock.run(client.openStream(other.self, PROTOCOL))
    sendAndHang(beyond, PING)
    expect(await simulation.clock.run(ending(beyond))).to.equal('reset')
    expect(other.internals.server.streams).to.equal(maxInboundStreams)
  }

  it('serves one stream of a peer after another if it may have one', async () => {
    const { clock } = simulation
    const host = await serving(() => [], { maxStreamsPerPeer: 1 })
    for (let i = 0; i < 3; i++) {
      const stream = await clock.run(client.openStream(host.self, PROTOCOL))
      const [, end] = await clock.run(Promise.all([stream.sink([PING]), ending(stream)]))
      expect(end).to.equal('closed')
    }
  })

  it('serves fewer streams of one peer if told so', async () => expectServed(2))

  it('serves more streams of one peer if told so', async () => expectServed(MAX_INBOUND_STREAMS_PER_PEER + 2))
})
