import { expect } from 'aegir/chai'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MemoryProviderStore, MemoryValueStore } from '../../src/store/memory.ts'
import { clockOfToday, Disk, idOf, multihashOf, peerOf } from './fixtures.ts'
import type { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { ValueStore } from '../../src/store/value-store.ts'

const MANY = 1_000

describe('store: what expires by the thousand', () => {
  let clock: VirtualClock

  beforeEach(async () => {
    clock = await clockOfToday()
  })

  /** Of all that was put, one lives on. */
  async function fill (store: ValueStore): Promise<void> {
    const now = clock.now()
    for (let i = 0; i <= MANY; i++) {
      await store.put({ key: multihashOf(i), value: new Uint8Array(1), timeReceived: now, expires: now + (i === MANY ? 1_000 : 1) })
    }
    await clock.advance(1)
  }

  it('is collected in many turns of the event loop, values as well as provider records', async () => {
    const values = new MemoryValueStore(clock)
    await fill(values)
    const providers = new MemoryProviderStore(clock, { validity: 500 })
    for (let i = 0; i < MANY; i++) {
      await providers.add(multihashOf(i), peerOf(i % 7))
    }
    await clock.advance(500)
    for (const store of [values, providers]) {
      const collecting = store.collect()
      await macrotask()
      const { expired = 0 } = store.counts ?? {}
      expect(expired < MANY ? 'others had a turn' : 'all in one').to.equal('others had a turn')
      expect(await clock.run(collecting)).to.equal(MANY)
    }
    expect(values.counts).to.include({ values: 1, expired: MANY })
    expect(providers.counts).to.include({ rows: 0, expired: MANY })
    expect(clock.pending).to.equal(0)
  })

  it('is read in many turns of the event loop, as whatever else there is of provider records', async () => {
    const many = 10_000
    const init = { datastore: new Disk(), clock, self: idOf(0) }
    const before = new DatastoreProviderStore(init)
    await before.open()
    for (let i = 0; i < many; i++) {
      await before.add(multihashOf(i), peerOf(1 + i % 7, []))
    }
    const store = new DatastoreProviderStore(init)
    const opening = store.open()
    await macrotask()
    expect(store.counts == null ? 'others had a turn' : 'all in one').to.equal('others had a turn')
    await clock.run(opening)
    expect(store.counts).to.include({ rows: many, expired: 0, corrupt: 0 })
    expect(clock.pending).to.equal(0)
  })

  it('is given to a datastore many at once', async () => {
    const disk = new Disk()
    const store = new DatastoreValueStore({ datastore: disk, clock, ttl: 1_000 })
    await store.open()
    await fill(store)
    let atOnce = 0
    let most = 0
    disk.turns = () => {
      most = Math.max(most, ++atOnce)
      void macrotask().then(() => { atOnce-- })
      return 20
    }
    expect(await clock.run(store.collect())).to.equal(MANY)
    expect(most).to.be.within(100, 600)
  })

  it('is not among the lives of values, which are told without reading any', async () => {
    const disk = new Disk()
    const store = new DatastoreValueStore({ datastore: disk, clock, ttl: 1_000 })
    await store.open()
    await fill(store)
    expect([...store.lives()]).to.deep.equal([{ key: multihashOf(MANY), expires: clock.now() + 999 }])
    expect(disk.calls.get).to.equal(0)
  })
})
