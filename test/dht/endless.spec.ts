import { expect } from 'aegir/chai'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { MemoryProviderStore, MemoryValueStore } from '../../src/store/memory.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { OperationOptions } from '../../src/dht/events.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { RecordKind } from '../../src/record/validator.ts'

const KEY = utf8('/v/x')

/** Keeps values and provider records, and never tells of them. */
class SilentValueStore extends MemoryValueStore {
  override async get (): Promise<never> {
    return new Promise(() => {})
  }
}

class SilentProviderStore extends MemoryProviderStore {
  override async get (): Promise<never> {
    return new Promise(() => {})
  }
}

describe('what never comes to an end', () => {
  let simulation: Simulation

  beforeEach(() => {
    simulation = new Simulation({ seed: 92, latency: 10 })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function started (init: Partial<KademliaInit> = {}): Promise<Kademlia> {
    const { clock, network } = simulation
    const dht = new Kademlia({ host: network.createHost(), protocol: PROTOCOL, clock, ...init })
    await clock.run(dht.start())
    return dht
  }

  /** How each of `operations` ends: all are begun, and then `end` is called. */
  async function endings (operations: ReadonlyArray<() => Promise<unknown>>, end: () => void): Promise<string[]> {
    const { clock } = simulation
    const begun = operations.map(async begin => begin().then(() => 'none', (err: Error) => err.name))
    await clock.advance(1000)
    end()
    return clock.run(Promise.all(begun))
  }

  function operationsOf (dht: Kademlia, other: Kademlia, options?: OperationOptions): Array<() => Promise<unknown>> {
    return [
      async () => dht.get(KEY, options),
      async () => dht.searchValue(KEY, options).next(),
      async () => dht.findValue(other.self, KEY, options)
    ]
  }

  it('keeps no operation on a silent datastore waiting that is aborted, nor one whose node stops', async () => {
    const { clock } = simulation
    const other = await started()
    const dht = await started({ values: new SilentValueStore(clock), providers: new SilentProviderStore(clock) })
    const operations = (options?: OperationOptions): Array<() => Promise<unknown>> => [
      ...operationsOf(dht, other, options).slice(0, 2),
      async () => dht.store(other.self, 'x', 'value', options),
      async () => dht.findProviders(KEY, options).next(),
      async () => dht.findProviders(KEY, { ...options, source: 'store' }).next()
    ]
    const controller = new AbortController()
    const aborted = operations({ signal: controller.signal })
    expect(await endings(aborted, () => { controller.abort(new RangeError('enough')) })).to.deep.equal(aborted.map(() => 'RangeError'))
    const stopped = operations()
    expect(await endings(stopped, () => { dht.stop().catch(() => {}) })).to.deep.equal(stopped.map(() => 'NotStartedError'))
    await clock.run(Promise.all([dht.stop(), other.stop()]))
  })

  async function expectStopped (endless: 'validate' | 'select'): Promise<void> {
    const { clock } = simulation
    const verdicts: Pick<RecordKind, 'validate' | 'select'> = { validate: () => {}, select: () => 0 }
    const kinds: RecordKind[] = [{
      namespace: 'v',
      validate: async (record, now) => verdicts.validate(record, now),
      select: async (key, values) => verdicts.select(key, values)
    }]
    const nodes = [await started({ kinds })]
    nodes.push(await started({ kinds, bootstrap: nodes[0].self.addrs }), await started({ kinds, bootstrap: nodes[0].self.addrs }))
    await clock.run(nodes[0].put(KEY, 'value'))
    await clock.run(nodes[1].put(KEY, 'another'))
    const called = new Promise<void>(resolve => {
      const never = async (): Promise<never> => {
        resolve()
        return new Promise(() => {})
      }
      Object.assign(verdicts, { [endless]: never })
    })
    const [dht, other] = nodes
    const begun = [...operationsOf(dht, other).map(async begin => begin().catch(() => {})), dht.put(KEY, 'a third').catch(() => {})]
    await clock.advance(2 * 3_600_000) // all of it is passed on, and looked for
    await called
    await clock.run(Promise.all(nodes.map(async node => node.stop())))
    await clock.run(Promise.all(begun))
  }

  it('keeps no node from stopping, whatever waits for a verdict', async () => expectStopped('validate'))

  it('keeps no node from stopping, whatever waits for a selection', async () => expectStopped('select'))
})
