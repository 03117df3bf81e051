import { expect } from 'aegir/chai'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import fc from '../helpers/fast-check.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { all, clockOfToday, Disk, idOf } from './fixtures.ts'
import type { StoredValue } from '../../src/store/value-store.ts'

const LIMITS = { maxValues: 4, maxBytes: 40 }
const TTL = 50

/** What a value store is, in as few words as possible. */
class Model {
  rows: StoredValue[] = []
  readonly #refused = { full: 0, perPeer: 0 }
  #expired = 0

  get counts (): object {
    return { values: this.rows.length, bytes: bytesOf(this.rows), refused: this.#refused, expired: this.#expired, corrupt: 0 }
  }

  put (value: StoredValue, now: number): 'put' | 'StoreFullError' {
    const others = (): StoredValue[] => this.rows.filter(row => text(row) !== text(value))
    const fits = (): boolean => this.#fits(others(), value)
    for (const row of this.#byExpiry()) {
      if (!fits() && row.expires <= now && text(row) !== text(value)) {
        this.rows = this.rows.filter(other => other !== row)
        this.#expired++
      }
    }
    if (!fits()) {
      this.#refused.full++
      return 'StoreFullError'
    }
    this.rows = [...others(), value]
    return 'put'
  }

  collect (now: number): number {
    const before = this.rows.length
    this.rows = this.live(now)
    this.#expired += before - this.rows.length
    return before - this.rows.length
  }

  live (now: number): StoredValue[] {
    return this.rows.filter(({ expires }) => expires > now)
  }

  #byExpiry (): StoredValue[] {
    return [...this.rows].sort((a, b) => a.expires - b.expires || this.rows.indexOf(a) - this.rows.indexOf(b))
  }

  #fits (others: StoredValue[], value: StoredValue): boolean {
    const sum = bytesOf([...others, value])
    const old = this.rows.find(row => text(row) === text(value))
    return others.length + 1 <= LIMITS.maxValues && (sum <= LIMITS.maxBytes || (old != null && value.value.byteLength <= old.value.byteLength))
  }
}

function bytesOf (rows: StoredValue[]): number {
  return rows.reduce((bytes, { key, value }) => bytes + key.byteLength + value.byteLength, 0)
}

function text ({ key }: { key: Uint8Array }): string {
  return new TextDecoder().decode(key)
}

function sorted (rows: StoredValue[]): StoredValue[] {
  return [...rows].sort((a, b) => text(a) < text(b) ? -1 : 1)
}

const steps = fc.array(fc.record({
  type: fc.constantFrom('put', 'put', 'put', 'get', 'delete', 'collect', 'reopen'),
  key: fc.constantFrom('/a', '/b', '/c', '/d', '/e', '/f').map(utf8),
  size: fc.nat(20),
  life: fc.oneof(fc.constant(TTL), fc.integer({ min: 1, max: 100 })),
  pause: fc.nat(20)
}), { maxLength: 60 })

describe('store: values in memory and on a datastore', () => {
  it('are those of a naive model, whatever is done', async () => {
    await fc.assert(fc.asyncProperty(steps, async steps => {
      const clock = await clockOfToday()
      const datastore = new Disk()
      const open = async (): Promise<DatastoreValueStore> => {
        const store = new DatastoreValueStore({ datastore, clock, ttl: TTL, limits: LIMITS })
        await store.open()
        return store
      }
      const model = new Model()
      const memory = new MemoryValueStore(clock, LIMITS)
      let disk = await open()
      for (const { type, key, size, life, pause } of steps) {
        await clock.advance(pause)
        const now = clock.now()
        switch (type) {
          case 'put': {
            const value = { key, value: new Uint8Array(size).fill(life), timeReceived: now, expires: now + life }
            const expected = model.put(value, now)
            for (const store of [memory, disk]) {
              expect(await store.put(value).then(() => 'put', err => err.name)).to.equal(expected)
            }
            break
          }
          case 'delete':
            model.rows = model.rows.filter(row => text(row) !== text({ key }))
            await memory.delete(key)
            await disk.delete(key)
            break
          case 'collect': {
            const expected = model.collect(now)
            expect([await memory.collect(), await disk.collect()]).to.deep.equal([expected, expected])
            break
          }
          case 'reopen':
            disk = await open()
            break
          default: {
            const expected = model.live(now).find(row => text(row) === text({ key }))
            expect([await memory.get(key), await disk.get(key)]).to.deep.equal([expected, expected])
          }
        }
        expect(sorted(await all(memory.values()))).to.deep.equal(sorted(model.live(now)))
        expect(sorted(await all(disk.values()))).to.deep.equal(sorted(model.live(now)))
        expect((await datastore.rows()).size, 'rows on the disk').to.equal(model.rows.length)
        expect(memory.counts).to.deep.equal(model.counts)
      }
    }), { seed: 32, numRuns: 200 })
  })

  it('are what was written last, and within the limits, however writes overlap', async () => {
    const writes = fc.array(fc.record({ key: fc.constantFrom('/a', '/b', '/c').map(utf8), size: fc.nat(20), turns: fc.nat(9) }), { minLength: 1, maxLength: 20 })
    await fc.assert(fc.asyncProperty(writes, async writes => {
      const clock = await clockOfToday()
      const datastore = new Disk()
      let call = 0
      datastore.turns = () => writes[call++ % writes.length].turns
      const store = new DatastoreValueStore({ datastore, clock, ttl: TTL, limits: { maxValues: 2, maxBytes: 40 } })
      await store.open()
      await Promise.allSettled(['/a', '/c'].map(async key => { await store.put({ key: utf8(key), value: new Uint8Array(5), timeReceived: clock.now(), expires: clock.now() + 1 }) }))
      await clock.advance(1)
      const last = new Map<string, number>()
      await Promise.all(writes.map(async ({ key, size }, n) => {
        const value = { key, value: new Uint8Array(size).fill(n), timeReceived: clock.now(), expires: clock.now() + TTL }
        await store.put(value).then(() => last.set(text(value), n), err => { expect(err.name).to.equal('StoreFullError') })
      }))
      await store.collect()
      const kept = await all(store.values())
      expect(kept.length).to.be.at.most(2)
      expect(bytesOf(kept)).to.be.at.most(40)
      expect((await datastore.rows()).size).to.equal(kept.length)
      for (const value of kept.filter(({ value }) => value.byteLength > 0)) {
        expect(value.value[0]).to.equal(last.get(text(value)))
      }
    }), { seed: 33, numRuns: 300 })
  })

  it('of one peer are a part of them at most, and it gets room when its own expire', async () => {
    const clock = await clockOfToday()
    const datastore = new Disk()
    const disk = new DatastoreValueStore({ datastore, clock, ttl: TTL, limits: { maxValues: 8 } })
    await disk.open()
    for (const store of [new MemoryValueStore(clock, { maxValues: 8 }), disk]) {
      const put = async (key: string, peer?: number): Promise<string> => {
        const value = { key: utf8(key), value: new Uint8Array(1), timeReceived: clock.now(), expires: clock.now() + TTL }
        return store.put(value, peer == null ? {} : { from: idOf(peer) }).then(() => 'put', err => `${err.name} ${err.reason}`)
      }
      datastore.turns = () => 3 // all are under way at once
      expect(await Promise.all(['/a', '/b', '/c', '/d'].map(async key => put(key, 1)))).to.deep.equal(['put', 'put', 'StoreFullError perPeer', 'StoreFullError perPeer'])
      expect(await put('/a', 1), 'a new version takes no more').to.equal('put')
      expect([await put('/c', 2), await put('/d')]).to.deep.equal(['put', 'put'])
      expect(store.counts).to.deep.equal({ values: 4, bytes: 12, refused: { full: 0, perPeer: 2 }, expired: 0, corrupt: 0 })
      await clock.advance(TTL)
      expect(await put('/e', 1)).to.equal('put')
      expect(store.counts?.expired).to.equal(1)
    }
    expect((await datastore.rows()).size).to.equal(4)
  })

  it('make room at no more cost than it takes to write them, however many have expired', async () => {
    const clock = await clockOfToday()
    const store = new MemoryValueStore(clock, { maxValues: 16_000 })
    const write = async (name: string, count: number): Promise<number> => {
      const begun = performance.now()
      for (let n = 0; n < count; n++) {
        await store.put({ key: utf8(`/${name}/${n}`), value: new Uint8Array(1), timeReceived: clock.now(), expires: clock.now() + TTL })
      }
      return performance.now() - begun
    }
    const filling = await write('first', 16_000)
    await clock.advance(TTL)
    expect(await write('second', 1000)).to.be.below(filling)
    expect(store.counts).to.include({ values: 16_000, expired: 1000 })
  })

  it('are collected without a look at those that live', async () => {
    const clock = await clockOfToday()
    const datastore = new Disk()
    const store = new DatastoreValueStore({ datastore, clock, ttl: TTL })
    await store.open()
    for (let n = 0; n < 1000; n++) {
      await store.put({ key: utf8(`/${n}`), value: new Uint8Array(1), timeReceived: clock.now(), expires: clock.now() + (n % 200 === 0 ? 1 : TTL) })
    }
    const before = { ...datastore.calls }
    await clock.advance(1)
    expect(await store.collect()).to.equal(5)
    expect(datastore.calls).to.deep.equal({ ...before, delete: before.delete + 5 })
    expect(store.counts).to.deep.include({ values: 995, expired: 5 })
  })
})
