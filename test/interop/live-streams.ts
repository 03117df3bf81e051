import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { say } from '../helpers/say.ts'
import { sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { EXTERNAL } from './external/kinds.ts'
import { closestOf, LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { PROTOCOL } from './node.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { ExternalPeer } from './external/external-peer.ts'
import type { OurClient } from './external/our-client.ts'
import type { OurPeer } from './external/our-peer.ts'
import type { Stream } from '@libp2p/interface'

const REQUESTS = 200

/** Servers of each kind: enough that every answer has an order of its own. */
const SERVERS = 5

/** Milliseconds of idleness after which the other closes what it does. */
const IDLE = 100

/** The same for a stream of ours, where the other waits for that. */
const OUR_IDLE = 50

/** Requests that are sent just when the other closes what is idle. */
const COLLISIONS = 20

/** What becomes of streams between ours and the other. */
export function streams (built: BuiltPeer): void {
  describe(`streams between ours and ${built.kind}`, () => {
    let network: LiveNetwork

    before(async () => {
      network = new LiveNetwork([built])
      await network.grow(SERVERS)
    })

    after(async () => { await network.stop() })

    pipelines(built, () => network)
    outlivesTheirEnd(built, () => network)
    if (EXTERNAL[built.kind].streams === 'one a peer') {
      outlivesOurEnd(built, () => network)
    } else {
      overTwoConnections(built, () => network)
    }
  })
}

type GetNetwork = () => LiveNetwork

function pipelines ({ kind }: BuiltPeer, get: GetNetwork): void {
  it(`${REQUESTS} requests of ours at once, on one stream, each with its own answer`, async () => {
    const [client, server] = [await get().client(), firstOf(get(), kind)]
    const table = await server.table()
    const keys = Array.from({ length: REQUESTS }, () => crypto.getRandomValues(new Uint8Array(32)))
    const opened = client.counts.streamsOpened
    const asked = (await server.counts()).requests.get('FIND_NODE') ?? 0
    const answers = await Promise.all(keys.map(async key => get().one('ours').closestAt(server, key)))
    const right = answers.filter((answer, index) => String(answer.map(({ peer }) => peer)) === String(closestOf(table, keys[index])))
    const { requests, streams } = await server.counts()
    const theirCount = EXTERNAL[kind].counts === 'requests' ? 1 : streams.get(client.id)
    countLive('ours', kind, `${REQUESTS} requests pipelined on one stream`, right.length === REQUESTS && theirCount === 1)
    expect(right).to.have.lengthOf(REQUESTS)
    expect(client.counts.streamsOpened - opened).to.equal(1)
    expect((requests.get('FIND_NODE') ?? 0) - asked).to.be.at.least(REQUESTS)
    expect(theirCount).to.equal(1)
  })

  it(`${REQUESTS} requests of ${kind} at once, answered`, async () => {
    const [server, asker] = [ours(get()), firstOf(get(), kind)]
    const opened = inboundStreams(server)
    const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(1000))]
    await server.put(key, value)
    const answers = await Promise.all(Array.from({ length: REQUESTS }, async () => asker.valueAt(server, key)))
    const right = answers.filter(answer => sameBytes(answer, value))
    say(`      ${kind} opened ${inboundStreams(server) - opened} streams for them`)
    countLive(kind, 'ours', `${REQUESTS} requests at once`, right.length === REQUESTS)
    expect(right).to.have.lengthOf(REQUESTS)
  })
}

/** Both have dialled at the same time. */
function overTwoConnections ({ kind }: BuiltPeer, get: GetNetwork): void {
  it(`${REQUESTS} requests of ${kind} at once over two connections, answered`, async () => {
    const [server, asker] = [await get().startOurs(), await get().startExternal(kind)]
    await asker.connect(server)
    await server.node.libp2p.dial(asker.addrs.map(addr => multiaddr(addr)), { force: true })
    await until('they know each other', async () => await server.hasContact(asker.id) && await asker.hasContact(server.id))
    const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(1000))]
    await server.put(key, value)
    const answers = await Promise.all(Array.from({ length: REQUESTS }, async () => asker.valueAt(server, key)))
    const right = answers.filter(answer => sameBytes(answer, value))
    countLive(kind, 'ours', `${REQUESTS} requests over two connections`, right.length === REQUESTS)
    expect(server.node.libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === asker.id)).to.have.lengthOf(2)
    expect(right).to.have.lengthOf(REQUESTS)
  })
}

function outlivesTheirEnd ({ kind }: BuiltPeer, get: GetNetwork): void {
  for (const how of EXTERNAL[kind].ends) {
    it(`asks on a fresh stream after ${kind} ended the old one with a ${how}`, async () => {
      const [client, server] = [await get().client(), firstOf(get(), kind)]
      await ping(client, server)
      const ended = client.streams.map(closed)
      await server.endStreams(how)
      await Promise.all(ended)
      const opened = client.counts.streamsOpened
      await ping(client, server)
      countLive('ours', kind, `asks after their ${how}`, client.counts.streamsOpened === opened + 1)
      expect(client.counts.streamsOpened).to.equal(opened + 1)
    })
  }
}

function outlivesOurEnd ({ kind }: BuiltPeer, get: GetNetwork): void {
  it(`${kind} asks on a fresh stream after ours has reset the old one`, async () => {
    const [server, asker] = [ours(get()), firstOf(get(), kind)]
    await asker.closestAt(server, crypto.getRandomValues(new Uint8Array(32)))
    const streams = streamsFrom(server, asker)
    streams.forEach(stream => { stream.abort(new Error('idle for too long')) })
    const answer = await asker.closestAt(server, crypto.getRandomValues(new Uint8Array(32)))
    countLive(kind, 'ours', 'asks after our reset', answer.length > 0)
    expect(streams).to.have.lengthOf(1)
    expect(answer).to.not.deep.equal([])
  })
}

/** A server that soon closes what is idle: a stream, or a connection without one. */
export function idleStreams (built: BuiltPeer): void {
  const { kind } = built
  const what = EXTERNAL[kind].closesIdle
  const lasts = what === 'streams' ? IDLE : OUR_IDLE + IDLE

  describe(`${what} of ours that ${kind} finds idle`, () => {
    let network: LiveNetwork
    let client: OurClient
    let server: ExternalPeer

    before(async () => {
      network = new LiveNetwork([built], {
        argsOf: () => ['-idle', `${IDLE}ms`],
        ...(what === 'connections' ? { clientIdleMs: OUR_IDLE } : {})
      })
      client = await network.client()
      server = await network.startExternal(kind)
    })

    after(async () => { await network.stop() })

    it('are closed, and the next request succeeds on others', async () => {
      await ping(client, server)
      await (what === 'streams' ? Promise.all(client.streams.map(closed)) : until('we are not connected', () => client.connections === 0))
      await ping(client, server)
      countLive('ours', kind, 'asks after their idle timeout', client.counts.streamsOpened === 2)
      expect(client.counts.streamsOpened).to.equal(2)
    })

    it('are closed just when the next request is sent, and no request is lost', async () => {
      const opened = client.counts.streamsOpened
      for (let i = 0; i < COLLISIONS; i++) {
        // their idle timeout runs on the machine's clock: to meet it is to wait as long
        await new Promise(resolve => { setTimeout(resolve, lasts - 2 + i % 5) })
        await ping(client, server)
      }
      say(`      of ${COLLISIONS} requests after ${lasts} ms, ${client.counts.streamsOpened - opened} took a fresh stream`)
      countLive('ours', kind, 'asks just as they close what is idle', true)
    })
  })
}

/** Any request that every node answers. */
async function ping (client: OurClient, server: ExternalPeer): Promise<void> {
  await client.ask(server, { type: 'find-node', target: crypto.getRandomValues(new Uint8Array(32)) })
}

async function closed (stream: Stream): Promise<void> {
  await new Promise<void>(resolve => { stream.addEventListener('close', () => { resolve() }, { once: true }) })
}

function firstOf (network: LiveNetwork, kind: BuiltPeer['kind']): ExternalPeer {
  return network.external(kind)[0]
}

function ours (network: LiveNetwork): OurPeer {
  return network.ours[0]
}

function inboundStreams ({ node: { counters } }: OurPeer): number {
  return counters.sum(new RegExp(`^inbound ${PROTOCOL}$`))
}

/** The streams of the DHT on which `asker` asks. */
function streamsFrom ({ node: { libp2p } }: OurPeer, asker: ExternalPeer): Stream[] {
  return libp2p.getConnections()
    .filter(({ remotePeer }) => remotePeer.toString() === asker.id)
    .flatMap(({ streams }) => streams)
    .filter(({ protocol, direction }) => protocol === PROTOCOL && direction === 'inbound')
}
