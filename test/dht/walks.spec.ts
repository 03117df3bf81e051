import { expect } from 'aegir/chai'
import { MAX_WALKS, Walks } from '../../src/dht/walks.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { MAX_PENDING } from '../../src/rpc/limits.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

describe('walks', () => {
  let clock: VirtualClock
  let walks: Walks
  /** Which of those that had to wait have begun, in that order. */
  let begun: number[]

  beforeEach(async () => {
    clock = new VirtualClock({ start: 0 })
    walks = new Walks(clock)
    begun = []
    for (let i = 0; i < MAX_WALKS; i++) {
      await walks.begin(0, [])
    }
  })

  async function wait (name: number, deadline = 1_000, signal?: AbortSignal): Promise<void> {
    await walks.begin(deadline, [signal])
    begun.push(name)
  }

  it('begin one after another when there is no more room, in the order in which they came', async () => {
    const waiting = Promise.all([1, 2, 3].map(async name => wait(name)))
    walks.rest()
    await clock.advance(10)
    expect(begun).to.deep.equal([1])
    walks.rest()
    walks.rest()
    await clock.run(waiting)
    expect(begun).to.deep.equal([1, 2, 3])
    expect(clock.pending).to.equal(0)
  })

  it('leave their place to nobody when they go on at once', async () => {
    const waiting = wait(1)
    walks.rest()
    walks.goOn()
    await clock.advance(10)
    expect(begun).to.deep.equal([])
    walks.rest()
    await clock.run(waiting)
  })

  it('wait no longer than their deadline, nor than somebody wants them', async () => {
    const controller = new AbortController()
    await clock.advance(100)
    const late = wait(1, 500).catch((err: Error) => err)
    const given = wait(2, 1_000, controller.signal).catch((err: Error) => err)
    controller.abort(new Error('enough'))
    expect(await clock.run(given)).to.have.property('message', 'enough')
    expect(await clock.run(late)).to.have.property('name', 'TimeoutError')
    expect(clock.now()).to.equal(500)
    walks.rest()
    await clock.run(wait(3))
    expect(begun).to.deep.equal([3])
    expect(clock.pending).to.equal(0)
  })
})

describe('more operations at once than may wait for one peer', () => {
  const MANY = MAX_PENDING + 76
  let simulation: Simulation
  let node: SimulatedNode
  let client: SimulatedNode

  beforeEach(async () => {
    simulation = new Simulation({ seed: 1, latency: 1 })
    const [, , last] = await simulation.nodesJoined(3)
    node = last
    client = await simulation.node({ mode: 'client', bootstrap: last.host.self.addrs })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** What `task` gives, done for each of many at once. */
  async function all<T> (task: (name: string) => Promise<T>): Promise<T[]> {
    return simulation.clock.run(Promise.all(Array.from({ length: MANY }, async (_, i) => task(`key ${i}`))))
  }

  it('all find whom and what there is', async () => {
    const lookups = await all(async name => client.dht.lookup(name))
    expect(lookups.filter(({ closest, failed }) => closest.length < 3 || failed > 0)).to.deep.equal([])
    const puts = await all(async name => node.dht.put(name, name))
    expect(puts.filter(({ storedAt }) => storedAt.length < 2)).to.deep.equal([])
    const gets = await all(async name => client.dht.get(name))
    expect(gets.filter(({ agreeing }) => agreeing.length < 3)).to.deep.equal([])
    expect(client.dht.contacts).to.equal(3)
  })

  it('also those that are begun for what others have found', async () => {
    const key = utf8('a multihash')
    await simulation.clock.run(node.dht.provide(key))
    const found = await all(async name => {
      const peers: number[] = []
      for await (const { provider } of client.dht.findProviders(key, { limit: 2 })) {
        const { closest } = await client.dht.lookup(`${name} of ${provider.id.length}`)
        peers.push(closest.length)
      }
      return peers.join()
    })
    expect(new Set(found)).to.deep.equal(new Set(['3']))
  })

  it('are all given up by one signal', async () => {
    const controller = new AbortController()
    const failures = all(async name => client.dht.lookup(name, { signal: controller.signal }).catch((err: Error) => err.message))
    simulation.clock.schedule(1, () => { controller.abort(new Error('enough')) })
    expect(new Set(await failures)).to.deep.equal(new Set(['enough']))
  })
})
