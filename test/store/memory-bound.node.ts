import { expect } from 'aegir/chai'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MAX_MEMORY_ADDRS_BYTES, MAX_PROVIDED_KEYS, MAX_PROVIDER_ROWS } from '../../src/store/limits.ts'
import { MemoryProviderRows } from '../../src/store/memory-provider-rows.ts'
import { MemoryPublicationStore } from '../../src/store/memory-publications.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import { ProviderIndex } from '../../src/store/provider-index.ts'
import { MAX_PROVIDER_KEY_BYTES } from '../../src/wire/limits.ts'
import { bytes, utf8 } from '../helpers/protobuf.ts'
import { addrOf, clockOfToday, Disk, idOf, multihashOf, peerOf } from './fixtures.ts'
import { measured, MIB } from './measured.ts'

const ROWS = 100_000

/** A disk that keeps nothing, so that only the store's own memory counts. */
class Sink extends Disk {
  override async put (...[key]: Parameters<Disk['put']>): ReturnType<Disk['put']> {
    this.calls.put++
    return key
  }
}

describe('store: memory', function () {
  this.timeout(120_000)

  it('takes less than 32 MiB for 100,000 provider records of as many providers', async () => {
    const clock = await clockOfToday()
    const datastore = new Sink()
    const { built, grown } = await measured(async () => {
      const store = new DatastoreProviderStore({ datastore, clock, self: idOf(0) })
      await store.open()
      for (let n = 0; n < ROWS; n++) {
        await store.add(multihashOf(n % 20_000), peerOf(n + 1, []))
      }
      return store
    })
    expect(grown).to.be.lessThan(32 * MIB)
    const { ...calls } = datastore.calls
    expect(await built.get(multihashOf(1_000_000))).to.deep.equal([])
    expect(datastore.calls).to.deep.equal(calls)
    expect(await built.get(multihashOf(5))).to.have.lengthOf(5)
    expect(datastore.calls).to.deep.equal({ ...calls, get: calls.get + 5 })
  })

  it('never holds more than 262,144 records of others, in less than 96 MiB', async () => {
    const { built, grown } = await measured(async () => {
      const index = new ProviderIndex(bytesToMapKey(idOf(0)))
      for (let n = 0; n < 300_000; n++) { // as long as multihashes may be, and nobody provides two
        const multihash = bytes(multihashOf(n % MAX_PROVIDED_KEYS), new Uint8Array(MAX_PROVIDER_KEY_BYTES - 34))
        index.add({ key: bytesToMapKey(multihash), provider: bytesToMapKey(idOf(n + 1)), added: 1_700_000_000_000 + n })
      }
      return index
    })
    expect(grown).to.be.lessThan(96 * MIB)
    expect(built.upTo(Infinity)).to.have.lengthOf(MAX_PROVIDER_ROWS)
    expect(built.upTo(1_700_000_300_000 - MAX_PROVIDER_ROWS), 'the latest are kept').to.have.lengthOf(1)
  })

  it('takes less than 24 MiB for 100,000 values of 1 KiB, and reads one row to get one', async () => {
    const clock = await clockOfToday()
    const datastore = new Sink()
    const name = (n: number): Uint8Array => bytes(utf8('/ipns/'), multihashOf(n))
    const value = new Uint8Array(1024)
    const { built, grown } = await measured(async () => {
      const store = new DatastoreValueStore({ datastore, clock, ttl: 1000, limits: { maxValues: ROWS } })
      await store.open()
      for (let n = 0; n < ROWS; n++) {
        await store.put({ key: name(n), value, timeReceived: clock.now(), expires: clock.now() + 1000 })
      }
      return store
    })
    expect(grown).to.be.lessThan(24 * MIB)
    const { ...calls } = datastore.calls
    await built.get(name(ROWS + 1))
    expect(datastore.calls).to.deep.equal(calls)
    await built.get(name(5))
    expect(datastore.calls).to.deep.include({ get: calls.get + 1, query: 1 })
  })

  it('lets go of the values that it drops', async () => {
    const clock = new VirtualClock()
    const values = new MemoryValueStore(clock)
    const publications = new MemoryPublicationStore()
    const name = (n: number): Uint8Array => bytes(utf8('/ipns/'), multihashOf(n))
    const { grown } = await measured(async () => {
      for (let n = 0; n < 64; n++) {
        const key = name(n)
        await values.put({ key, value: new Uint8Array(MIB).fill(n), timeReceived: clock.now(), expires: clock.now() + 1000 })
        await publications.put({ key, value: new Uint8Array(MIB).fill(n), published: clock.now(), life: 1000 })
        await publications.delete(key)
      }
      await clock.advance(1000)
      await values.collect()
    })
    expect(values.counts).to.deep.include({ values: 0, expired: 64 })
    expect(grown).to.be.lessThan(8 * MIB)
  })

  it('bounds the addresses of providers in memory', async () => {
    const rows = new MemoryProviderRows()
    const addrs = Array.from({ length: 16 }, (_, n) => addrOf(n))
    const { grown } = await measured(async () => {
      for (let n = 0; n < 60_000; n++) {
        await rows.putAddrs(idOf(n), { time: n, addrs: addrs.map(addr => addr.slice()) })
      }
    })
    expect(grown).to.be.lessThan(3 * MAX_MEMORY_ADDRS_BYTES)
    expect(await rows.getAddrs(idOf(0))).to.equal(undefined)
    expect(await rows.getAddrs(idOf(59_999))).to.deep.equal({ time: 59_999, addrs })
  })
})
