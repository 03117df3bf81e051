import { expect } from 'aegir/chai'
import { say } from '../helpers/say.ts'
import { closestPeers } from './ask.ts'
import { until } from './converge.ts'
import { dialAll, stopAll } from './network.ts'
import { PROTOCOL, createInteropNode } from './node.ts'
import { markErrors, rpcErrorsSince } from './rpc-errors.ts'
import { count } from './tally.ts'
import type { InteropNode } from './node.ts'
import type { Stream } from '@libp2p/interface'

const REQUESTS = 200

/** Ours, their server, and what ours keeps open to it. */
class Pair {
  readonly nodes: InteropNode[] = []
  #closing: Array<Promise<Error | undefined>> = []

  async start (): Promise<void> {
    this.nodes.push(await createInteropNode('ours'), await createInteropNode('theirs'))
    const [ours, theirs] = this.nodes
    await dialAll(ours, [theirs])
    await until('they know each other', () => this.nodes.every(({ dht }) => dht.routingTable.size === 1))
  }

  /** One request of ours to their server, without an error. */
  async ask (): Promise<void> {
    const { errors, answers } = await closestPeers(this.nodes[0], crypto.getRandomValues(new Uint8Array(32)))
    expect(errors).to.deep.equal([])
    expect([...answers.keys()]).to.deep.equal([this.nodes[1].libp2p.peerId.toString()])
  }

  /** Take note of the streams there are now. */
  keep (): void {
    this.#closing = [...this.streams('ours'), ...this.streams('theirs')].map(closed)
  }

  /** What ended the streams that were noted, once all are closed. */
  async endings (): Promise<Array<Error | undefined>> {
    return Promise.all(this.#closing)
  }

  get opened (): number {
    return this.nodes[0].counters.sum(new RegExp(`^outbound ${PROTOCOL}$`))
  }

  /** The streams of the DHT from ours to theirs, as `side` sees them. */
  streams (side: 'ours' | 'theirs'): Stream[] {
    const [node, direction] = side === 'ours' ? [this.nodes[0], 'outbound'] : [this.nodes[1], 'inbound']
    return node.libp2p.getConnections().flatMap(({ streams }) => streams).filter(stream => stream.protocol === PROTOCOL && stream.direction === direction)
  }
}

async function closed (stream: Stream): Promise<Error | undefined> {
  return new Promise(resolve => { stream.addEventListener('close', ({ error }) => { resolve(error) }, { once: true }) })
}

const idle = new Pair()

// it grows idle while the rest of the suite runs
before(async () => {
  await idle.start()
  await idle.ask()
  idle.keep()
})

after(async () => { await stopAll(idle.nodes) })

describe('streams of ours to their server', () => {
  const pair = new Pair()

  before(async () => { await pair.start() })

  after(async () => { await stopAll(pair.nodes) })

  it(`asks ${REQUESTS} times on one stream`, async () => {
    for (let i = 0; i < REQUESTS; i++) {
      await pair.ask()
    }
    const opened = pair.opened
    say(`      ${REQUESTS} requests, streams opened since the start: ${opened}`)
    count('ours', 'theirs', `${REQUESTS} requests on one stream`, opened === 1)
    expect(opened).to.equal(1)
  })

  it('asks on a fresh stream after their server has reset it', async () => {
    const streams = pair.streams('theirs')
    expect(streams).to.have.lengthOf(1)
    streams.forEach(stream => { stream.abort(new Error('idle for too long')) })
    await pair.ask()
    await pair.ask()
    count('ours', 'theirs', 'asks after a reset', true)
  })

  it('asks on a fresh connection after the old one has closed', async () => {
    await Promise.all(pair.nodes[1].libp2p.getConnections().map(async connection => { await connection.close() }))
    await pair.ask()
    count('ours', 'theirs', 'asks after a disconnection', true)
  })
})

describe('a stream of ours that is idle', function () {
  // their server gives up after 10 s
  this.timeout(30_000)

  it('is closed before their server gives it up', async () => {
    const marks = markErrors(idle.nodes)
    const endings = await idle.endings()
    expect(endings.map(error => error?.name)).to.not.include('TimeoutError')
    await idle.ask()
    count('ours', 'theirs', 'idle stream closed, then asks', true)
    expect(rpcErrorsSince(marks)).to.deep.equal([])
  })
})
