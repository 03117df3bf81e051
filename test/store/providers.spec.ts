import { expect } from 'aegir/chai'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { addrOf, all, clockOfToday, Disk, idOf, multihashOf, peerOf } from './fixtures.ts'
import { ProviderModel } from './provider-model.ts'
import type { ModelRow } from './provider-model.ts'
import type { ProviderStore } from '../../src/store/provider-store.ts'

const LIMITS = { maxRows: 5, maxKeys: 3, maxPerKey: 2, maxPerPeer: 2 }
const VALIDITY = 200
const ADDRS_VALIDITY = 100
const SELF = 0
const KEYS = [1, 2, 3, 4]
const PEERS = [SELF, 1, 2, 3, 4]

/** Peer 3 is known to somebody else, asking for peer 4 fails. */
async function addrsOf (id: Uint8Array): Promise<Uint8Array[]> {
  if (id[8] === 4) {
    throw new Error('not in the peer store')
  }
  return id[8] === 3 ? [addrOf(33)] : []
}

const INIT = { self: idOf(SELF), limits: LIMITS, validity: VALIDITY, addrsValidity: ADDRS_VALIDITY, addrsOf }

/** What a provider store is, in as few words as possible. */
class Model {
  readonly addrs = new Map<number, { time: number, addr: number }>()
  expired = 0
  readonly #records = new ProviderModel(SELF, LIMITS)

  get rows (): ModelRow[] {
    return this.#records.rows
  }

  get counts (): object {
    const others = this.rows.filter(({ peer }) => peer !== SELF)
    return {
      rows: others.length,
      own: this.rows.length - others.length,
      keys: new Set(others.map(({ key }) => key)).size,
      providers: new Set(others.map(({ peer }) => peer)).size,
      evicted: this.#records.evicted,
      expired: this.expired,
      corrupt: 0
    }
  }

  add (key: number, peer: number, addr: number | undefined, now: number): void {
    if (addr != null) {
      this.addrs.set(peer, { time: now, addr })
    }
    this.#records.add(key, peer, now)
    this.#forgetAddrs()
  }

  drop (which: (row: ModelRow) => boolean): number {
    const before = this.rows.length
    this.#records.rows = this.rows.filter(row => !which(row))
    this.#forgetAddrs()
    return before - this.rows.length
  }

  collect (now: number): number {
    const dropped = this.drop(({ peer, added }) => peer !== SELF && now >= added + VALIDITY)
    this.expired += dropped
    return dropped
  }

  get (key: number, now: number): object[] {
    return this.rows.filter(row => row.key === key && now < row.added + VALIDITY)
      .map(({ peer }) => {
        const known = this.addrs.get(peer)
        const elsewhere = peer === 3 ? [addrOf(33)] : []
        return { id: idOf(peer), addrs: known != null && now < known.time + ADDRS_VALIDITY ? [addrOf(known.addr)] : elsewhere }
      })
      .reverse()
  }

  reopen (): void {
    this.#records.reopen()
  }

  providedBy (peer: number): string[] {
    return this.rows.filter(row => row.peer === peer).map(({ key, added }) => `${key} ${added}`).sort()
  }

  #forgetAddrs (): void {
    for (const peer of this.addrs.keys()) {
      if (!this.rows.some(row => row.peer === peer)) {
        this.addrs.delete(peer)
      }
    }
  }
}

async function providedBy (store: ProviderStore, peer: number): Promise<string[]> {
  return (await all(store.providedBy(idOf(peer)))).map(({ key, added }) => `${key[4]} ${added}`).sort()
}

const steps = fc.array(fc.record({
  type: fc.constantFrom('add', 'add', 'add', 'add', 'remove', 'collect', 'reopen'),
  key: fc.constantFrom(...KEYS),
  peer: fc.constantFrom(...PEERS),
  addr: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  pause: fc.integer({ min: 1, max: 60 })
}), { maxLength: 50 })

describe('store: providers in memory and on a datastore', () => {
  it('are those of a naive model, whatever is done', async () => {
    await fc.assert(fc.asyncProperty(steps, async steps => {
      const clock = await clockOfToday()
      const datastore = new Disk()
      const open = async (): Promise<DatastoreProviderStore> => {
        const store = new DatastoreProviderStore({ ...INIT, datastore, clock, cacheSize: 2 })
        await store.open()
        return store
      }
      const model = { memory: new Model(), disk: new Model() }
      const memory = new MemoryProviderStore(clock, INIT)
      let disk = await open()
      for (const { type, key, peer, addr, pause } of steps) {
        await clock.advance(pause)
        const now = clock.now()
        switch (type) {
          case 'add': {
            const provider = peerOf(peer, addr == null ? [] : [addrOf(addr)])
            model.memory.add(key, peer, addr, now)
            model.disk.add(key, peer, addr, now)
            await memory.add(multihashOf(key), provider)
            await disk.add(multihashOf(key), provider)
            break
          }
          case 'remove':
            model.memory.drop(row => row.key === key && row.peer === peer)
            model.disk.drop(row => row.key === key && row.peer === peer)
            await memory.remove(multihashOf(key), idOf(peer))
            await disk.remove(multihashOf(key), idOf(peer))
            break
          case 'collect':
            expect(await memory.collect()).to.equal(model.memory.collect(now))
            expect(await disk.collect()).to.equal(model.disk.collect(now))
            break
          default:
            model.disk.reopen()
            disk = await open()
        }
        const rows = await datastore.rows()
        expect(rows.size, 'rows on the disk').to.equal(model.disk.rows.length + model.disk.addrs.size)
        expect(memory.counts).to.deep.equal(model.memory.counts)
        for (const [store, expected] of [[memory, model.memory], [disk, model.disk]] as const) {
          for (const key of KEYS) {
            expect(await store.get(multihashOf(key))).to.deep.equal(expected.get(key, now))
          }
          for (const peer of PEERS) {
            expect(await providedBy(store, peer)).to.deep.equal(expected.providedBy(peer))
          }
        }
      }
    }), { seed: 51, numRuns: repetitions(60) })
  })

  it('are on the disk what they are in memory, however writes overlap', async () => {
    const calls = fc.array(fc.record({
      type: fc.constantFrom('add', 'add', 'add', 'remove', 'collect'),
      key: fc.constantFrom(...KEYS),
      peer: fc.constantFrom(...PEERS),
      pause: fc.nat(150),
      turns: fc.nat(9)
    }), { minLength: 1, maxLength: 25 })
    await fc.assert(fc.asyncProperty(calls, async calls => {
      const clock = await clockOfToday()
      const datastore = new Disk()
      let call = 0
      datastore.turns = () => calls[call++ % calls.length].turns
      const store = new DatastoreProviderStore({ ...INIT, datastore, clock, cacheSize: 2 })
      await store.open()
      const under = calls.map(async ({ type, key, peer }) => {
        switch (type) {
          case 'add':
            await store.add(multihashOf(key), peerOf(peer))
            break
          case 'remove':
            await store.remove(multihashOf(key), idOf(peer))
            break
          default:
            await store.collect()
        }
      })
      await Promise.all(under)
      const reopened = new DatastoreProviderStore({ ...INIT, datastore, clock })
      const before = await datastore.rows()
      await reopened.open()
      expect(await datastore.rows(), 'nothing is left to be tidied').to.deep.equal(before)
      for (const peer of PEERS) {
        expect(await providedBy(reopened, peer)).to.deep.equal(await providedBy(store, peer))
      }
    }), { seed: 52, numRuns: repetitions(300) })
  })

  it('keeps what we provide ourselves, whatever others do and however long we were away', async () => {
    const clock = await clockOfToday()
    const datastore = new Disk()
    const disk = new DatastoreProviderStore({ ...INIT, datastore, clock })
    await disk.open()
    const memory = new MemoryProviderStore(clock, INIT)
    for (const store of [memory, disk]) {
      for (let n = 0; n < 20; n++) {
        await store.add(multihashOf(n), peerOf(SELF))
      }
      for (let n = 0; n < 50; n++) {
        await store.add(multihashOf(n), peerOf(n + 1))
      }
    }
    await clock.advance(1000 * VALIDITY)
    for (const store of [memory, disk]) {
      expect(await store.collect()).to.equal(LIMITS.maxKeys)
      expect(await all(store.providedBy(idOf(SELF)))).to.have.lengthOf(20)
      expect(await store.get(multihashOf(0)), 'nobody is told of what has expired').to.deep.equal([])
    }
    const again = new DatastoreProviderStore({ ...INIT, datastore, clock })
    await again.open()
    expect(await again.collect()).to.equal(0)
    expect(await all(again.providedBy(idOf(SELF)))).to.have.lengthOf(20)
  })

  it('keeps of one peer\'s addresses those that can be used, and not too many', async () => {
    const store = new MemoryProviderStore(await clockOfToday())
    const long = (n: number): Uint8Array => Uint8Array.of(54, 200, 1, ...new Uint8Array(200).fill(97 + n), 6, 0x0f, 0xa1)
    await store.add(multihashOf(1), peerOf(1, [Uint8Array.of(1, 2, 3), addrOf(1), addrOf(1), ...Array.from({ length: 16 }, (_, n) => long(n))]))
    const [{ addrs }] = await store.get(multihashOf(1))
    expect(addrs).to.deep.equal([addrOf(1), ...Array.from({ length: 9 }, (_, n) => long(n))])
    await store.add(multihashOf(1), peerOf(1, [Uint8Array.of(1, 2, 3)]))
    expect((await store.get(multihashOf(1)))[0].addrs, 'useless ones erase nothing').to.have.lengthOf(10)
  })
})
