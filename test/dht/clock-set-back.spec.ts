import { expect } from 'aegir/chai'
import { MemoryPublicationStore } from '../../src/store/memory-publications.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR = 3_600_000
const WEEK = 7 * 24 * HOUR

/** Nothing but what a test is about. */
const QUIET: Partial<KademliaInit> = { selfLookupInterval: 500 * HOUR, refreshInterval: 500 * HOUR, replicateInterval: Infinity, handOver: false }

const MULTIHASH = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32))

describe('a clock that was a week ahead and is set back', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  /** Milliseconds that the clock is ahead of all others. */
  let ahead: number
  const clock: Clock = {
    now: () => simulation.clock.now() + ahead,
    schedule: (ms, task) => simulation.clock.schedule(ms, task)
  }

  beforeEach(async () => {
    ahead = 0
    simulation = new Simulation({ seed: 71, latency: 10 })
    nodes = await simulation.nodesJoined(3, QUIET)
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function withThatClock (init: Partial<KademliaInit> = {}): Promise<SimulatedNode> {
    return simulation.node({ ...QUIET, clock, bootstrap: nodes[0].host.self.addrs, ...init })
  }

  async function isProvided (): Promise<boolean> {
    const { done } = await simulation.clock.run(nodes[1].dht.findProviders(MULTIHASH, { source: 'store' }).next())
    return done !== true
  }

  async function isKept ({ dht: { internals: { values } } }: SimulatedNode, key: Uint8Array): Promise<boolean> {
    return await values.kept(key) != null
  }

  it('does not keep provider records from being sent out again', async () => {
    const { dht } = await withThatClock()
    ahead = WEEK
    await simulation.clock.run(dht.provide(MULTIHASH))
    ahead = 0
    for (let days = 1; days <= 6; days++) {
      await simulation.clock.advance(24 * HOUR)
      expect(await isProvided(), `after ${days} days`).to.equal(true)
    }
  })

  it('does not keep us from looking which are due, though it is set back while we do', async () => {
    const sent: number[] = []
    const { dht } = await withThatClock({
      reprovide: { interval: HOUR, threshold: 48 * HOUR }, // each look sends everything
      observer: {
        onReprovide () {
          ahead = 0
          sent.push(simulation.clock.now())
        }
      }
    })
    await simulation.clock.run(dht.provide(MULTIHASH))
    ahead = WEEK
    await simulation.clock.advance(10 * HOUR)
    expect(sent.length).to.be.within(9, 11)
  })

  it('does not keep values of our own from being sent out again after a restart', async () => {
    const init = { publications: new MemoryPublicationStore(), republish: true, valueTtl: 10 * HOUR }
    const { dht } = await withThatClock(init)
    ahead = WEEK
    const { key } = await simulation.clock.run(dht.putImmutable('value'))
    await simulation.clock.run(dht.stop())
    ahead = 0
    await withThatClock(init)
    for (let hours = 1; hours <= 48; hours++) {
      await simulation.clock.advance(HOUR)
      expect(await isKept(nodes[1], key), `after ${hours} h`).to.equal(true)
    }
  })

  it('keeps values of our own on the list that nobody accepts before their time has come', async () => {
    const { dht } = await withThatClock({ republish: true })
    ahead = WEEK
    const { key } = await simulation.clock.run(dht.put('key', 'value'))
    ahead = 0
    await simulation.clock.advance(WEEK - HOUR)
    expect(await isKept(nodes[1], key)).to.equal(false)
    expect(dht.counts.published.values).to.equal(1)
    await simulation.clock.advance(2 * HOUR)
    expect(await isKept(nodes[1], key)).to.equal(true)
  })

  it('does not keep what is held for others from being passed on', async () => {
    const holder = await withThatClock({ replicateInterval: HOUR })
    ahead = WEEK
    const { key } = await simulation.clock.run(nodes[1].dht.put('key', 'value', { republish: false }))
    expect(await isKept(holder, key)).to.equal(true)
    ahead = 0
    const newcomer = await simulation.node({ ...QUIET, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.advance(1.25 * HOUR) // within that it is due, whatever the clock says
    expect(await isKept(newcomer, key)).to.equal(true)
  })

  it('does not end that what is held for others is passed on, if it is set right', async () => {
    const holder = await withThatClock({ replicateInterval: HOUR })
    const { key } = await simulation.clock.run(nodes[1].dht.put('key', 'value', { republish: false }))
    ahead = -2 * HOUR // it says of the value that it comes from the future
    await simulation.clock.advance(1.5 * HOUR)
    expect(await isKept(holder, key)).to.equal(false)
    ahead = 0
    const newcomer = await simulation.node({ ...QUIET, bootstrap: nodes[0].host.self.addrs })
    await simulation.clock.advance(1.25 * HOUR)
    expect(await isKept(newcomer, key)).to.equal(true)
  })
})
