import { expect } from 'aegir/chai'
import { DIAL_TIMEOUT_MS } from '../../src/hosts/memory/dial.ts'
import { createMemoryNetwork, Random, VirtualClock } from '../../src/memory.ts'
import { DialError, StreamResetError } from '../../src/rpc/errors.ts'
import { collect, echo, failureOf, pattern, thenSilence } from '../compliance/streams.ts'
import fc from '../helpers/fast-check.ts'
import type { Cancel } from '../../src/clock/clock.ts'
import type { MemoryHost, MemoryNetwork, MemoryNetworkInit, NetworkEvent } from '../../src/memory.ts'
import type { Stream } from '../../src/rpc/connection.ts'

const PROTOCOL = '/echo/1.0.0'
const LATENCY = 50

interface Scene {
  clock: VirtualClock
  network: MemoryNetwork
  log: NetworkEvent[]
  /** A host that echoes. */
  server (): Promise<MemoryHost>
}

function scene (init: Partial<MemoryNetworkInit> = {}): Scene {
  const clock = new VirtualClock({ start: 0 })
  const log: NetworkEvent[] = []
  const network = createMemoryNetwork({ clock, latency: LATENCY, log: event => { log.push(event) }, ...init })
  return {
    clock,
    network,
    log,
    async server () {
      const host = network.createHost()
      await host.handle(PROTOCOL, echo)
      return host
    }
  }
}

async function ask (from: MemoryHost, to: MemoryHost, bytes: Uint8Array = pattern(10)): Promise<Uint8Array> {
  const stream = await from.openStream(to.self, PROTOCOL)
  const [answer] = await Promise.all([collect(stream.source), stream.sink([bytes])])
  return answer
}

/** A stream on which a byte went there and back, and whose dialler may say more. */
async function talk (from: MemoryHost, to: MemoryHost): Promise<Stream> {
  const stream = await from.openStream(to.self, PROTOCOL)
  stream.sink(thenSilence(pattern(1))).catch((err: unknown) => { expect(err).to.be.an.instanceOf(Error) })
  await stream.source.next()
  return stream
}

/** Send the bytes 0, 1, 2 … one millisecond apart. */
async function sendOneByOne (stream: Stream, count: number, clock: VirtualClock): Promise<void> {
  await stream.sink((async function * () {
    for (let i = 0; i < count; i++) {
      yield Uint8Array.of(i)
      await new Promise<void>(resolve => { clock.schedule(1, resolve) })
    }
  })())
}

function typesOf (log: NetworkEvent[]): string[] {
  return log.map(({ type, time, from, to, bytes }) => `${time} ${type} ${from}>${to} ${bytes}`)
}

describe('memory network', () => {
  it('opens in one round trip, answers in another, and logs it all', async () => {
    const { clock, network, log, server } = scene()
    const [alice, bob] = [await server(), await server()]
    await clock.run(ask(alice, bob))

    expect(clock.now()).to.equal(4 * LATENCY)
    expect(typesOf(log)).to.deep.equal([
      '0 dial 0>1 0', '50 open 0>1 0', '150 data 0>1 10', '150 close 0>1 0', '200 data 1>0 10', '200 close 1>0 0'
    ])
    expect(network.counters).to.deep.equal({ dials: 1, messages: 2, bytes: 20, lost: 0 })
    expect(clock.pending).to.equal(0)
  })

  it('sends what is written at one instant as one message, up to 64 KiB', async () => {
    const { clock, network, log, server } = scene()
    const [alice, bob] = [await server(), await server()]
    await clock.run((async () => {
      const stream = await alice.openStream(bob.self, PROTOCOL)
      await stream.sink(Array.from({ length: 8 }, () => pattern(10_000)))
      await collect(stream.source)
    })())

    expect(log.filter(({ type, from }) => type === 'data' && from === 0).map(({ bytes }) => bytes)).to.deep.equal([60_000, 20_000])
    expect(network.counters.bytes).to.equal(160_000)
  })

  it('does not hold back what was written earlier for what is written later', async () => {
    const { clock, log, server } = scene()
    const [alice, bob] = [await server(), await server()]
    await clock.run((async () => {
      const stream = await alice.openStream(bob.self, PROTOCOL)
      await sendOneByOne(stream, 2, clock)
      await collect(stream.source)
    })())

    expect(typesOf(log).slice(2, 4)).to.deep.equal(['150 data 0>1 1', '151 data 0>1 1'])
  })

  it('hands bytes over without copying them', async () => {
    const { clock, network, server } = scene()
    const [alice, bob] = [await server(), network.createHost()]
    const bytes = pattern(1000)
    let received: Uint8Array | undefined
    await bob.handle(PROTOCOL, async stream => {
      const { value } = await stream.source.next()
      received = value?.subarray()
      await stream.sink([])
    })
    await clock.run(ask(alice, bob, bytes))

    expect(received?.buffer).to.equal(bytes.buffer)
  })

  it('does not hold back a writer whose reader has left', async () => {
    const { clock, network } = scene()
    const [alice, bob] = [network.createHost(), network.createHost()]
    await bob.handle(PROTOCOL, async stream => { await stream.sink(Array.from({ length: 20 }, () => pattern(65_536))) })
    await clock.run((async () => {
      const stream = await alice.openStream(bob.self, PROTOCOL)
      await stream.source.next()
      await stream.source.return(undefined)
      await stream.sink([])
    })())
    await clock.advance(100 * LATENCY)

    expect(alice.openStreams).to.equal(0)
    expect(bob.openStreams).to.equal(0)
  })

  it('keeps the order of bytes whatever their latencies', async () => {
    const { clock, server } = scene({ latency: [1, 1000] })
    const [alice, bob] = [await server(), await server()]
    const answer = await clock.run((async () => {
      const stream = await alice.openStream(bob.self, PROTOCOL)
      const sent = sendOneByOne(stream, 100, clock)
      const answer = await collect(stream.source)
      await sent
      return answer
    })())

    expect([...answer]).to.deep.equal(Array.from({ length: 100 }, (_, i) => i))
  })

  it('asks a function how far two hosts are apart', async () => {
    const { clock, server } = scene({ latency: (from, to) => from < to ? 10 : 200 })
    const [alice, bob] = [await server(), await server()]
    await clock.run(ask(alice, bob))

    expect(clock.now()).to.equal(2 * 10 + 2 * 200)
  })

  it('is the same run for the same seed, event for event, and another for another', async () => {
    const workloads = fc.record({ seed: fc.nat(), loss: fc.constantFrom(0, 0.05), work: fc.nat() })
    await fc.assert(fc.asyncProperty(workloads, async ({ seed, loss, work }) => {
      const first = await randomRun(seed, loss, work)
      expect(first.length).to.be.greaterThan(50)
      expect(await randomRun(seed, loss, work)).to.deep.equal(first)
      expect(await randomRun(seed + 1, loss, work)).to.not.deep.equal(first)
    }), { seed: 11, numRuns: 20 })
  })

  it('leaves no timer after stop, whatever was under way', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(), fc.nat(300), async (work, ms) => {
      const { clock, network, hosts, leavings, done } = await startRandomWork(5, 0.1, work)
      await clock.advance(ms)
      leavings.forEach(cancel => { cancel() })
      await network.stop()
      await done
      expect(clock.pending).to.equal(0)
      hosts.forEach(host => { expect(host.openStreams).to.equal(0) })
    }), { seed: 12, numRuns: 50 })
  })
})

describe('memory network in trouble', () => {
  it('never answers a dial that is lost: the host gives up in its own time', async () => {
    const { clock, network, log, server } = scene({ loss: 1 })
    const [alice, bob] = [await server(), await server()]
    const failure = await clock.run(failureOf(ask(alice, bob)))

    expect(failure).to.be.an.instanceOf(DialError)
    expect(clock.now()).to.equal(DIAL_TIMEOUT_MS)
    expect(typesOf(log)).to.deep.equal(['0 dial 0>1 0', '50 lost 0>1 0'])
    expect(network.counters.lost).to.equal(1)
  })

  it('lets the caller give up a dial that is lost', async () => {
    const { clock, server } = scene({ loss: 1 })
    const [alice, bob] = [await server(), await server()]
    const controller = new AbortController()
    const reason = new Error('we have waited enough')
    clock.schedule(1000, () => { controller.abort(reason) })
    const opening = alice.openStream(bob.self, PROTOCOL, { signal: controller.signal })

    expect(await clock.run(failureOf(opening))).to.equal(reason)
    expect(clock.now()).to.equal(1000)
    expect(clock.pending).to.equal(0)
  })

  it('resets what a dial had opened when its answer is lost', async () => {
    const { clock, network, server } = scene()
    const [alice, bob] = [await server(), await server()]
    // the dial arrives, and then the way is shut, until the dialler has given up
    clock.schedule(LATENCY + 1, () => { network.partition([[alice]]) })
    clock.schedule(DIAL_TIMEOUT_MS - 1, () => { network.heal() })
    const opening = alice.openStream(bob.self, PROTOCOL)
    await clock.advance(LATENCY)
    expect(bob.openStreams).to.equal(1)

    expect(await clock.run(failureOf(opening))).to.be.an.instanceOf(DialError)
    await clock.advance(LATENCY)
    expect(bob.openStreams).to.equal(0)
    expect(alice.openStreams).to.equal(0)
  })

  it('loses about as much as it is told to', async () => {
    const { clock, network, server } = scene({ loss: 0.2, seed: 3 })
    const [alice, bob] = [await server(), await server()]
    for (let i = 0; i < 500; i++) {
      failureOf(ask(alice, bob)).catch((err: unknown) => { expect(err).to.be.an.instanceOf(Error) })
    }
    await clock.advance(LATENCY)
    expect(network.counters.dials).to.equal(500)
    expect(network.counters.lost).to.be.within(70, 130)
    await network.stop()
  })

  it('delivers nothing on a stream after the first message that it loses', async () => {
    const dialled = await Promise.all(Array.from({ length: 40 }, async (_, seed) => deliverWithLoss(seed)))
    const opened = dialled.filter(({ delivered, lost }) => delivered.length + lost.length > 0)

    expect(opened.length).to.be.greaterThan(10)
    expect(opened.some(({ delivered, lost }) => delivered.length > 0 && lost.length > 0)).to.be.true()
    for (const { received, delivered, lost } of opened) {
      expect(received).to.deep.equal(Array.from({ length: delivered.length }, (_, i) => i))
      expect(delivered.length + lost.length).to.equal(20)
      expect(lost.every(({ time }) => time > (delivered.at(-1)?.time ?? 0))).to.be.true()
    }
  })

  it('lets go of the signal of a dial that is over', async () => {
    const { clock, server } = scene()
    const [alice, bob] = [await server(), await server()]
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject, options?: AddEventListenerOptions | boolean) => {
      listeners++
      add(type, listener, options)
    }
    signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
      listeners--
      remove(type, listener)
    }
    await clock.run(alice.openStream(bob.self, PROTOCOL, { signal }))

    expect(listeners).to.equal(0)
  })

  it('makes a stream silent for good in the direction that lost something', async () => {
    const { clock, network, server } = scene()
    const [alice, bob, carol] = [await server(), await server(), await server()]
    const stream = await clock.run(talk(alice, bob))
    network.partition([[alice, carol], [bob]])
    let heard = 0
    const listening = collect(stream.source).finally(() => { heard++ })
    await bob.unhandle(PROTOCOL)
    await clock.advance(LATENCY)
    network.heal()
    await clock.advance(3_600_000)
    expect(heard).to.equal(0)
    expect(alice.openStreams).to.equal(1)

    await alice.stop()
    expect(await failureOf(listening)).to.be.an.instanceOf(StreamResetError)
  })

  it('lets nothing across a partition, everything inside a side, and all again once healed', async () => {
    const { clock, network, server } = scene()
    const [alice, bob, carol, dave] = [await server(), await server(), await server(), await server()]
    network.partition([[alice, bob]])
    await clock.run(ask(alice, bob))
    await clock.run(ask(carol, dave))
    expect(await clock.run(failureOf(ask(alice, carol)))).to.be.an.instanceOf(DialError)
    expect(await clock.run(failureOf(ask(dave, bob)))).to.be.an.instanceOf(DialError)
    network.partition([[alice], [bob]])
    expect(await clock.run(failureOf(ask(alice, bob)))).to.be.an.instanceOf(DialError)
    network.heal()

    await clock.run(ask(alice, carol))
    await clock.run(ask(dave, bob))
  })

  it('refuses dials to a host that has stopped, after one round trip', async () => {
    const { clock, log, server } = scene()
    const [alice, bob] = [await server(), await server()]
    await bob.stop()
    expect(await clock.run(failureOf(ask(alice, bob)))).to.be.an.instanceOf(DialError)

    expect(clock.now()).to.equal(2 * LATENCY)
    expect(typesOf(log)).to.deep.equal(['0 dial 0>1 0', '50 refuse 0>1 0'])
    expect(clock.pending).to.equal(0)
  })

  it('tells the others of a stop by a reset, and of a crash by nothing', async () => {
    const { clock, server } = scene()
    const [alice, bob, carol] = [await server(), await server(), await server()]
    const withBob = await clock.run(talk(alice, bob))
    const withCarol = await clock.run(talk(alice, carol))
    let heard = 0
    const silent = failureOf(collect(withCarol.source)).finally(() => { heard++ })
    await bob.stop()
    carol.crash()
    expect(carol.openStreams).to.equal(0)
    expect(await clock.run(failureOf(collect(withBob.source)))).to.be.an.instanceOf(StreamResetError)
    await clock.advance(3_600_000)
    expect(heard).to.equal(0)

    const begun = clock.now()
    expect(await clock.run(failureOf(ask(alice, carol)))).to.be.an.instanceOf(DialError)
    expect(clock.now() - begun).to.equal(DIAL_TIMEOUT_MS)
    await alice.stop()
    await silent
  })

  it('does not dial for a host that has stopped or crashed', async () => {
    const { network, server } = scene()
    const [alice, bob, carol] = [await server(), await server(), await server()]
    await alice.stop()
    bob.crash()

    expect(await failureOf(ask(alice, carol))).to.be.an.instanceOf(DialError)
    expect(await failureOf(ask(bob, carol))).to.be.an.instanceOf(DialError)
    expect(network.counters.dials).to.equal(0)
  })

  it('fails the dials under way of a host that stops', async () => {
    const { clock, server } = scene()
    const [alice, bob] = [await server(), await server()]
    const opening = failureOf(ask(alice, bob))
    await clock.advance(LATENCY + 1)
    await alice.stop()

    expect(await opening).to.be.an.instanceOf(DialError)
    await clock.advance(LATENCY)
    expect(bob.openStreams).to.equal(0)
  })

  it('refuses dials to a host that does not listen, which dials all the same', async () => {
    const { clock, network, server } = scene()
    const client = network.createHost({ listen: false })
    await client.handle(PROTOCOL, echo)
    const bob = await server()
    await clock.run(ask(client, bob))

    expect(client.self.addrs).to.have.lengthOf(0)
    const where = { id: client.self.id, addrs: [Uint8Array.of(0x89, 0x06, 1, 0x30)] }
    expect(await clock.run(failureOf(bob.openStream(where, PROTOCOL)))).to.be.an.instanceOf(DialError)
  })
})

interface RandomWork extends Scene {
  hosts: MemoryHost[]
  /** Stop the hosts from leaving that have not left yet. */
  leavings: Cancel[]
  done: Promise<unknown>
}

interface Delivery {
  received: number[]
  /** Messages that the listener got, and those that it did not. */
  delivered: NetworkEvent[]
  lost: NetworkEvent[]
}

/** Send 20 messages of a byte each where one of ten is lost. */
async function deliverWithLoss (seed: number): Promise<Delivery> {
  const { clock, network, log } = scene({ seed, loss: 0.1 })
  const [alice, bob] = [network.createHost(), network.createHost()]
  const received: number[] = []
  await bob.handle(PROTOCOL, async stream => {
    for await (const chunk of stream.source) {
      received.push(...chunk.subarray())
    }
  })
  const sending = alice.openStream(bob.self, PROTOCOL)
    .then(async stream => sendOneByOne(stream, 20, clock))
    .catch((err: unknown) => { expect(err).to.be.an.instanceOf(DialError) })
  await clock.advance(2 * DIAL_TIMEOUT_MS)
  await network.stop()
  await sending
  return {
    received,
    delivered: log.filter(({ type }) => type === 'data'),
    lost: log.filter(({ type, bytes }) => type === 'lost' && bytes > 0)
  }
}

/** Hosts that ask one another at random, some of which stop or crash; the network's own draws come from `seed`. */
async function startRandomWork (seed: number, loss: number, work: number): Promise<RandomWork> {
  const stage = scene({ seed, loss, latency: [10, 100] })
  const hosts = await Promise.all(Array.from({ length: 8 }, stage.server))
  const random = new Random(work)
  const tasks = Array.from({ length: 30 }, async () => {
    const [from, to] = [hosts[random.integer(0, 7)], hosts[random.integer(0, 7)]]
    const bytes = pattern(random.integer(0, 200_000))
    const signal = new AbortController()
    const cancel = stage.clock.schedule(random.integer(0, 20_000), () => { signal.abort(new Error('enough')) })
    try {
      const stream = await from.openStream(to.self, PROTOCOL, { signal: signal.signal })
      signal.signal.addEventListener('abort', () => { stream.abort(new Error('enough')) })
      await Promise.all([collect(stream.source), stream.sink([bytes])])
    } catch (err) {
      expect(err).to.be.an.instanceOf(Error)
    } finally {
      cancel()
    }
  })
  const leavings = [
    stage.clock.schedule(random.integer(0, 200), () => { hosts[0].crash() }),
    stage.clock.schedule(random.integer(0, 200), () => { void hosts[1].stop() })
  ]
  return { ...stage, hosts, leavings, done: Promise.all(tasks) }
}

async function randomRun (seed: number, loss: number, work: number): Promise<NetworkEvent[]> {
  const { clock, network, log, done } = await startRandomWork(seed, loss, work)
  await clock.run(done)
  await network.stop()
  return log
}
