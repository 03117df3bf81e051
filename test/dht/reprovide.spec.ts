import { expect } from 'aegir/chai'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { moving } from '../helpers/moving-host.ts'
import { Simulation } from '../helpers/simulation.ts'
import { SeededRandom } from '../routing/seeded-random.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Nothing but reproviding is to happen by itself. */
const QUIET: Partial<KademliaInit> = { selfLookupInterval: 500 * HOUR_MS, refreshInterval: 500 * HOUR_MS }

function content (number: number): Uint8Array {
  return Uint8Array.of(0x12, 0x20, ...new Uint8Array(32).fill(number))
}

describe('reproviding', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  let publisher: SimulatedNode
  /** When the publisher sent records out. */
  let sent: number[]
  let sending: number
  let mostAtOnce: number
  let onSent: () => void

  beforeEach(async () => {
    simulation = new Simulation({ seed: 51, latency: 10 })
    nodes = await simulation.nodesJoined(5, QUIET)
    sent = []
    sending = 0
    mostAtOnce = 0
    onSent = () => {}
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** The node whose records are looked at. */
  async function publish (init: Partial<KademliaInit> = {}, id?: Uint8Array): Promise<void> {
    const root = nodes.find(({ host }) => simulation.nodes.some(node => node.host === host))
    publisher = await simulation.node({
      ...QUIET,
      bootstrap: root?.host.self.addrs ?? [],
      observer: {
        client: {
          onRequest (type) {
            if (type !== 'add-provider') {
              return () => {}
            }
            sent.push(simulation.clock.now())
            sending++
            mostAtOnce = Math.max(mostAtOnce, sending)
            onSent()
            return () => { sending-- }
          }
        }
      },
      ...init
    }, id == null ? {} : { id })
  }

  async function found (number = 1, by = nodes[2]): Promise<Array<{ id: string, addrs: number }>> {
    return simulation.clock.run((async () => {
      const list: Array<{ id: string, addrs: number }> = []
      for await (const { provider } of by.dht.findProviders(content(number), { source: 'store' })) {
        list.push({ id: bytesToMapKey(provider.id), addrs: provider.addrs.length })
      }
      return list
    })())
  }

  async function provide (...numbers: number[]): Promise<void> {
    for (const number of numbers) {
      await simulation.clock.run(publisher.dht.provide(content(number)))
    }
    await simulation.clock.advance(MINUTE_MS)
    sent.length = 0
  }

  /** When rounds began in which something was sent: a minute passes between two. */
  function roundsSent (): number[] {
    return sent.filter((time, i) => i === 0 || time - sent[i - 1] > MINUTE_MS)
  }

  /** Provide, stop, and start again so much later with the same records; `onSend` is called for each that is sent then. */
  async function restartAfter (ms: number, numbers: readonly number[], init: Partial<KademliaInit> = {}, onSend: () => void = () => {}): Promise<MemoryProviderStore> {
    const host = simulation.network.createHost()
    await host.stop()
    const providers = new MemoryProviderStore(simulation.clock, { self: host.self.id })
    await publish({ providers }, host.self.id)
    await provide(...numbers)
    await simulation.clock.run(publisher.dht.stop())
    await publisher.host.stop()
    await simulation.clock.advance(ms)
    onSent = onSend
    mostAtOnce = 0
    sent.length = 0
    await publish({ providers, ...init }, host.self.id)
    return providers
  }

  it('keeps records alive for as long as the node runs', async () => {
    await publish()
    await provide(1)
    for (let hour = 8; hour <= 120; hour += 8) {
      await simulation.clock.advance(8 * HOUR_MS)
      expect((await found()).map(({ id }) => id), `after ${hour} h`).to.deep.equal([bytesToMapKey(publisher.dht.self.id)])
    }
  })

  it('does not send at the next look what has just been sent', async () => {
    await publish()
    await simulation.clock.run(publisher.dht.provide(content(1)))
    await simulation.clock.advance(10 * MINUTE_MS)
    expect(sent).to.have.lengthOf(5)
  })

  it('tells what nobody could be told within a minute of the first address, and looks nobody up before', async () => {
    const host = simulation.network.createHost()
    let addrs: readonly Uint8Array[] = []
    await publish({ host: moving(host, () => addrs) })
    await simulation.clock.run(publisher.dht.provide(content(1)))
    await simulation.clock.advance(10 * HOUR_MS)
    expect([sent.length, await found(), publisher.dht.counts.reproviding.round]).to.deep.equal([0, [], undefined])
    addrs = host.self.addrs
    await simulation.clock.advance(2 * MINUTE_MS)
    expect(await found()).to.deep.equal([{ id: bytesToMapKey(host.self.id), addrs: 1 }])
  })

  it('lets no record expire, whenever it was provided and however often the node is started again', async () => {
    const random = new SeededRandom(7)
    const host = simulation.network.createHost()
    await host.stop()
    const providers = new MemoryProviderStore(simulation.clock, { self: host.self.id })
    const provided: number[] = []
    for (let hours = 0; hours < 150; hours++) {
      if (hours % 20 === 0) {
        if (hours > 0) {
          await simulation.clock.run(publisher.dht.stop())
          await publisher.host.stop()
          await simulation.clock.advance(random.below(20 * HOUR_MS))
        }
        await publish({ providers }, host.self.id)
      }
      if (hours % 5 === 0 && hours < 75) {
        await simulation.clock.advance(random.below(HOUR_MS))
        await provide(provided.length)
        provided.push(provided.length)
      }
      await simulation.clock.advance(HOUR_MS)
      for (const number of provided) {
        expect(await found(number), `record ${number} after ${hours} h`).to.have.lengthOf(1)
      }
    }
  })

  it('names no provider without addresses while the node runs', async () => {
    await publish()
    await provide(1)
    for (let minutes = 0; minutes < 50 * 60; minutes += 20) {
      await simulation.clock.advance(20 * MINUTE_MS)
      expect((await found())[0]?.addrs, `after ${minutes / 60} h`).to.equal(1)
    }
  })

  it('sends a record again at its own time, to each of the closest, each 22 hours', async () => {
    await publish()
    await provide(1)
    const begun = simulation.clock.now()
    await simulation.clock.advance(100 * HOUR_MS)
    const [first, ...others] = roundsSent()
    expect(first - begun).to.be.within(HOUR_MS, 23 * HOUR_MS)
    expect(others.length).to.be.within(3, 4)
    others.forEach((time, i) => { expect(time - first).to.be.closeTo((i + 1) * 22 * HOUR_MS, HOUR_MS) })
    expect(sent).to.have.lengthOf((others.length + 1) * 5)
  })

  it('sends records that were provided in one go at different times', async () => {
    await publish()
    await provide(...Array.from({ length: 40 }, (_, i) => i))
    await simulation.clock.advance(24 * HOUR_MS)
    expect(sent.length).to.be.within(40 * 5, 44 * 5)
    const perLook = roundsSent().map(round => sent.filter(time => time - round < MINUTE_MS && time >= round).length / 5)
    expect(perLook.length).to.be.greaterThan(12)
    expect(Math.max(...perLook)).to.be.at.most(6)
  })

  it('goes by its options', async () => {
    await publish({ reprovide: { interval: 10 * MINUTE_MS, threshold: 30 * MINUTE_MS, validity: 60 * MINUTE_MS } })
    await provide(1)
    const begun = simulation.clock.now()
    await simulation.clock.advance(10 * HOUR_MS)
    const rounds = [begun, ...roundsSent()]
    // the cycle is 30 min less an interval and a 24th
    expect(rounds.length - 1).to.be.within(Math.floor(600 / 18.75) - 1, Math.ceil(600 / 18.75))
    rounds.slice(1).forEach((time, i) => { expect(time - rounds[i]).to.be.within(MINUTE_MS, 30 * MINUTE_MS) })
  })

  it('sends everything at each look when the threshold is as long as records live', async () => {
    await publish({ reprovide: { interval: HOUR_MS, threshold: 48 * HOUR_MS } })
    await provide(1, 2)
    await simulation.clock.advance(5 * HOUR_MS)
    expect(sent).to.have.lengthOf(5 * 2 * 5)
  })

  it('ends when it is cancelled', async () => {
    await publish()
    await provide(1, 2)
    await publisher.dht.unprovide(content(1))
    expect(await found(1, publisher)).to.deep.equal([])
    await simulation.clock.advance(26 * HOUR_MS)
    expect(sent, 'the other is sent').to.have.lengthOf(5)
    await simulation.clock.advance(23 * HOUR_MS)
    expect(await found(1)).to.deep.equal([])
    expect(await found(2)).to.have.lengthOf(1)
  })

  it('sends all of many, so many at once and so many in mind', async () => {
    const numbers = Array.from({ length: 10 }, (_, i) => i)
    let mostWaiting = 0
    await restartAfter(72 * HOUR_MS, numbers, { reprovide: { concurrency: 2, maxQueueSize: 3 } }, () => {
      mostWaiting = Math.max(mostWaiting, publisher.dht.internals.reproviding.waiting + publisher.dht.internals.reproviding.running)
    })
    await simulation.clock.advance(2 * MINUTE_MS)
    expect(sent).to.have.lengthOf(50)
    expect(mostAtOnce).to.be.within(1, 10)
    expect(mostWaiting).to.be.within(2, 3)
    for (const number of numbers) {
      expect(await found(number), `record ${number}`).to.have.lengthOf(1)
    }
  })

  it('says how it goes', async () => {
    await restartAfter(30 * HOUR_MS, [1, 2, 3])
    const { reproviding } = publisher.dht.internals
    expect(reproviding).to.deep.equal({ running: 0, waiting: 0 })
    const begun = simulation.clock.now()
    await simulation.clock.advance(2 * MINUTE_MS)
    expect(reproviding.round).to.deep.include({ due: 3, sent: 3, failed: 0, regions: 1, lookups: 1 })
    expect(reproviding.round?.began).to.be.within(begun, begun + MINUTE_MS)
    expect(reproviding.round?.ended).to.be.within(begun + 1, begun + MINUTE_MS + 10_000)
    expect(reproviding).to.deep.include({ running: 0, waiting: 0, nextDue: undefined })
    const { round } = reproviding
    await simulation.clock.advance(HOUR_MS - 2 * MINUTE_MS)
    expect(reproviding.nextDue, 'an hour later it looks again').to.equal(undefined)
    await simulation.clock.advance(2 * MINUTE_MS)
    expect(reproviding.nextDue).to.be.within(simulation.clock.now(), simulation.clock.now() + 23 * HOUR_MS)
    expect(reproviding.round, 'nothing was due').to.equal(round)
  })

  it('tells of each record how long it took, or why it failed', async () => {
    const told: string[] = []
    const took: number[] = []
    const onReprovide = (ms: number, error?: unknown): void => {
      told.push(error instanceof Error ? error.name : 'sent')
      took.push(ms)
    }
    await publish({ observer: { onReprovide }, reprovide: { interval: HOUR_MS, threshold: 48 * HOUR_MS } })
    await provide(1, 2)
    told.length = 0
    await simulation.clock.advance(HOUR_MS)
    expect(told).to.deep.equal(['sent', 'sent'])
    nodes.forEach(({ host }) => { host.crash() })
    await simulation.clock.advance(HOUR_MS + 2 * MINUTE_MS) // nobody answers, which takes a while
    expect(told.slice(2)).to.deep.equal(['NoPeersError', 'NoPeersError'])
    took.forEach(ms => { expect(ms).to.be.within(0, MINUTE_MS) })
    expect(publisher.dht.internals.reproviding.round).to.deep.include({ due: 2, sent: 0, failed: 2 })
  })

  /** Cancel all records while the first is being sent, with so many in mind. */
  async function cancelAll (maxQueueSize: number): Promise<void> {
    const numbers = Array.from({ length: 8 }, (_, i) => i)
    const cancelled: Array<Promise<void>> = []
    const providers = await restartAfter(30 * HOUR_MS, numbers, { reprovide: { concurrency: 1, maxQueueSize } }, () => {
      if (cancelled.length === 0) {
        cancelled.push(...numbers.map(async number => publisher.dht.unprovide(content(number))))
      }
    })
    await simulation.clock.advance(2 * MINUTE_MS)
    await Promise.all(cancelled)
    expect(sent).to.have.lengthOf(5)
    expect([...providers.providedBy(publisher.dht.self.id)]).to.deep.equal([])
    await simulation.clock.advance(48 * HOUR_MS)
    expect(sent).to.have.lengthOf(5)
  }

  it('sends nothing of what is cancelled while its turn comes, and does not take it up again', async () => {
    await cancelAll(100)
  })

  it('sends nothing of what is cancelled while it waits in the store, and does not take it up again', async () => {
    await cancelAll(2)
  })

  it('sends what is provided again after it was cancelled', async () => {
    await publish({ reprovide: { interval: HOUR_MS, threshold: 48 * HOUR_MS } })
    await provide(1)
    await simulation.clock.run(publisher.dht.unprovide(content(1)))
    await provide(1)
    await simulation.clock.advance(HOUR_MS)
    expect(sent).to.have.lengthOf(5)
  })

  it('looks soon after the start, and as soon as there are contacts', async () => {
    await restartAfter(30 * HOUR_MS, [1], { bootstrap: [] })
    await simulation.clock.advance(10 * MINUTE_MS)
    expect(sent).to.deep.equal([])
    expect(publisher.dht.internals.reproviding.round, 'without contacts it does not even try').to.equal(undefined)
    await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
    await simulation.clock.advance(2 * MINUTE_MS)
    expect(sent).to.have.lengthOf(5)
  })

  it('goes on with the cycle after a restart', async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    await restartAfter(MINUTE_MS, numbers)
    await simulation.clock.advance(24 * HOUR_MS)
    expect(sent.length).to.be.within(20 * 5, 23 * 5)
    expect(roundsSent().length).to.be.greaterThan(8)
  })

  it('begins anew after the node was down for days', async () => {
    const host = simulation.network.createHost()
    await host.stop()
    const providers = new MemoryProviderStore(simulation.clock, { self: host.self.id })
    await publish({ providers }, host.self.id)
    await provide(1)
    await simulation.clock.run(publisher.dht.stop())
    await publisher.host.stop()
    await simulation.clock.advance(72 * HOUR_MS)
    expect(await found(1)).to.deep.equal([])
    await publish({ providers }, host.self.id)
    await simulation.clock.advance(61 * MINUTE_MS)
    expect(await found(1)).to.deep.equal([{ id: bytesToMapKey(host.self.id), addrs: 1 }])
  })

  it('keeps our own records when those past their life are collected', async () => {
    const host = simulation.network.createHost()
    await host.stop()
    const providers = new MemoryProviderStore(simulation.clock, { self: host.self.id })
    await publish({ providers, reprovide: { interval: 400 * HOUR_MS } }, host.self.id)
    await provide(1)
    await simulation.clock.run(nodes[0].dht.provide(content(2)))
    nodes[0].host.crash()
    await simulation.clock.advance(60 * HOUR_MS)
    expect([...providers.providedBy(host.self.id)].map(({ key }) => key)).to.deep.equal([content(1)])
    expect([...providers.providedBy(nodes[0].dht.self.id)]).to.deep.equal([])
  })

  it('is tried again at the next look when nobody could be told', async () => {
    await publish()
    await provide(1)
    simulation.network.partition([[publisher.host]])
    await simulation.clock.advance(26 * HOUR_MS)
    simulation.network.heal()
    await simulation.clock.advance(4 * HOUR_MS)
    expect(await found(1)).to.deep.equal([{ id: bytesToMapKey(publisher.dht.self.id), addrs: 1 }])
  })

  it('is sent at the next look when nobody could be told at first', async () => {
    await publish()
    simulation.network.partition([[publisher.host]])
    expect((await simulation.clock.run(publisher.dht.provide(content(1)))).sentTo).to.deep.equal([])
    simulation.network.heal()
    await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
    await simulation.clock.advance(HOUR_MS)
    expect(await found(1)).to.have.lengthOf(1)
    sent.length = 0
    await simulation.clock.advance(HOUR_MS)
    expect(sent, 'once').to.deep.equal([])
  })

  it('is not begun again by a provide that is over after unprovide', async () => {
    simulation.network.partition([nodes.map(({ host }) => host)])
    const providers = new MemoryProviderStore(simulation.clock)
    await publish({ providers })
    await simulation.clock.run(Promise.all([publisher.dht.provide(content(1)), publisher.dht.unprovide(content(1))]))
    expect([...providers.providedBy(publisher.dht.self.id)]).to.deep.equal([])
  })

  it('is sent soon after a restart when nobody could be told before', async () => {
    simulation.network.partition([nodes.map(({ host }) => host)])
    await restartAfter(MINUTE_MS, [1])
    simulation.network.heal()
    await simulation.clock.advance(10 * MINUTE_MS)
    expect(await found(1)).to.have.lengthOf(1)
  })
})
