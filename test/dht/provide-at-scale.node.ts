import { expect } from 'aegir/chai'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { bytesToMapKey, keyFromBytes, keyOf } from '../../src/keyspace/key.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { say } from '../helpers/say.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000
const NODES = 1_000
const RECORDS = 10_000
const K = 20

/** Hours between two sends of a record, by default. */
const CYCLE_HOURS = 22

/** How many are provided one by one, to compare: enough that it does not hang on how often lookups of neighbours happen to ask somebody at one instant. */
const SAMPLE = 1_000

/** Nothing but reproviding is to happen by itself. */
const QUIET: Partial<KademliaInit> = { selfLookupInterval: 500 * HOUR_MS, refreshInterval: 500 * HOUR_MS, collectInterval: 48 * HOUR_MS }

/** How many are looked for. */
const CHECKED = 50

/** What was sent, and how. */
interface Cost {
  /** Requests of lookups, and answers to them. */
  lookupMessages: number
  /** ADD_PROVIDERs. */
  records: number
  /** What was written at one instant to one stream, in either direction: packets, as it were. And dials. */
  transmissions: number
}

describe('providing at scale', function () {
  this.timeout(1_200_000)

  const simulation = new Simulation({ seed: 71, latency: [10, 100] })
  let nodes: SimulatedNode[]
  let publisher: SimulatedNode
  let providers: MemoryProviderStore
  let contents: Uint8Array[]
  const counts = { lookupMessages: 0, records: 0 }

  function multihash (number: number): Uint8Array {
    return Uint8Array.of(0x12, 0x20, ...keyOf(new TextEncoder().encode(`content ${number}`)))
  }

  /** Start the publisher, at first or again. */
  async function publish (id?: Uint8Array): Promise<void> {
    publisher = await simulation.node({
      ...QUIET,
      bootstrap: nodes[0].host.self.addrs,
      providers,
      observer: {
        client: {
          onRequest (type) {
            if (type === 'add-provider') {
              counts.records++
              return () => {}
            }
            counts.lookupMessages++
            return error => { counts.lookupMessages += error == null ? 1 : 0 }
          }
        }
      }
    }, id == null ? {} : { id })
  }

  async function cost (work: () => Promise<void>): Promise<Cost> {
    const { counters } = simulation.network
    const before = { ...counts, transmissions: counters.messages + counters.dials }
    await work()
    return {
      lookupMessages: counts.lookupMessages - before.lookupMessages,
      records: counts.records - before.records,
      transmissions: counters.messages + counters.dials - before.transmissions
    }
  }

  /** Let so many hours pass, and say how many records were sent in each. */
  async function recordsInEachOf (hours: number): Promise<number[]> {
    const sent: number[] = []
    for (let hour = 0; hour < hours; hour++) {
      sent.push((await cost(async () => simulation.clock.advance(HOUR_MS))).records / K)
    }
    return sent
  }

  /** Of the records that are looked for, those that are not where they belong, or which not all find. */
  async function missing (): Promise<number[]> {
    const wrong: number[] = []
    for (let number = 0; number < RECORDS; number += RECORDS / CHECKED) {
      const content = contents[number]
      const closest = new Set(simulation.closest(nodes, keyOf(content), K).map(bytesToMapKey))
      const holders = nodes.filter(({ dht }) => closest.has(bytesToMapKey(dht.self.id)))
      const held = await Promise.all(holders.map(async ({ dht }) => isFound(dht.findProviders(content, { source: 'store' }))))
      const found = await isFound(nodes[(number * 7919) % nodes.length].dht.findProviders(content))
      if (!found || held.includes(false)) {
        wrong.push(number)
      }
    }
    return wrong
  }

  async function isFound (found: ReturnType<SimulatedNode['dht']['findProviders']>): Promise<boolean> {
    const { value } = await simulation.clock.run(found.next())
    await found.return(undefined)
    return value != null && bytesToMapKey(value.provider.id) === bytesToMapKey(publisher.dht.self.id)
  }

  before(async () => {
    nodes = await simulation.nodesJoined(NODES, QUIET)
    contents = Array.from({ length: RECORDS }, (_, number) => multihash(number))
    const host = simulation.network.createHost()
    await host.stop()
    providers = new MemoryProviderStore(simulation.clock, { self: host.self.id })
    await publish(host.self.id)
  })

  after(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('of 10,000 records to 1,000 nodes costs less than a tenth of one lookup for each, evenly over the cycle', async () => {
    const others = Array.from({ length: RECORDS }, (_, number) => multihash(RECORDS + number))
      .map(target => ({ target, key: keyOf(target) }))
      .sort((a, b) => compareDistance(keyFromBytes(new Uint8Array(32)), a.key, b.key))
      .slice(0, SAMPLE)
    // one lookup for each as cheaply as can be: those next to each other one after the other, ten at once, so that streams are used again
    const queue = others.values()
    const each = await cost(async () => {
      await simulation.clock.run(Promise.all(Array.from({ length: 10 }, async () => {
        for (const { target } of queue) {
          await publisher.dht.provide(target)
        }
      })))
    })
    for (const { target } of others) {
      await publisher.dht.unprovide(target)
    }
    const before = {
      lookupMessages: each.lookupMessages * RECORDS / SAMPLE,
      records: each.records * RECORDS / SAMPLE,
      transmissions: each.transmissions * RECORDS / SAMPLE
    }

    // all that we provide was provided within a moment
    for (const content of contents) {
      await providers.add(content, publisher.dht.self)
    }
    let hours: number[] = []
    const now = await cost(async () => { hours = await recordsInEachOf(CYCLE_HOURS + 2) })
    figure(`${RECORDS} records, ${NODES} nodes, a day: ${print(now)}; one lookup for each: ${print(before)}`)
    figure(`records an hour: ${hours.join(' ')}`)
    expect(before.records).to.equal(RECORDS * K)
    expect(now.records).to.be.within(RECORDS * K, 1.15 * RECORDS * K)
    expect(now.lookupMessages).to.be.at.most(before.lookupMessages / 10)
    expect(now.transmissions).to.be.at.most(before.transmissions / 10)
    expect(Math.max(...hours)).to.be.at.most(2 * RECORDS / CYCLE_HOURS)
    expect(await missing()).to.deep.equal([])
  })

  it('goes on after a restart as if nothing had been, evenly in the second cycle too', async () => {
    const before = await recordsInEachOf(10)
    const { id } = publisher.host.self
    await simulation.clock.run(publisher.dht.stop())
    await publisher.host.stop()
    await simulation.clock.advance(HOUR_MS / 2)
    await publish(id)
    const after = await recordsInEachOf(11)
    figure(`records an hour, before and after a restart: ${before.join(' ')} | ${after.join(' ')}`)
    for (const sent of [...before, ...after]) {
      expect(sent).to.be.within(0.5 * RECORDS / CYCLE_HOURS, 2 * RECORDS / CYCLE_HOURS)
    }
    expect(await missing()).to.deep.equal([])
  })

  it('catches up after 30 h of downtime, at once and by region, and is even again', async () => {
    const { id } = publisher.host.self
    await simulation.clock.run(publisher.dht.stop())
    await publisher.host.stop()
    await simulation.clock.advance(30 * HOUR_MS)
    await publish(id)
    const caughtUp = await cost(async () => simulation.clock.advance(0.4 * HOUR_MS))
    const { round, nextDue } = publisher.dht.internals.reproviding
    figure(`after 30 h of downtime: ${print(caughtUp)}, in ${round?.regions} regions with ${round?.lookups} lookups, in ${((round?.ended ?? 0) - (round?.began ?? 0)) / 1000} s`)
    expect(caughtUp.records).to.equal(RECORDS * K)
    expect(round).to.deep.include({ due: RECORDS, sent: RECORDS, failed: 0 })
    expect(round?.lookups).to.be.at.most(200)
    expect(nextDue).to.equal(undefined)
    expect(await missing()).to.deep.equal([])
    const hours = await recordsInEachOf(4)
    figure(`records an hour from then on: ${hours.join(' ')}`)
    expect(Math.max(...hours)).to.be.at.most(2 * RECORDS / CYCLE_HOURS)
  })
})

function print ({ lookupMessages, records, transmissions }: Cost): string {
  return `${lookupMessages} messages of lookups, ${lookupMessages + records} of all kinds, ${transmissions} transmissions`
}

function figure (text: string): void {
  say(`        ${text}`)
}
