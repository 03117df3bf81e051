import { expect } from 'aegir/chai'
import { keyOf } from '../../src/keyspace/key.ts'
import { replaceAnswers } from '../helpers/impostor.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { Key } from '../../src/keyspace/key.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** In so many milliseconds what is held is due once, and has been sent. */
const ROUND = 76 * MINUTE

/** Nothing but what a test is about. */
const QUIET: Partial<KademliaInit> = { k: 4, republish: false, replicateInterval: Infinity, handOver: false, cacheFound: false, refreshInterval: 500 * HOUR, selfLookupInterval: 500 * HOUR }

describe('replicating', () => {
  let simulation: Simulation
  let others: SimulatedNode[]
  /** The only one that passes on what it holds. */
  let holder: SimulatedNode
  /** What it holds. */
  let record: ValueRecord
  /** The values that it has sent. */
  let puts: number
  /** Called when it asks somebody for contacts. */
  let onAsk: () => void

  beforeEach(async () => {
    puts = 0
    onAsk = () => {}
    simulation = new Simulation({ seed: 91, latency: 10 })
    others = await simulation.nodesJoined(8, QUIET)
    holder = await simulation.node({
      ...QUIET,
      replicateInterval: HOUR,
      bootstrap: others[0].host.self.addrs,
      observer: {
        client: {
          onRequest (type) {
            puts += type === 'put-value' ? 1 : 0
            if (type === 'find-node') {
              onAsk()
            }
            return () => {}
          }
        }
      }
    })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  function closest (key: Key): SimulatedNode[] {
    const ids = simulation.closest([...others, holder], key, 4)
    return ids.flatMap(id => [...others, holder].filter(({ dht }) => dht.self.id === id))
  }

  /** The holder holds a value of which it is one of the closest, or not. */
  async function hold (isClosest: boolean, ttl = 24 * HOUR): Promise<void> {
    let n = 0
    while (closest(keyOf(utf8(`/kv/${n}`))).includes(holder) !== isClosest) {
      n++
    }
    const { values } = holder.dht.internals
    record = { ...await values.seal(`${n}`, 'value'), ttl }
    await values.accept(record)
  }

  /** How long it lives with each of the others that keep it, milliseconds. */
  async function lives (): Promise<number[]> {
    const rows = await Promise.all(others.map(async ({ dht: { internals: { store } } }) => store.get(record.key)))
    return rows.flatMap(row => row == null ? [] : [row.expires - simulation.clock.now()])
  }

  /** A node loses it, as if its disk had been lost. */
  async function forget ({ dht: { internals: { store } } }: SimulatedNode): Promise<void> {
    await store.put({ key: record.key, value: record.value, timeReceived: 0, expires: 0 })
  }

  it('comes each hour for as long as we are one of the closest, and prolongs no life', async () => {
    await hold(true, 6 * HOUR)
    const end = simulation.clock.now() + 6 * HOUR
    await simulation.clock.advance(HOUR - 1)
    expect(puts, 'others may do it first').to.equal(0)
    for (let round = 1; round <= 3; round++) {
      await Promise.all(others.map(forget))
      await simulation.clock.advance(ROUND)
      const left = end - simulation.clock.now()
      expect(await lives(), `round ${round}`).to.have.lengthOf(4)
      for (const life of await lives()) {
        expect(life).to.be.within(left - 2_000, left)
      }
    }
    expect(holder.dht.internals.counts.replicated).to.equal(puts)
  })

  it('rests once k closer ones have the value, until it comes again', async () => {
    await hold(false)
    await simulation.clock.advance(ROUND)
    expect(await lives()).to.have.lengthOf(4)
    expect(holder.dht.counts.held).to.deep.equal({ values: 1, next: undefined })
    await Promise.all(others.map(forget))
    await simulation.clock.advance(5 * HOUR)
    expect(await lives()).to.deep.equal([])
    await holder.dht.internals.values.accept(record)
    await simulation.clock.advance(ROUND)
    expect(await lives()).to.have.lengthOf(4)
  })

  it('does not rest while one of the closer ones does not take it', async () => {
    await hold(false)
    const [refusing] = closest(keyOf(record.key))
    await replaceAnswers(simulation, refusing, { 'put-value': () => { throw new Error('refused') } })
    for (let round = 1; round <= 3; round++) {
      await Promise.all(others.map(forget))
      await simulation.clock.advance(ROUND)
      expect(await lives(), `round ${round}`).to.have.lengthOf(3)
    }
  })

  it('leaves out what came again before it was sent', async () => {
    await hold(true)
    let came = 0
    onAsk = () => {
      onAsk = () => {}
      came = simulation.clock.now()
      void holder.dht.internals.values.accept(record)
    }
    await simulation.clock.advance(ROUND)
    expect([came > 0, puts]).to.deep.equal([true, 0])
    await simulation.clock.advance(came + ROUND - simulation.clock.now())
    expect(puts).to.equal(4)
  })

  it('leaves out what is over when its time has come, or nearly', async () => {
    for (const left of [0, 1_900]) {
      await hold(true)
      const expires = left === 0 ? 0 : (holder.dht.counts.held.next ?? 0) + left
      await holder.dht.internals.store.put({ ...record, timeReceived: simulation.clock.now(), expires })
      await simulation.clock.advance(ROUND)
    }
    expect(puts).to.equal(0)
  })

  it('ends when the node stops', async () => {
    await hold(true)
    let stopping: Promise<void> | undefined
    onAsk = () => { stopping ??= holder.dht.stop() }
    await simulation.clock.advance(ROUND)
    expect(stopping).to.not.equal(undefined)
    await simulation.clock.run(stopping ?? Promise.resolve())
    expect(puts).to.equal(0)
  })
})
