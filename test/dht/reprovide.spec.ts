import { expect } from 'aegir/chai'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/config.ts'
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

  beforeEach(async () => {
    simulation = new Simulation({ seed: 51, latency: 10 })
    nodes = await simulation.nodesJoined(5, QUIET)
    sent = []
    sending = 0
    mostAtOnce = 0
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

  it('keeps records alive for as long as the node runs', async () => {
    await publish()
    await provide(1)
    for (let hour = 8; hour <= 120; hour += 8) {
      await simulation.clock.advance(8 * HOUR_MS)
      expect((await found()).map(({ id }) => id), `after ${hour} h`).to.deep.equal([bytesToMapKey(publisher.dht.self.id)])
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

  it('sends a record again when it is about half over, to each of the closest, and not before', async () => {
    await publish()
    const begun = simulation.clock.now()
    await provide(1)
    await simulation.clock.advance(21 * HOUR_MS)
    expect(sent).to.deep.equal([])
    await simulation.clock.advance(5 * HOUR_MS)
    expect(sent).to.have.lengthOf(5)
    expect(sent[0] - begun).to.be.within(22 * HOUR_MS, 25.1 * HOUR_MS)
    await simulation.clock.advance(17 * HOUR_MS)
    expect(sent, 'once').to.have.lengthOf(5)
  })

  it('goes by its options', async () => {
    await publish({ reprovide: { interval: 10 * MINUTE_MS, threshold: 30 * MINUTE_MS, validity: 60 * MINUTE_MS } })
    const begun = simulation.clock.now()
    await provide(1)
    await simulation.clock.advance(28 * MINUTE_MS)
    expect(sent).to.deep.equal([])
    await simulation.clock.advance(15 * MINUTE_MS)
    expect(sent).to.have.lengthOf(5)
    expect(sent[0] - begun).to.be.within(20 * MINUTE_MS, 30 * MINUTE_MS)
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
    await publish({ reprovide: { concurrency: 2, maxQueueSize: 3 } })
    const numbers = Array.from({ length: 10 }, (_, i) => i)
    await provide(...numbers)
    mostAtOnce = 0
    await simulation.clock.advance(26 * HOUR_MS)
    expect(sent).to.have.lengthOf(50)
    expect(mostAtOnce).to.be.within(1, 10)
    await simulation.clock.advance(23 * HOUR_MS)
    for (const number of numbers) {
      expect(await found(number), `record ${number}`).to.have.lengthOf(1)
    }
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
})
