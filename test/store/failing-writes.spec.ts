import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { DatastorePublicationStore } from '../../src/store/datastore-publications.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import fc from '../helpers/fast-check.ts'
import { all, clockOfToday, idOf, multihashOf, peerOf } from './fixtures.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { ProviderLimits } from '../../src/store/provider-index.ts'
import type { Key } from 'interface-datastore'

const HOUR_MS = 3_600_000

const NOW = 1_700_000_000_000

/** A datastore of which some writes fail. */
class Failing extends MemoryDatastore {
  /** Writes that were tried. */
  writes = 0
  readonly #fails: (write: number) => boolean

  constructor (fails: (write: number) => boolean) {
    super()
    this.#fails = fails
  }

  override async put (...args: Parameters<MemoryDatastore['put']>): Promise<Key> {
    this.#write()
    return super.put(...args)
  }

  override async delete (...args: Parameters<MemoryDatastore['delete']>): Promise<void> {
    this.#write()
    return super.delete(...args)
  }

  #write (): void {
    if (this.#fails(this.writes++)) {
      throw new Error('it was not written')
    }
  }
}

interface Stores {
  readonly values: DatastoreValueStore
  readonly providers: DatastoreProviderStore
  readonly publications: DatastorePublicationStore
}

async function openOn (datastore: MemoryDatastore, clock: Clock, limits?: ProviderLimits): Promise<Stores> {
  const stores = {
    values: new DatastoreValueStore({ datastore, clock, ttl: HOUR_MS, limits: { maxValues: 3, maxBytes: 300 } }),
    providers: new DatastoreProviderStore({ datastore, clock, self: idOf(0), limits }),
    publications: new DatastorePublicationStore({ datastore })
  }
  for (const store of Object.values(stores)) {
    await store.open()
  }
  return stores
}

const LIMITS: ReadonlyArray<[string, ProviderLimits | undefined]> = [
  ['as many provider records as there are', undefined],
  ['few provider records', { maxRows: 4, maxKeys: 3, maxPerKey: 2, maxPerPeer: 2 }]
]

const STEP = fc.record({
  what: fc.constantFrom('put', 'put expired', 'delete', 'collect', 'publish', 'unpublish', 'add', 'remove'),
  key: fc.nat(4),
  peer: fc.nat(3),
  size: fc.nat(150)
})

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

/** What is kept, as text, by kind and key: the number of the step that wrote it. */
type Kept = Map<string, number>

/** The `n`th step, and what it changes once it is acknowledged. */
async function perform ({ values, providers, publications }: Stores, { what, key: number, peer, size }: Step, n: number, kept: Kept): Promise<void> {
  const key = multihashOf(number)
  const value = new Uint8Array(1 + size).fill(n)
  switch (what) {
    case 'put':
      await values.put({ key, value, timeReceived: NOW, expires: NOW + HOUR_MS }, { from: idOf(peer) })
      kept.set(`value ${number}`, n)
      break
    case 'put expired':
      await values.put({ key, value, timeReceived: NOW - HOUR_MS, expires: NOW })
      kept.delete(`value ${number}`)
      break
    case 'delete':
      await values.delete(key)
      kept.delete(`value ${number}`)
      break
    case 'collect':
      await values.collect()
      break
    case 'publish':
      await publications.put({ key, value, published: NOW, life: HOUR_MS })
      kept.set(`publication ${number}`, n)
      break
    case 'unpublish':
      await publications.delete(key)
      kept.delete(`publication ${number}`)
      break
    case 'add':
      await providers.add(key, peerOf(peer), NOW - 1_000 + n)
      kept.set(`provider ${number} ${peer}`, n)
      break
    default:
      await providers.remove(key, idOf(peer))
      kept.delete(`provider ${number} ${peer}`)
  }
}

/** All that the stores give, in the form of {@link Kept}. */
async function tellAll ({ values, providers, publications }: Stores): Promise<Kept> {
  const kept: Kept = new Map()
  for (let number = 0; number < 5; number++) {
    const key = multihashOf(number)
    const value = await values.get(key)
    const publication = await publications.get(key)
    if (value != null) {
      kept.set(`value ${number}`, value.value[0])
    }
    if (publication != null) {
      kept.set(`publication ${number}`, publication.value[0])
    }
  }
  for (let peer = 0; peer < 4; peer++) {
    for (const { key, added } of providers.providedBy(idOf(peer))) {
      kept.set(`provider ${key[4]} ${peer}`, added - NOW + 1_000)
    }
  }
  return kept
}

/** Rows by what they are of. */
async function countRows (datastore: MemoryDatastore): Promise<Record<string, number>> {
  const rows = { record: 0, provider: 0, published: 0, addrs: 0 }
  for (const key of await all(datastore.queryKeys({}))) {
    rows[key.namespaces()[1] as keyof typeof rows]++
  }
  return rows
}

/** What the stores say is there. */
function counted ({ values, providers, publications }: Stores): Record<string, number> {
  const { rows = 0, own = 0, providers: peers = 0 } = providers.counts ?? {}
  return { record: values.counts?.values ?? 0, provider: rows + own, published: [...publications.times()].length, addrs: peers + (own > 0 ? 1 : 0) }
}

describe('stores on a datastore of which writes fail', () => {
  let clock: Clock

  before(async () => { clock = await clockOfToday() })

  /** Returns how many writes there were. */
  async function check (steps: readonly Step[], fails: (write: number) => boolean, limits?: ProviderLimits): Promise<number> {
    let isOver = false
    const datastore = new Failing(write => !isOver && fails(write))
    const stores = await openOn(datastore, clock, limits)
    const kept: Kept = new Map()
    for (const [n, step] of steps.entries()) {
      await perform(stores, step, n, kept).catch((err: Error) => {
        expect(err.name).to.be.oneOf(['DatastoreError', 'StoreFullError'])
      })
    }
    const { writes } = datastore
    isOver = true
    const again = await openOn(datastore, clock, limits)
    if (limits == null) {
      const sorted = [...kept].sort()
      expect([...await tellAll(stores)].sort(), 'the stores that were open').to.deep.equal(sorted)
      expect([...await tellAll(again)].sort(), 'those that are opened next').to.deep.equal(sorted)
    }
    const { addrs, ...rows } = await countRows(datastore)
    const { addrs: providing, ...known } = counted(again)
    expect(known).to.deep.equal(rows)
    // a record that could not be deleted when it gave way comes back; its addresses were of no use meanwhile
    expect(addrs).to.be.within(limits == null ? providing : 0, providing)
    return writes
  }

  for (const [name, limits] of LIMITS) {
    it(`keep what was acknowledged, and nothing else, and know all that is there, whenever it dies: with room for ${name}`, async () => {
      await fc.assert(fc.asyncProperty(fc.array(STEP, { maxLength: 20 }), async steps => {
        const writes = await check(steps, () => false, limits)
        for (let left = 0; left < writes; left++) {
          await check(steps, write => write >= left, limits)
        }
      }), { numRuns: 50 })
    })

    it(`do so when it refuses some writes: with room for ${name}`, async () => {
      await fc.assert(fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), fc.uniqueArray(fc.nat(60)), async (steps, failing) => {
        await check(steps, write => failing.includes(write), limits)
      }), { numRuns: 300 })
    })
  }
})
