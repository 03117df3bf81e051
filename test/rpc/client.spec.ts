import { expect } from 'aegir/chai'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { Uint8ArrayList } from 'uint8arraylist'
import { sleep } from '../../src/clock/wait.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { CLIENT_IDLE_MS, CLOSE_LINGER_MS, MAX_CHANNELS, MAX_PENDING, MAX_UNDER_WAY, MAX_UNFINISHED_BYTES, OPEN_TIMEOUT_MS } from '../../src/rpc/limits.ts'
import { maxResponseFrame } from '../../src/wire/codec.ts'
import { cramped } from '../helpers/cramped-host.ts'
import { countListeners } from '../helpers/listeners.ts'
import { opening } from '../helpers/opening-host.ts'
import { OwnStream } from '../helpers/own-stream.ts'
import { bytes, field, frame, message, record, scalar, TYPE, utf8, varint } from '../helpers/protobuf.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { MemoryNetwork } from '../../src/hosts/memory/network.ts'
import type { Stream } from '../../src/rpc/connection.ts'

const PROTOCOL = '/rpc/1.0.0'
const LATENCY = 50
const ROUND_TRIP = 2 * LATENCY
const PING = frame(message.type(TYPE.ping))
const KEY = utf8('/kv/key')

const ADD_PROVIDER = { type: 'add-provider', key: Uint8Array.of(1), providers: [{ id: Uint8Array.of(2), addrs: [] }] } as const

/** How a server of the test treats the frame it was sent, the nth on its stream. */
type Reply = (request: Uint8Array, n: number) => Uint8Array[]

const echo: Reply = request => [request]

/** Answers nothing else. */
const echoPings: Reply = request => request.byteLength < PING.byteLength ? [request] : []

describe('rpc client', () => {
  let clock: VirtualClock
  let network: MemoryNetwork
  let server: MemoryHost
  let client: RpcClient
  let streams: Stream[]

  beforeEach(() => {
    clock = new VirtualClock()
    network = createMemoryNetwork({ clock, seed: 1, latency: LATENCY })
    server = network.createHost()
    client = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    streams = []
  })

  afterEach(async () => {
    await clock.run(client.close())
    await clock.run(network.stop())
    expect(clock.pending, 'timers left').to.equal(0)
  })

  /** Serve, answering each frame with what `reply` gives for it. */
  async function serve (reply: Reply): Promise<void> {
    await server.handle(PROTOCOL, async stream => {
      streams.push(stream)
      let n = 0
      await pipe(
        stream.source,
        chunks => decode(chunks),
        async function * (frames) {
          for await (const request of frames) {
            yield * reply(request.subarray(), n++)
          }
        },
        replies => encode(replies),
        stream.sink
      )
    })
  }

  async function ping (signal?: AbortSignal): Promise<string> {
    return (await client.request(server.self, { type: 'ping' }, { signal })).type
  }

  /** The name of what a request fails with. */
  async function failure (request: Promise<unknown>): Promise<string> {
    return request.then(() => 'answered', (err: Error) => err.name)
  }

  it('sends any number of requests on one stream, without waiting between them', async () => {
    await serve(echo)
    await clock.run(ping())
    const begun = clock.now()
    await clock.run(Promise.all(Array.from({ length: 100 }, async () => ping())))
    expect(clock.now() - begun).to.equal(ROUND_TRIP)
    expect(client.counts).to.deep.equal({ streamsOpened: 1, requestsSent: 101, streamsOpen: 1 })
  })

  it('sends to a stream whose methods need their object', async () => {
    await serve(echo)
    const host = network.createHost()
    const own = new RpcClient({ host: opening(host, async (...args) => new OwnStream(await host.openStream(...args))), protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    expect((await clock.run(own.request(server.self, { type: 'ping' }))).type).to.equal('ping')
    await clock.run(own.close())
  })

  it('sends many at once, and more as answers come', async () => {
    await serve(echo)
    await clock.run(ping())
    const begun = clock.now()
    await clock.run(Promise.all(Array.from({ length: 2 * MAX_UNDER_WAY }, async () => ping())))
    expect(clock.now() - begun).to.equal(2 * ROUND_TRIP)
  })

  it('never sends what was given up while it waited for its turn', async () => {
    let received = 0
    await serve(request => {
      received++
      return [request]
    })
    await clock.run(ping())
    const controller = new AbortController()
    const wanted = Array.from({ length: MAX_UNDER_WAY }, async () => ping())
    const unwanted = Array.from({ length: MAX_UNDER_WAY }, async () => failure(ping(controller.signal)))
    const last = ping()
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(new Set(await Promise.all(unwanted))).to.deep.equal(new Set(['AbortError']))
    const begun = clock.now()
    await clock.run(Promise.all([...wanted, last]))
    expect(clock.now() - begun).to.equal(2 * ROUND_TRIP)
    expect(received).to.equal(1 + MAX_UNDER_WAY + 1)
    expect(client.asked(server.self), 'nothing is under way any more').to.equal(undefined)
  })

  it('lets so many requests wait for one peer, and no more before some are answered', async () => {
    await serve(echo)
    const waiting = Array.from({ length: MAX_PENDING }, async () => ping())
    expect(await failure(ping())).to.equal('LimitError')
    expect(await failure(client.send(server.self, ADD_PROVIDER))).to.equal('LimitError')
    await clock.run(Promise.all(waiting))
    expect(await clock.run(ping())).to.equal('ping')
  })

  it('sends requests of the same turn in one piece', async () => {
    const chunks: number[] = []
    await server.handle(PROTOCOL, async stream => {
      for await (const { byteLength } of stream.source) {
        chunks.push(byteLength)
        await stream.sink(Array.from({ length: byteLength / PING.byteLength }, () => PING))
      }
    })
    await clock.run(Promise.all([ping(), ping(), ping()]))
    expect(chunks).to.deep.equal([3 * PING.byteLength])
  })

  it('matches answers in order', async () => {
    await serve(request => [bytes(request, message.closer(field(1, bytes([0, 36, 8, 1, 18, 32], new Uint8Array(32).fill(request[request.byteLength - 1])))))])
    const answers = await clock.run(Promise.all([5, 6, 7].map(async n => client.request(server.self, { type: 'find-node', target: Uint8Array.of(n) }))))
    expect(answers.map(({ closer }) => closer[0].id[10])).to.deep.equal([5, 6, 7])
  })

  it('sends a request once more, on a fresh stream, when a reused one was dead', async () => {
    await serve(echo)
    await clock.run(ping())
    streams[0].abort(new Error('the server forgot us'))
    expect(await clock.run(ping())).to.equal('ping')
    expect(streams).to.have.lengthOf(2)
  })

  it('sends it once more when the server ended a reused stream in good order', async () => {
    let requests = 0
    await server.handle(PROTOCOL, async stream => {
      streams.push(stream)
      await stream.source.next()
      requests++
      await stream.sink([frame(message.type(TYPE.ping))])
    })
    await clock.run(ping())
    expect(await clock.run(ping())).to.equal('ping')
    expect(requests).to.equal(2)
  })

  it('does not send it again on a stream that never answered', async () => {
    await serve(() => { throw new Error('refused') })
    expect(await clock.run(failure(ping()))).to.equal('StreamResetError')
    expect(streams).to.have.lengthOf(1)
  })

  it('does not send it a third time', async () => {
    await serve((request, n) => {
      if (n > 0 || streams.length > 1) {
        throw new Error('refused')
      }
      return echo(request, n)
    })
    await clock.run(ping())
    expect(await clock.run(failure(ping()))).to.equal('StreamResetError')
    expect(streams).to.have.lengthOf(2)
  })

  it('takes whatever a stream of the host fails of for its reset', async () => {
    const host = cramped(network.createHost(), Infinity)
    const { openStream } = host
    host.openStream = async (...args) => {
      const stream = await openStream(...args)
      const source = (async function * () {
        yield (await stream.source.next()).value
        await stream.source.next()
        throw new Error('the cable is cut')
      })()
      return { source, sink: stream.sink, abort: err => { stream.abort(err) } }
    }
    const under = new RpcClient({ host, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    await serve(echo)
    await clock.run(under.request(server.self, { type: 'ping' }))
    await clock.run(under.request(server.self, { type: 'ping' }))
    expect(under.counts.streamsOpened, 'once more for the second').to.equal(2)
    await clock.run(under.close())
  })

  it('gives a request that died behind another its own stream', async () => {
    await serve((request, n) => {
      if (request.byteLength > 10) {
        throw new Error('refused')
      }
      return echo(request, n)
    })
    const refused = async (): Promise<string> => failure(client.request(server.self, { type: 'find-node', target: utf8('long enough to be refused') }))
    expect(await clock.run(Promise.all([refused(), failure(ping()), failure(ping())]))).to.deep.equal(['StreamResetError', 'answered', 'answered'])
    await clock.run(client.close())
    client = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    expect(await clock.run(Promise.all([failure(ping()), refused(), failure(ping())]))).to.deep.equal(['answered', 'StreamResetError', 'answered'])
  })

  it('blames the right one of two when the reset overtakes the answer to the first', async () => {
    await server.handle(PROTOCOL, async stream => {
      for await (const chunk of stream.source) {
        if (chunk.byteLength > 2 * PING.byteLength) {
          throw new Error('refused')
        }
        await stream.sink([PING])
      }
    })
    const asked = [failure(ping()), failure(client.request(server.self, { type: 'find-node', target: utf8('long enough to be refused') }))]
    expect(await clock.run(Promise.all(asked))).to.deep.equal(['answered', 'StreamResetError'])
  })

  it('dials an unreachable peer once, however many wait for it', async () => {
    const { self } = network.createHost({ listen: false })
    const results = await clock.run(Promise.all(Array.from({ length: 3 }, async () => failure(client.request({ id: self.id, addrs: [Uint8Array.of(1)] }, { type: 'ping' })))))
    expect(results).to.deep.equal(['DialError', 'DialError', 'DialError'])
    expect(client.counts.requestsSent).to.equal(3)
  })

  it('asks a silent peer once more only what waited behind another, and only once', async () => {
    await serve(() => [])
    expect(await clock.run(Promise.all([ping(), ping(), ping()].map(failure)))).to.deep.equal(['TimeoutError', 'TimeoutError', 'LostBehindError'])
    expect(client.counts.requestsSent).to.equal(3 + 2)
  })

  it('finds out which of many a peer refuses, and has the others answered', async () => {
    await serve((request, n) => {
      if (request.byteLength > 10) {
        throw new Error('refused')
      }
      return echo(request, n)
    })
    await clock.run(ping())
    const refused = (): Promise<string> => failure(client.request(server.self, { type: 'find-node', target: utf8('long enough to be refused') }))
    const results = await clock.run(Promise.all(Array.from({ length: 40 }, (_, index) => index % 10 === 5 ? refused() : failure(ping()))))
    expect(results).to.deep.equal(results.map((_, index) => index % 10 === 5 ? 'StreamResetError' : 'answered'))
    expect(streams, 'the first, another for one at a time, and one behind each that was refused').to.have.lengthOf(2 + 4)
    const begun = clock.now()
    expect(await clock.run(Promise.all([ping(), ping()]))).to.deep.equal(['ping', 'ping'])
    expect(clock.now() - begun, 'at once, as before').to.equal(ROUND_TRIP)
  })

  describe('what nobody answers', () => {
    /** Of what was sent by `provide`, by number: how often the server has read it. */
    let read: Map<number, number>

    beforeEach(async () => {
      read = new Map()
      await serve(request => {
        const [number] = request.subarray(-1)
        if (request.byteLength === PING.byteLength - 1) {
          return [request]
        }
        if (number === REFUSED) {
          throw new Error('not this one')
        }
        read.set(number, (read.get(number) ?? 0) + 1)
        return []
      })
    })

    const REFUSED = 99

    async function provide (...numbers: number[]): Promise<void> {
      await Promise.all(numbers.map(async number => client.send(server.self, { type: 'add-provider', key: Uint8Array.of(1), providers: [{ id: Uint8Array.of(number), addrs: [] }] })))
    }

    it('and is lost behind what the peer refuses is sent again, but what it refuses only once', async () => {
      await clock.run(provide(REFUSED, 1, 2, REFUSED, 3))
      await clock.run(sleep(clock, 20 * ROUND_TRIP))
      expect(read).to.deep.equal(new Map([[1, 1], [2, 1], [3, 1]]))
      expect(streams, 'the first, and one for each').to.have.lengthOf(1 + 5)
    })

    it('and is refused fails no request behind it, however often', async () => {
      expect(await clock.run(Promise.all([provide(REFUSED), failure(ping())]).then(([, result]) => result)), 'on a new stream').to.equal('answered')
      const pinging = failure(ping())
      for (let i = 0; i < 100; i++) {
        void provide(REFUSED)
        await clock.advance(LATENCY / 10)
      }
      expect(await clock.run(pinging), 'on one stream after another').to.equal('answered')
    })

    it('is not sent again if an answer to what was sent behind it shows that it was read', async () => {
      await clock.run(Promise.all([provide(1, 2), ping()]))
      await clock.run(provide(3))
      streams[0].abort(new Error('the server is restarted'))
      await clock.run(sleep(clock, 20 * ROUND_TRIP))
      expect(read).to.deep.equal(new Map([[1, 1], [2, 1], [3, 1]]))
      expect(streams, 'the first, and one for the last').to.have.lengthOf(2)
    })

    it('is sent again only until the peer is gone', async () => {
      await clock.run(ping())
      await clock.run(provide(1, 2, 3))
      await clock.run(server.stop())
      await clock.run(sleep(clock, 1000 * ROUND_TRIP))
      expect(client.counts.streamsOpened).to.equal(1)
    })

    it('is not sent again to a peer that does not answer any more', async () => {
      await server.handle(PROTOCOL, async stream => {
        streams.push(stream)
        while ((await stream.source.next()).done !== true) { /* read on */ }
      })
      await clock.run(provide(1))
      expect(await clock.run(failure(ping()))).to.equal('TimeoutError')
      await clock.run(sleep(clock, 100 * ROUND_TRIP))
      expect(streams).to.have.lengthOf(1)
    })

    it('is not sent again once streams are closed', async () => {
      await clock.run(provide(REFUSED, 1, 2))
      await clock.run(client.close())
      await clock.run(sleep(clock, 20 * ROUND_TRIP))
      expect(read).to.deep.equal(new Map())
      expect(streams).to.have.lengthOf(1)
    })

    it('is sent again to its end although all streams are closed meanwhile', async () => {
      const ends: string[] = []
      let opened = 0
      await server.handle(PROTOCOL, async ({ source, sink }) => {
        if (opened++ === 0) {
          await source.next()
          throw new Error('not on this stream')
        }
        ends.push(await failure(sink(source)))
      })
      await clock.run(provide(1))
      await clock.advance(2.2 * ROUND_TRIP)
      expect(opened, 'it is on its way once more').to.equal(2)
      await clock.run(client.close())
      expect(ends).to.deep.equal(['answered'])
    })

    it('is sent again no more when all streams are closed, and holds that up for no peer that is silent', async () => {
      await clock.run(provide(REFUSED, 1, 2))
      await clock.advance(1.2 * ROUND_TRIP)
      network.partition([[server]])
      const begun = clock.now()
      await clock.run(client.close())
      expect(clock.now() - begun).to.equal(0)
      network.heal()
      await clock.advance(20 * ROUND_TRIP)
      expect(read).to.deep.equal(new Map())
    })

    it('is not sent again when its stream is closed as idle', async () => {
      await clock.run(provide(1))
      await clock.run(sleep(clock, 2 * CLIENT_IDLE_MS))
      expect(read).to.deep.equal(new Map([[1, 1]]))
      expect(streams).to.have.lengthOf(1)
    })

    it('is not sent again when its stream is closed as idle, and the server resets it then, as js does', async () => {
      let opened = 0
      await server.handle(PROTOCOL, async ({ source }) => {
        opened++
        while ((await source.next()).done !== true) { /* read on */ }
        throw new Error('that was all')
      })
      await clock.run(provide(1))
      await clock.run(sleep(clock, 2 * CLIENT_IDLE_MS))
      expect(opened).to.equal(1)
    })
  })

  it('says what was not answered', async () => {
    await serve(() => { throw new Error('refused') })
    const err = await clock.run(client.request(server.self, { type: 'ping' }).then(() => undefined, (err: Error) => err))
    expect(err?.message).to.match(/^the peer ended the stream instead of answering ping: it refused that, or went away \(/)
  })

  it('waits as long as answers usually take, and not much longer', async () => {
    let silent = false
    await serve((request, n) => silent ? [] : echo(request, n))
    for (let i = 0; i < 20; i++) {
      await clock.run(ping())
    }
    expect(client.expected(server.self)).to.be.closeTo(ROUND_TRIP, 1)
    silent = true
    const begun = clock.now()
    let late = 0
    const request = client.request(server.self, { type: 'ping' }, { onLate: () => { late ||= clock.now() - begun } })
    expect(await clock.run(failure(request))).to.equal('TimeoutError')
    expect(late).to.be.within(ROUND_TRIP, 1000)
  })

  it('asks once more, on a fresh stream, a peer whose stream had answered and is dead without a word', async () => {
    await serve(echo)
    await clock.run(ping())
    network.partition([[server]])
    const asked = Promise.all([ping(), ping()])
    await clock.advance(1000)
    network.heal() // what has lost something stays silent
    expect(await clock.run(asked)).to.deep.equal(['ping', 'ping'])
    expect(streams).to.have.lengthOf(2)
    server.crash()
    const begun = clock.now()
    expect(await clock.run(failure(ping())), 'and no more than that').to.equal('TimeoutError')
    expect(clock.now() - begun).to.be.closeTo(10_000 + OPEN_TIMEOUT_MS, 1)
  })

  it('sends no put once more that was left unanswered, as rust leaves what it does not keep, but what came behind it', async () => {
    const silent = new Set<number>()
    let puts = 0
    await serve(request => {
      if (request.byteLength >= PING.byteLength) {
        puts++
        silent.add(streams.length)
      }
      return silent.has(streams.length) ? [] : [request]
    })
    await clock.run(ping())
    const put = failure(client.request(server.self, { type: 'put-value', record: { key: KEY, value: utf8('value') } }))
    expect(await clock.run(Promise.all([put, ping(), ping()]))).to.deep.equal(['TimeoutError', 'ping', 'ping'])
    expect(puts).to.equal(1)
    expect(streams).to.have.lengthOf(2)
  })

  it('gives a peer that was never asked the benefit of the doubt', async () => {
    await serve(() => [])
    const begun = clock.now()
    let isLate = false
    const request = client.request(server.self, { type: 'ping' }, { onLate: () => { isLate = true } })
    expect(await clock.run(failure(request))).to.equal('TimeoutError')
    expect(clock.now() - begun).to.be.within(5000, 20_000)
    expect(isLate, 'before that').to.equal(false)
  })

  /** Answer each request by a byte each `ms` milliseconds. */
  async function drip (ms: number, answer: Uint8Array): Promise<void> {
    await server.handle(PROTOCOL, async stream => {
      await stream.sink((async function * () {
        while ((await stream.source.next()).done !== true) {
          for (const byte of answer) {
            await sleep(clock, ms)
            yield Uint8Array.of(byte)
          }
        }
      })())
    })
  }

  /** How long it takes until the peer is late with a ping, and what comes of that. */
  async function lateness (): Promise<{ lates: number[], result: string, ms: number }> {
    const begun = clock.now()
    const lates: number[] = []
    const request = client.request(server.self, { type: 'ping' }, { onLate: () => { lates.push(clock.now() - begun) } })
    const result = await clock.run(failure(request))
    return { lates, result, ms: clock.now() - begun }
  }

  it('finds a peer late whose answer drips in, and takes it if it is whole in time', async () => {
    await drip(1_000, frame(message.type(TYPE.ping), scalar(15, 1))) // five bytes, the first after a second
    const { lates, result, ms } = await lateness()
    expect({ result, lates: lates.length }).to.deep.equal({ result: 'answered', lates: 1 })
    expect(lates[0]).to.be.within(3_000, 3_300)
    expect(ms).to.be.within(5_000, 5_300)
  })

  it('takes an answer that drips in for dead after ten seconds', async () => {
    await drip(1_000, frame(message.type(TYPE.ping), field(15, new Uint8Array(20))))
    const { lates, result, ms } = await lateness()
    expect({ result, lates: lates.length }).to.deep.equal({ result: 'TimeoutError', lates: 1 })
    expect(ms).to.be.within(11_000, 11_300)
    await clock.advance(1_000) // the server's next byte
  })

  it('is not late with the next answer because of the one before, nor with what nobody waits for', async () => {
    let answers = 0
    await server.handle(PROTOCOL, async stream => {
      await stream.sink((async function * () {
        await stream.source.next()
        for (; answers < 2; answers++) {
          await sleep(clock, 3_000)
          yield PING.subarray(0, 1)
          await sleep(clock, 100)
          yield PING.subarray(1)
        }
        await stream.source.next()
      })())
    })
    const lates = await clock.run(Promise.all([lateness(), lateness()]))
    expect(lates.map(({ lates, result }) => ({ lates, result }))).to.deep.equal(new Array(2).fill({ lates: [], result: 'answered' }))
    await clock.advance(CLIENT_IDLE_MS + ROUND_TRIP)
    expect(client.counts.streamsOpen, 'closed as idle').to.equal(0)
  })

  it('resets a stream on which an answer begins that nobody asked for, and does not end', async () => {
    await server.handle(PROTOCOL, async stream => {
      await stream.sink((async function * () {
        await stream.source.next()
        yield PING
        await sleep(clock, ROUND_TRIP)
        yield PING.subarray(0, 1)
        await new Promise(() => {})
      })())
    })
    await clock.run(ping())
    await clock.advance(9_000)
    expect(client.counts.streamsOpen).to.equal(1)
    await clock.advance(2_000)
    expect(client.counts.streamsOpen).to.equal(0)
  })

  it('keeps watch though the host gives chunks without a byte', async () => {
    const host = cramped(network.createHost(), Infinity)
    const { openStream } = host
    host.openStream = async (...args) => {
      const stream = await openStream(...args)
      const source = (async function * () {
        await sleep(clock, ROUND_TRIP)
        yield new Uint8ArrayList()
        yield * stream.source
      })()
      return { source, sink: stream.sink, abort: err => { stream.abort(err) } }
    }
    const under = new RpcClient({ host, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    await serve(() => [])
    expect(await clock.run(failure(under.request(server.self, { type: 'ping' })))).to.equal('TimeoutError')
    await clock.run(under.close())
  })

  it('reads no answer longer than any that is legal', async () => {
    const longest = maxResponseFrame(1000)
    const begun: number[] = []
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      const length = longest + begun.length
      begun.push(length)
      await stream.sink((async function * () {
        yield varint(length)
        await new Promise(() => {})
      })())
    })
    expect(await clock.run(failure(ping())), 'it is waited for').to.equal('TimeoutError')
    expect(await clock.run(failure(ping()))).to.equal('InvalidMessageError')
    expect(begun).to.deep.equal([longest, longest + 1])
  })

  it('fails of a stream that ends inside an answer', async () => {
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      await stream.sink([PING.subarray(0, 2)])
    })
    expect(await clock.run(failure(ping()))).to.equal('ProtocolViolationError')
  })

  it('takes nobody for late whose long answer comes steadily', async () => {
    network = createMemoryNetwork({ clock, seed: 1, latency: LATENCY })
    server = network.createHost()
    client = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 300_000 })
    const answer = frame(message.type(TYPE.getValue), message.key(KEY), message.record(record(KEY, new Uint8Array(200_000))))
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      await stream.sink((async function * () {
        for (let at = 0; at < answer.byteLength; at += 16_384) {
          await sleep(clock, 400)
          yield answer.subarray(at, at + 16_384)
        }
      })())
    })
    let late = 0
    const begun = clock.now()
    const { record: found } = await clock.run(client.request(server.self, { type: 'get-value', key: KEY }, { onLate: () => { late++ } }))
    expect({ late, bytes: found?.value.byteLength }).to.deep.equal({ late: 0, bytes: 200_000 })
    expect(clock.now() - begun).to.be.greaterThan(5_000)
  })

  it('learns nothing of how fast a peer is from answers whose size takes its time', async () => {
    const large = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 100_000 })
    let size = 0
    await server.handle(PROTOCOL, async stream => {
      await stream.sink((async function * () {
        while ((await stream.source.next()).done !== true) {
          const answer = frame(message.type(TYPE.getValue), message.key(KEY), message.record(record(KEY, new Uint8Array(size))))
          yield answer.subarray(0, answer.byteLength / 2)
          await sleep(clock, size === 0 ? 0 : 1_000)
          yield answer.subarray(answer.byteLength / 2)
        }
      })())
    })
    const get = async (): Promise<unknown> => clock.run(large.request(server.self, { type: 'get-value', key: KEY }))
    await get()
    expect(large.expected(server.self)).to.equal(ROUND_TRIP)
    for (const [bytes, expected] of [[40_000, ROUND_TRIP], [30_000, ROUND_TRIP + (ROUND_TRIP / 2 + 2 * ROUND_TRIP) / 8]] as const) {
      size = bytes
      await get()
      expect(Math.round(large.expected(server.self)), `${bytes} bytes`).to.be.within(expected - 1, expected + 100)
    }
    await clock.run(large.close())
  })

  it('gives each peer as long as it took before, however fast others are', async () => {
    const [slow, fast] = [network.createHost(), network.createHost()]
    await fast.handle(PROTOCOL, async stream => { await pipe(stream.source, stream.sink) })
    await slow.handle(PROTOCOL, async stream => {
      await stream.sink((async function * () {
        for await (const chunk of stream.source) {
          await sleep(clock, 1_000)
          yield chunk
        }
      })())
    })
    let lates = 0
    const ask = async (host: MemoryHost): Promise<string> => clock.run(failure(client.request(host.self, { type: 'ping' }, { onLate: () => { lates++ } })))
    for (let i = 0; i < 5; i++) {
      await ask(slow)
    }
    for (let i = 0; i < 50; i++) {
      await ask(fast)
    }
    lates = 0
    expect(await ask(slow)).to.equal('answered')
    expect(lates).to.equal(0)
  })

  it('finds a peer late as soon as others have told how long it takes', async () => {
    const others = Array.from({ length: 8 }, () => network.createHost())
    for (const other of others) {
      await other.handle(PROTOCOL, async stream => { await pipe(stream.source, stream.sink) })
    }
    await serve(() => [])
    const dead = network.createHost()
    dead.crash()
    const begun = clock.now()
    const late: number[] = []
    const silent = [server, dead].map(async ({ self }) => failure(client.request(self, { type: 'ping' }, { onLate: () => { late.push(clock.now() - begun) } })))
    const asked = others.map(async ({ self }) => failure(client.request(self, { type: 'ping' })))
    expect(new Set(await clock.run(Promise.all(asked)))).to.deep.equal(new Set(['answered']))
    await clock.advance(1_000)
    expect(late).to.have.lengthOf(2)
    expect(late.every(ms => ms >= 500)).to.equal(true)
    expect(await clock.run(Promise.all(silent))).to.deep.equal(['TimeoutError', 'TimeoutError'])
  })

  it('gives up in time when the clock is set back', async () => {
    await serve(() => [])
    let setBack = 0
    const stepping = { now: () => clock.now() - setBack, schedule: (ms: number, task: () => void) => clock.schedule(ms, task) }
    const under = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock: stepping, maxRecordSize: 1000 })
    const begun = clock.now()
    const failing = failure(under.request(server.self, { type: 'ping' }))
    await clock.advance(1_000)
    setBack = 3_600_000
    expect(await clock.run(failing)).to.equal('TimeoutError')
    expect(clock.now() - begun).to.be.lessThan(30_000)
    await clock.run(under.close())
  })

  it('gives up opening a stream to a peer that does not answer the dial', async () => {
    server.crash()
    const begun = clock.now()
    expect(await clock.run(failure(ping()))).to.equal('TimeoutError')
    expect(clock.now() - begun).to.be.within(1000, 10_000)
  })

  it('has no longer to open a stream because more is sent meanwhile', async () => {
    server.crash()
    const begun = clock.now()
    const sent = failure(client.send(server.self, ADD_PROVIDER))
    await clock.advance(OPEN_TIMEOUT_MS - 1000)
    const asked = failure(ping())
    expect(await clock.run(Promise.all([sent, asked]))).to.deep.equal(['TimeoutError', 'TimeoutError'])
    expect(clock.now() - begun).to.be.closeTo(OPEN_TIMEOUT_MS, 1)
  })

  it('waits longer for a stream to open where the host says so, though its peer is late by then', async () => {
    await serve(echo)
    const host = network.createHost()
    const slow = opening(host, async (peer, protocol, options) => {
      await sleep(clock, 2 * OPEN_TIMEOUT_MS, options?.signal)
      return host.openStream(peer, protocol, options)
    })
    /** What becomes of a request, and when its peer is late. */
    async function outcome (maxOpenMs?: number): Promise<[string, number]> {
      const patient = new RpcClient({ host: maxOpenMs == null ? slow : { ...slow, maxOpenMs }, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
      const begun = clock.now()
      let late = 0
      const answer = await failure(patient.request(server.self, { type: 'ping' }, { onLate: () => { late = clock.now() - begun } }))
      await patient.close()
      return [answer, late]
    }

    expect(await clock.run(outcome())).to.deep.equal(['TimeoutError', 0])
    expect(await clock.run(outcome(2 * OPEN_TIMEOUT_MS - 1))).to.deep.equal(['TimeoutError', OPEN_TIMEOUT_MS])
    expect(await clock.run(outcome(3 * OPEN_TIMEOUT_MS))).to.deep.equal(['answered', OPEN_TIMEOUT_MS])
  })

  it('closes nobody else\'s stream when it cannot open one', async () => {
    await serve(echo)
    await clock.run(ping())
    expect(await clock.run(failure(client.request(network.createHost().self, { type: 'ping' })))).to.equal('UnsupportedProtocolError')
    expect(client.has(server.self)).to.equal(true)
  })

  describe('a peer that is late', () => {
    /** Milliseconds one way, from now on. */
    let latency: number
    let lates: string[]

    beforeEach(async () => {
      latency = LATENCY
      lates = []
      network = createMemoryNetwork({ clock, seed: 1, latency: () => latency })
      server = network.createHost()
      client = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 1000 })
      await serve(echo)
      for (let i = 0; i < 20; i++) {
        await clock.run(ping())
      }
      latency = 10 * LATENCY
    })

    async function pingOn (name: string, signal?: AbortSignal): Promise<string> {
      return failure(client.request(server.self, { type: 'ping' }, { signal, onLate: err => { lates.push(`${name}: ${err.message}`) } }))
    }

    it('is told of to those who ask for it, and answers all', async () => {
      const begun = clock.now()
      const requests = [failure(ping()), pingOn('a'), failure(ping())]
      await clock.advance(499)
      expect(lates).to.deep.equal([])
      await clock.advance(2)
      expect(lates).to.deep.equal(['a: no answer to ping within 500 ms'])
      expect(await clock.run(Promise.all(requests))).to.deep.equal(['answered', 'answered', 'answered'])
      expect(clock.now() - begun).to.be.closeTo(1000, 1)
      expect(streams, 'on the stream there was').to.have.lengthOf(1)
    })

    it('is known to be late at once', async () => {
      const first = pingOn('first')
      await clock.advance(600)
      const second = pingOn('second')
      expect(lates).to.deep.equal(['first: no answer to ping within 500 ms', 'second: no answer to ping within 600 ms'])
      expect(await clock.run(Promise.all([first, second]))).to.deep.equal(['answered', 'answered'])
      expect(lates).to.have.lengthOf(2)
    })

    it('has longer once it has been late a few times', async () => {
      for (let i = 0; i < 6; i++) {
        await clock.run(pingOn(`${i}`))
      }
      expect(lates.map(late => late[0])).to.deep.equal(['0', '1', '2'])
      expect(await clock.run(failure(ping()))).to.equal('answered')
    })

    it('teaches how long it takes to reach others', async () => {
      const others = Array.from({ length: 6 }, () => network.createHost())
      const late: number[] = []
      for (const [i, other] of others.entries()) {
        await other.handle(PROTOCOL, async stream => { await pipe(stream.source, stream.sink) })
        expect(await clock.run(failure(client.request(other.self, { type: 'ping' }, { onLate: () => { late.push(i) } })))).to.equal('answered')
      }
      expect(late).to.deep.equal([0, 1, 2])
    })

    it('can be given up before that only', async () => {
      const controller = new AbortController()
      const before = pingOn('before', controller.signal)
      controller.abort(new DOMException('enough', 'AbortError'))
      expect(await clock.run(before)).to.equal('AbortError')

      const late = new AbortController()
      const after = pingOn('after', late.signal)
      await clock.advance(600)
      late.abort(new DOMException('enough', 'AbortError'))
      expect(await clock.run(after)).to.equal('answered')
    })

    it('is dead in the end, if it does not answer', async () => {
      server.crash()
      const begun = clock.now()
      expect(await clock.run(pingOn('a'))).to.equal('TimeoutError')
      expect(clock.now() - begun).to.be.closeTo(10_000 + OPEN_TIMEOUT_MS, 1)
      expect(lates[0]).to.equal('a: no answer to ping within 500 ms')
    })

    it('is asked once more on a fresh stream though who asked has given up, since it may have moved', async () => {
      network.partition([[server]])
      const controller = new AbortController()
      const asked = failure(client.request(server.self, { type: 'ping' }, { signal: controller.signal, onLate: () => { controller.abort() } }))
      await clock.advance(1000)
      expect(controller.signal.aborted).to.equal(true)
      network.heal()
      expect(await clock.run(asked)).to.equal('answered')
    })

    it('is sent on, once its stream is open, what nobody answers', async () => {
      await clock.advance(CLIENT_IDLE_MS + ROUND_TRIP)
      const frames: Uint8Array[] = []
      await serve(request => {
        frames.push(request)
        return []
      })
      const begun = clock.now()
      const late: number[] = []
      const onLate = (): void => { late.push(clock.now() - begun) }
      const controller = new AbortController()
      const first = failure(client.send(server.self, ADD_PROVIDER, { signal: controller.signal, onLate }))
      await clock.advance(600)
      expect(late, 'as it would be for a request').to.deep.equal([500])
      controller.abort(new DOMException('enough', 'AbortError'))
      const second = failure(client.send(server.self, ADD_PROVIDER, { onLate }))
      expect(late, 'at once').to.deep.equal([500, 600])
      expect(await clock.run(Promise.all([first, second]))).to.deep.equal(['answered', 'answered'])
      expect(clock.now() - begun).to.equal(1000)
      await clock.advance(1000)
      expect(frames).to.have.lengthOf(2)
    })

    it('is no longer late to take what nobody answers once its stream is open', async () => {
      const asked = pingOn('asked')
      await clock.advance(600)
      let isLate = false
      await clock.run(client.send(server.self, ADD_PROVIDER, { onLate: () => { isLate = true } }))
      expect(isLate).to.equal(false)
      await clock.run(asked)
    })

    it('is not dead while its answer arrives, however late that has begun', async () => {
      await clock.advance(CLIENT_IDLE_MS + ROUND_TRIP)
      await server.handle(PROTOCOL, async stream => {
        await stream.source.next()
        await stream.sink((async function * () {
          await sleep(clock, 7_000)
          for (const byte of PING) {
            await sleep(clock, 2_000)
            yield Uint8Array.of(byte)
          }
        })())
      })
      const begun = clock.now()
      expect(await clock.run(pingOn('a'))).to.equal('answered')
      expect(clock.now() - begun).to.be.within(13_000, 16_000)
      expect(lates).to.have.lengthOf(1)
    })

    it('is dead at once, if nobody wants its answer any more', async () => {
      const controller = new AbortController()
      const unwanted = pingOn('unwanted', controller.signal)
      controller.abort(new DOMException('enough', 'AbortError'))
      expect(await unwanted).to.equal('AbortError')
      await clock.advance(600)
      expect(client.has(server.self)).to.equal(false)
    })

    it('is dead in the end, if its stream does not open', async () => {
      await clock.advance(CLIENT_IDLE_MS + ROUND_TRIP)
      server.crash()
      const begun = clock.now()
      expect(await clock.run(failure(client.send(server.self, ADD_PROVIDER, { onLate: () => { lates.push('late') } })))).to.equal('TimeoutError')
      expect(clock.now() - begun).to.be.closeTo(5000, 1)
      expect(lates).to.deep.equal(['late'])
    })

    it('has a place among the 32 that others have who are not reached, where the host has long for that', async () => {
      const host = network.createHost()
      const patient = new RpcClient({ host: { ...opening(host, async (...args) => host.openStream(...args)), maxOpenMs: 3 * OPEN_TIMEOUT_MS }, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
      const ask = async ({ self }: MemoryHost): Promise<string> => failure(patient.request(self, { type: 'ping' }))
      latency = LATENCY
      expect(await clock.run(ask(server))).to.equal('answered')
      const others = Array.from({ length: 32 }, () => network.createHost())
      others.forEach(other => { other.crash() })
      const silent = others.map(ask)
      await clock.advance(OPEN_TIMEOUT_MS - 2_000)
      latency = 10 * LATENCY
      expect(await clock.run(ask(server)), 'they have the time that all have').to.equal('TimeoutError')
      await clock.advance(2_000)
      latency = LATENCY
      expect(await clock.run(ask(server))).to.equal('answered')
      latency = 10 * LATENCY
      expect(await clock.run(ask(server))).to.equal('answered')
      expect(await clock.run(Promise.all(silent))).to.not.include('answered')
      await clock.run(patient.close())
    })

    it('has all the time that the host has for it as long as others have a place, too', async () => {
      const host = network.createHost()
      const patient = new RpcClient({ host: { ...opening(host, async (...args) => host.openStream(...args)), maxOpenMs: 1.5 * OPEN_TIMEOUT_MS }, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
      const gone = Array.from({ length: 2 }, () => network.createHost())
      gone.forEach(other => { other.crash() })
      const begun = clock.now()
      const [first, second] = gone.map(async ({ self }) => {
        await sleep(clock, self === gone[0].self ? 0 : 1_000)
        return failure(patient.request(self, { type: 'ping' }))
      })
      expect(await clock.run(first)).to.equal('TimeoutError')
      expect(clock.now() - begun).to.be.closeTo(1.5 * OPEN_TIMEOUT_MS, 1)
      expect(await clock.run(second)).to.equal('TimeoutError')
      await clock.run(patient.close())
    })

    it('is one of 32 at the most', async () => {
      const others = Array.from({ length: 40 }, () => network.createHost())
      await clock.run(pingOn('first'))
      lates = []
      const silent = others.map(async ({ self }) => failure(client.request(self, { type: 'ping' }, { onLate: err => { lates.push(err.message) } })))
      others.forEach(host => { host.crash() })
      const begun = clock.now()
      await clock.run(Promise.any(silent))
      expect(lates).to.have.lengthOf(32)
      expect(clock.now() - begun, 'the others are given up at once').to.be.below(1_000)
      expect(new Set(await clock.run(Promise.all(silent)))).to.deep.equal(new Set(['TimeoutError']))
      expect(clock.now() - begun).to.be.closeTo(5000, 1)
      const another = network.createHost()
      another.crash()
      lates = []
      await clock.run(failure(client.request(another.self, { type: 'ping' }, { onLate: err => { lates.push(err.message) } })))
      expect(lates, 'when those are dead').to.have.lengthOf(1)
    })
  })

  it('drops the answer of an aborted request and keeps the stream', async () => {
    await serve(echo)
    await clock.run(ping())
    const controller = new AbortController()
    const aborted = failure(client.request(server.self, { type: 'find-node', target: KEY }, { signal: controller.signal }))
    const other = ping()
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await clock.run(aborted)).to.equal('AbortError')
    expect(await clock.run(other)).to.equal('ping')
    expect(await clock.run(ping())).to.equal('ping')
    expect(streams).to.have.lengthOf(1)
  })

  it('keeps the stream though nobody waits for an answer that is on its way in pieces', async () => {
    await drip(100, frame(message.type(TYPE.ping), scalar(15, 1)))
    const controller = new AbortController()
    const aborted = failure(ping(controller.signal))
    await clock.advance(ROUND_TRIP + LATENCY + 150)
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await aborted).to.equal('AbortError')
    expect(await clock.run(ping())).to.equal('ping')
    expect(client.counts.streamsOpened).to.equal(1)
  })

  it('reads a long answer to its end only while somebody waits for it', async () => {
    const long = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 4 * 1024 * 1024 })
    const pause = async (): Promise<void> => new Promise(resolve => { clock.schedule(10, resolve) })
    let sent = 0
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      await stream.sink((async function * () {
        yield Uint8Array.of(0x80, 0x80, 0x80, 1) // the length of a frame of 2 MiB
        for (; sent < 1024; sent++) {
          yield new Uint8Array(1024)
          await pause()
        }
      })())
    })
    const controller = new AbortController()
    const given = failure(long.request(server.self, { type: 'get-value', key: utf8('x') }, { signal: controller.signal }))
    await clock.advance(6000)
    expect(long.counts.streamsOpen).to.equal(1)
    controller.abort(new DOMException('enough', 'AbortError'))
    await clock.advance(6000)
    expect(await given).to.equal('AbortError')
    expect(long.counts.streamsOpen).to.equal(0)
    expect(sent).to.be.within(500, 700)
  })

  it('resets the longest of many unfinished answers when together they are too long', async () => {
    const large = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: MAX_UNFINISHED_BYTES })
    const part = new Uint8Array(MAX_UNFINISHED_BYTES / 256)
    const asked = [100, 120, 60].map(async parts => {
      const host = network.createHost()
      await host.handle(PROTOCOL, async stream => {
        await stream.source.next()
        await stream.sink((async function * () {
          yield Uint8Array.of(0x80, 0x80, 0x80, 0x64) // the length of a frame of 200 MiB
          for (let i = 0; i < parts; i++) {
            yield part
          }
          await new Promise(() => {})
        })())
      })
      return large.request(host.self, { type: 'get-value', key: utf8('x') }).catch((err: Error) => err.message)
    })
    expect(await clock.run(Promise.race(asked))).to.match(/most of them on this stream/)
    expect(large.counts.streamsOpen).to.equal(2)
    await clock.run(large.close())
  })

  it('leaves nothing on a signal once all is over, however that ended', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    await serve(echoPings)
    await clock.run(client.send(server.self, ADD_PROVIDER, { signal }))
    expect(await clock.run(ping(signal))).to.equal('ping')
    expect(listeners.now).to.equal(0)
    server.crash()
    expect(await clock.run(failure(ping(signal)))).to.equal('TimeoutError')
    expect(listeners).to.deep.equal({ now: 0, most: 1 })
  })

  it('rejects at once when the signal is aborted already', async () => {
    expect(await clock.run(failure(ping(AbortSignal.abort(new DOMException('no', 'AbortError')))))).to.equal('AbortError')
    expect(network.counters.dials).to.equal(0)
  })

  it('stops dialling when nobody waits any more', async () => {
    server.crash()
    const controller = new AbortController()
    const aborted = failure(ping(controller.signal))
    await clock.advance(LATENCY)
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await clock.run(aborted)).to.equal('AbortError')
    await clock.advance(0)
    expect(client.counts.streamsOpen).to.equal(0)
  })

  it('resets a stream that opens when nobody waits for it any more', async () => {
    const ours = network.createHost()
    const deaf = cramped(ours, Infinity)
    const { openStream } = deaf
    let isGivenUp = (): boolean | undefined => undefined
    deaf.openStream = async (peer, protocol, options) => {
      isGivenUp = () => options?.signal?.aborted
      return openStream(peer, protocol)
    }
    const unheard = new RpcClient({ host: deaf, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    let read = 0
    await serve(request => {
      read++
      return [request]
    })
    const controller = new AbortController()
    const aborted = failure(unheard.request(server.self, { type: 'ping' }, { signal: controller.signal }))
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await aborted).to.equal('AbortError')
    expect(isGivenUp(), 'the host was told').to.equal(true)
    await clock.advance(2 * ROUND_TRIP)
    expect(ours.openStreams).to.equal(0)
    expect(read, 'requests that nobody waits for').to.equal(0)
  })

  it('goes on dialling for what nobody answers when no request waits any more', async () => {
    await serve(() => [])
    const controller = new AbortController()
    const aborted = failure(ping(controller.signal))
    const sent = failure(client.send(server.self, ADD_PROVIDER))
    await clock.advance(LATENCY)
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await clock.run(Promise.all([aborted, sent]))).to.deep.equal(['AbortError', 'answered'])
  })

  it('stops dialling when that is not wanted any more either', async () => {
    server.crash()
    const controller = new AbortController()
    const aborted = failure(client.send(server.self, ADD_PROVIDER, { signal: controller.signal }))
    await clock.advance(LATENCY)
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await clock.run(aborted)).to.equal('AbortError')
    await clock.advance(0)
    expect(client.counts.streamsOpen).to.equal(0)
  })

  it('counts what nobody answers as use of a stream', async () => {
    await serve(echoPings)
    await clock.run(ping())
    await clock.advance(CLIENT_IDLE_MS - 1000)
    await clock.run(client.send(server.self, ADD_PROVIDER))
    await clock.advance(CLIENT_IDLE_MS - 1000)
    expect(client.has(server.self)).to.equal(true)
  })

  it('fails at once what still waits for an answer when it is closed', async () => {
    await serve(() => [])
    const pinging = failure(ping())
    await clock.advance(ROUND_TRIP)
    const begun = clock.now()
    await clock.run(client.close())
    expect(await pinging).to.equal('StreamResetError')
    expect(clock.now() - begun).to.be.at.most(ROUND_TRIP)
  })

  it('closes a stream that was idle, and gives a peer up, after as long as it is told', async () => {
    const ours = network.createHost()
    const impatient = new RpcClient({ host: ours, protocol: PROTOCOL, clock, maxRecordSize: 1000, idleMs: 2_000, maxTimeout: 1_000 })
    await serve((request, n) => n === 0 ? [request] : [])
    await clock.run(impatient.request(server.self, { type: 'ping' }))
    await clock.advance(1_999)
    expect(impatient.has(server.self)).to.equal(true)
    await clock.advance(1 + ROUND_TRIP)
    expect(ours.openStreams).to.equal(0)
    const begun = clock.now()
    const results = Promise.all(['ping', 'ping'].map(async () => failure(impatient.request(server.self, { type: 'ping' }))))
    expect(await clock.run(results)).to.deep.equal(['answered', 'TimeoutError'])
    expect(clock.now() - begun).to.be.below(2_000)
    await clock.run(impatient.close())
  })

  it('has no stream left when it is closed', async () => {
    const ours = network.createHost()
    const closing = new RpcClient({ host: ours, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    await serve(echo)
    await clock.run(closing.request(server.self, { type: 'ping' }))
    expect(ours.openStreams).to.equal(1)
    await clock.run(closing.close())
    expect(ours.openStreams).to.equal(0)
  })

  it('has none left either that was ending already when it is closed', async () => {
    const ours = network.createHost()
    const closing = new RpcClient({ host: ours, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      await failure(stream.sink((async function * () {
        yield PING
        await new Promise(() => {})
      })()))
    })
    await clock.run(closing.request(server.self, { type: 'ping' }))
    await clock.advance(CLIENT_IDLE_MS + 1)
    expect(ours.openStreams, 'it lingers').to.equal(1)
    await clock.run(closing.close())
    expect(ours.openStreams).to.equal(0)
  })

  it('asks nobody again, and nobody else, once it is closed', async () => {
    await serve((request, n) => n === 0 ? [request] : [])
    await clock.run(ping())
    const results = Promise.all(['head', 'behind'].map(async () => failure(ping())))
    await clock.advance(1)
    await clock.run(client.close())
    expect(await clock.run(results)).to.deep.equal(['StreamResetError', 'StreamResetError'])
    expect(await failure(ping())).to.equal('StreamResetError')
    expect(network.counters.dials).to.equal(1)
  })

  it('closes a stream that was idle for long, and opens another when need be', async () => {
    await serve(echo)
    await clock.run(ping())
    await clock.advance(CLIENT_IDLE_MS + ROUND_TRIP + 1)
    expect(client.counts.streamsOpen).to.equal(0)
    expect(await clock.run(ping())).to.equal('ping')
    expect(client.counts.streamsOpened).to.equal(2)
  })

  it('resets a stream that was idle for long if the server does not end it either', async () => {
    const ends: string[] = []
    await server.handle(PROTOCOL, async stream => {
      await stream.source.next()
      await failure(stream.sink((async function * () {
        yield PING
        await new Promise(() => {})
      })())).then(end => { ends.push(end) })
    })
    await clock.run(ping())
    await clock.advance(CLIENT_IDLE_MS + CLOSE_LINGER_MS - 1)
    expect(ends).to.deep.equal([])
    await clock.advance(1 + LATENCY)
    expect(ends).to.deep.equal(['StreamResetError'])
  })

  it('closes those that were not used for the longest when there are too many', async () => {
    await serve(echo)
    const others = Array.from({ length: MAX_CHANNELS }, () => network.createHost())
    await Promise.all(others.map(async host => host.handle(PROTOCOL, async stream => stream.sink(stream.source))))
    await clock.run(ping())
    await clock.run(Promise.all(others.slice(1).map(async ({ self }) => client.request(self, { type: 'ping' }))))
    expect(client.counts.streamsOpen).to.equal(MAX_CHANNELS)
    await clock.run(ping())
    await clock.run(client.request(others[0].self, { type: 'ping' }))
    expect(client.counts.streamsOpen).to.equal(MAX_CHANNELS)
    expect([server, ...others.slice(0, 3)].map(({ self }) => client.has(self))).to.deep.equal([true, true, false, true])
  })

  it('never closes the stream that it is to use, however many others are used', async () => {
    let answer = (): void => {}
    await server.handle(PROTOCOL, async stream => {
      await new Promise<void>(resolve => { answer = resolve })
      await stream.sink(stream.source)
    })
    const first = ping()
    const silent = Array.from({ length: MAX_CHANNELS }, async () => {
      const host = network.createHost()
      host.crash()
      return failure(client.request(host.self, { type: 'ping' }))
    })
    await clock.advance(ROUND_TRIP)
    answer()
    await clock.run(first)
    expect(await clock.run(ping())).to.equal('ping')
    expect(client.counts.streamsOpened).to.equal(1)
    expect(new Set(await clock.run(Promise.all(silent)))).to.deep.equal(new Set(['TimeoutError']))
  })

  it('resets the stream of a peer that answers more than it is asked', async () => {
    await serve(request => [request, request])
    await clock.run(ping())
    await clock.advance(ROUND_TRIP)
    expect(client.counts.streamsOpen).to.equal(0)
  })

  it('names the request that waits, for dumps', async () => {
    await serve(echo)
    const pinging = ping()
    expect([...client.pending()].map(({ request, peer }) => ({ request: request.type, peer: peer.id })))
      .to.deep.equal([{ request: 'ping', peer: server.self.id }])
    await clock.run(pinging)
    expect([...client.pending()]).to.deep.equal([])
    const controller = new AbortController()
    const aborted = failure(ping(controller.signal))
    controller.abort(new DOMException('enough', 'AbortError'))
    expect([...client.pending()], 'though its answer may come').to.deep.equal([])
    await aborted
  })

  it('says where a peer is that it asks, and whether it reaches it', async () => {
    await serve(echoPings)
    const elsewhere = { id: server.self.id, addrs: [] }
    expect([client.asked(elsewhere), client.opened(elsewhere), client.reaches(elsewhere)]).to.deep.equal([undefined, undefined, false])
    const pinging = ping()
    expect([client.asked(elsewhere), client.opened(elsewhere), client.reaches(elsewhere)]).to.deep.equal([server.self, server.self, false])
    await clock.advance(ROUND_TRIP)
    expect([client.asked(elsewhere), client.reaches(elsewhere)]).to.deep.equal([server.self, true])
    await clock.run(pinging)
    expect([client.asked(elsewhere), client.opened(elsewhere), client.reaches(elsewhere)]).to.deep.equal([undefined, server.self, true])
  })

  it('asks over a stream that opens late after all, rather than over one that is being opened elsewhere', async () => {
    await serve(echoPings)
    const host = network.createHost()
    const slow = opening(host, async (peer, protocol, options) => {
      await sleep(clock, peer === server.self ? OPEN_TIMEOUT_MS / 2 : 0)
      return host.openStream(peer, protocol, options)
    })
    const patient = new RpcClient({ host: slow, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    const quick = network.createHost()
    await quick.handle(PROTOCOL, async stream => stream.sink(stream.source))
    await clock.run(patient.request(quick.self, { type: 'ping' }))
    const late = patient.request(server.self, { type: 'ping' })
    await clock.advance(OPEN_TIMEOUT_MS / 4)
    quick.crash()
    const elsewhere = { id: server.self.id, addrs: quick.self.addrs }
    const vain = failure(patient.request(elsewhere, { type: 'ping' }))
    await clock.run(late)
    expect(patient.opened(elsewhere)).to.equal(server.self)
    const begun = clock.now()
    await clock.run(patient.request(elsewhere, { type: 'ping' }))
    expect(clock.now() - begun).to.equal(ROUND_TRIP)
    expect(await clock.run(vain)).to.equal('TimeoutError')
    await clock.run(patient.close())
  })

  it('tells its observer what becomes of each request, and of a peer that is asked once more nothing twice', async () => {
    const seen: string[] = []
    const observed = new RpcClient({
      host: network.createHost(),
      protocol: PROTOCOL,
      clock,
      maxRecordSize: 1000,
      observer: {
        onRequest (type, { id }) {
          seen.push(`${type} to ${id === server.self.id ? 'the server' : 'another'}`)
          return err => { seen.push(err instanceof Error ? err.name : 'settled') }
        }
      }
    })
    await serve((request, n) => {
      if (request.byteLength > 20) {
        throw new Error('refused')
      }
      return echoPings(request, n)
    })
    await clock.run(observed.request(server.self, { type: 'ping' }))
    await clock.run(observed.send(server.self, ADD_PROVIDER))
    await clock.run(failure(observed.request(server.self, { type: 'find-node', target: utf8('long enough to be refused') })))
    const controller = new AbortController()
    const given = failure(observed.request(server.self, { type: 'ping' }, { signal: controller.signal }))
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(await given).to.equal('AbortError')
    expect(seen).to.deep.equal([
      'ping to the server', 'settled', 'add-provider to the server', 'settled', 'find-node to the server', 'StreamResetError', 'ping to the server', 'settled'
    ])
    await clock.run(observed.close())
  })
})
