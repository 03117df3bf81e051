import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { OPEN_TIMEOUT_MS } from '../../src/rpc/limits.ts'
import { cramped } from '../helpers/cramped-host.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { MemoryNetwork } from '../../src/hosts/memory/network.ts'
import type { Stream } from '../../src/rpc/connection.ts'

const PROTOCOL = '/rpc/1.0.0'
const LATENCY = 50
const ROUND_TRIP = 2 * LATENCY

/** Streams that the host of the test carries, those that it is opening counted twice for a moment. */
const ROOM = 8

describe('rpc client on a host that is full', () => {
  let clock: VirtualClock
  let network: MemoryNetwork
  let ours: MemoryHost
  let crowded: RpcClient
  let servers: MemoryHost[]

  beforeEach(async () => {
    clock = new VirtualClock()
    network = createMemoryNetwork({ clock, seed: 1, latency: LATENCY })
    ours = network.createHost()
    crowded = new RpcClient({ host: cramped(ours, ROOM), protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    servers = Array.from({ length: 3 * ROOM }, () => network.createHost())
    await Promise.all(servers.map(async host => host.handle(PROTOCOL, async stream => stream.sink(stream.source))))
  })

  afterEach(async () => {
    await clock.run(crowded.close())
    await clock.run(network.stop())
    expect(clock.pending, 'timers left').to.equal(0)
  })

  /** What the request to a peer comes to: the type of its answer, or the name of what it fails with. */
  async function ask (number: number, client: RpcClient = crowded, signal?: AbortSignal): Promise<string> {
    return client.request(servers[number].self, { type: 'ping' }, { signal }).then(({ type }) => type, (err: Error) => err.name)
  }

  /** Streams of somebody else on the same host. */
  async function takeRoom (count: number): Promise<Stream[]> {
    return clock.run(Promise.all(servers.slice(0, count).map(async ({ self }) => ours.openStream(self, PROTOCOL))))
  }

  /** The last stream is to somebody who was asked, and answers when it is told to; the others are somebody else's. */
  async function allButOneTaken (): Promise<{ asked: Promise<unknown>, answer (): void }> {
    const slow = network.createHost()
    let answer = (): void => {}
    await slow.handle(PROTOCOL, async stream => {
      await new Promise<void>(resolve => { answer = resolve })
      await stream.sink(stream.source)
    })
    await takeRoom(ROOM - 1)
    const asked = crowded.request(slow.self, { type: 'ping' })
    await clock.advance(ROUND_TRIP)
    return { asked, answer: () => { answer() } }
  }

  function connected (): number[] {
    return servers.flatMap(({ self }, number) => crowded.has(self) ? [number] : [])
  }

  it('closes some streams, which were not used for the longest', async () => {
    for (let number = 0; number < ROOM; number++) {
      await clock.run(ask(number))
    }
    await clock.run(ask(0))
    expect(await clock.run(ask(ROOM))).to.equal('ping')
    expect(connected()).to.deep.equal([0, 3, 4, 5, 6, 7, 8])
  })

  it('asks many more than it has room for at once, and each answers', async () => {
    const answers = await clock.run(Promise.all(servers.map(async (_, number) => ask(number))))
    expect(answers).to.deep.equal(servers.map(() => 'ping'))
    expect(ours.openStreams).to.be.at.most(ROOM)
  })

  it('waits for a stream while all are used', async () => {
    const slow = await allButOneTaken()
    let answered = 0
    const waiting = [ask(ROOM), ask(ROOM + 1)].map(async asking => {
      expect(await asking).to.equal('ping')
      answered++
    })
    await clock.advance(OPEN_TIMEOUT_MS + ROUND_TRIP)
    expect(answered, 'which counts against no deadline').to.equal(0)
    slow.answer()
    await clock.run(Promise.all([slow.asked, ...waiting]))
  })

  it('waits on when others give up waiting', async () => {
    const slow = await allButOneTaken()
    const controller = new AbortController()
    const others = servers.slice(ROOM + 1).map(async (_, i) => ask(ROOM + 1 + i, crowded, controller.signal))
    const waiting = ask(ROOM)
    await clock.advance(ROUND_TRIP)
    controller.abort(new DOMException('enough', 'AbortError'))
    expect(new Set(await Promise.all(others))).to.deep.equal(new Set(['AbortError']))
    await clock.advance(ROUND_TRIP)
    slow.answer()
    expect(await clock.run(waiting)).to.equal('ping')
    await clock.run(slow.asked)
  })

  it('fails, and blames nobody, when none of its streams is there to be closed', async () => {
    const streams = await takeRoom(ROOM)
    expect(await clock.run(ask(ROOM))).to.equal('HostFullError')
    expect(await clock.run(Promise.all([ask(ROOM), ask(ROOM + 1)]))).to.deep.equal(['HostFullError', 'HostFullError'])
    streams.forEach(stream => { stream.abort(new Error('that was all')) })
    await clock.advance(ROUND_TRIP)
    expect(await clock.run(ask(ROOM))).to.equal('ping')
  })

  it('fails for all when those who were opening streams find it full, too', async () => {
    const host = cramped(ours, 0)
    const { openStream } = host
    host.openStream = async (peer, ...args) => {
      await sleep(clock, peer.id === servers[0].self.id ? 1_000 : 0)
      return openStream(peer, ...args)
    }
    const full = new RpcClient({ host, protocol: PROTOCOL, clock, maxRecordSize: 1000 })
    const asked = [0, 1, 2].map(async number => ask(number, full))
    expect(await clock.run(Promise.all(asked))).to.deep.equal(['HostFullError', 'HostFullError', 'HostFullError'])
    await clock.run(full.close())
  })

  it('is stopped while it waits', async () => {
    for (let number = 0; number < ROOM; number++) {
      servers[number].crash()
    }
    const asked = servers.slice(0, ROOM + 1).map(async (_, number) => ask(number))
    await clock.advance(ROUND_TRIP)
    await clock.run(crowded.close())
    expect(new Set(await Promise.all(asked))).to.deep.equal(new Set(['StreamResetError']))
  })
})
