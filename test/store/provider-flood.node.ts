import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { MAX_PROVIDED_KEYS, MAX_PROVIDER_ROWS } from '../../src/store/limits.ts'
import { MemoryProviderStore } from '../../src/store/memory.ts'
import { bytesEqual } from '../../src/wire/bytes-equal.ts'
import { encodeRequest } from '../../src/wire/codec.ts'
import { frame } from '../helpers/protobuf.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import { addrOf, all, clockOfToday, idOf, multihashOf, peerOf } from './fixtures.ts'
import { measured, MIB } from './measured.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ProviderLimits } from '../../src/store/provider-index.ts'
import type { ProviderStore } from '../../src/store/provider-store.ts'

const FLOODERS = 100
const HONEST = 50
const KEYS_EACH = 20
const HONEST_ROWS = HONEST * KEYS_EACH
/** What the store may grow by; README.md says so. */
const BOUND = 40 * MIB

const self = idOf(0)
const honest = Array.from({ length: HONEST }, (_, n) => peerOf(1000 + n))
const flooders = Array.from({ length: FLOODERS }, (_, n) => peerOf(1 + n))

/** The nth of the keys that the honest provide: nobody else does, but for those who flood. */
function honestKey (n: number): Uint8Array {
  return multihashOf(2_000_000 + n)
}

async function provideAll (store: ProviderStore, peers: readonly PeerInfo[] = honest): Promise<void> {
  for (let n = 0; n < HONEST_ROWS; n++) {
    await store.add(honestKey(n), peers[n % HONEST])
  }
}

/** How many of the honest records are missing or have lost their addresses. */
async function missing (store: ProviderStore, peers: readonly PeerInfo[] = honest): Promise<number> {
  let count = 0
  for (let n = 0; n < HONEST_ROWS; n++) {
    const { id, addrs } = peers[n % HONEST]
    const found = (await store.get(honestKey(n))).find(provider => bytesEqual(provider.id, id))
    count += found?.addrs.length === addrs.length ? 0 : 1
  }
  return count
}

/** Others than the honest, with the same addresses. */
const newcomers = honest.map(({ id, addrs }) => ({ id: Uint8Array.from(id, (byte, i) => i === 10 ? 1 : byte), addrs }))

/** Orders in which peers can flood: who is the nth of `count` to send, and which key? */
const ORDERS = {
  'keys of their own, in turns': n => [n % FLOODERS, multihashOf(n)],
  'keys of their own, one peer after another': (n, count) => [Math.floor(n / count * FLOODERS), multihashOf(n)],
  'the same keys, in turns': n => [n % FLOODERS, multihashOf(Math.floor(n / FLOODERS))],
  'the keys of the honest, key after key': n => [n % FLOODERS, honestKey(Math.floor(n / FLOODERS) % HONEST_ROWS)],
  'the keys of the honest, one peer after another': (n, count) => [Math.floor(n / count * FLOODERS), honestKey(n % HONEST_ROWS)],
  'the keys of the honest, at random': n => [n % FLOODERS, honestKey((Math.imul(n, 0x9e3779b1) >>> 16) % HONEST_ROWS)]
} satisfies Record<string, (n: number, count: number) => [flooder: number, key: Uint8Array]>

interface Flood {
  readonly order: keyof typeof ORDERS
  /** ADD_PROVIDERs. */
  readonly count: number
  /** Of the store; the defaults if there are none. */
  readonly limits?: ProviderLimits
  /** Records that are there in the end. */
  readonly rows: number
}

const TENTH = { maxRows: Math.floor(MAX_PROVIDER_ROWS / 10), maxKeys: Math.floor(MAX_PROVIDED_KEYS / 10) }

const FLOODS: Flood[] = [
  { order: 'keys of their own, in turns', count: 1_000_000, rows: MAX_PROVIDED_KEYS },
  { order: 'keys of their own, one peer after another', count: 50_000, limits: TENTH, rows: TENTH.maxKeys },
  { order: 'the same keys, in turns', count: 400_000, rows: 400_000 * 64 / 100 + HONEST_ROWS },
  { order: 'the keys of the honest, key after key', count: 120_000, rows: 64 * HONEST_ROWS },
  { order: 'the keys of the honest, key after key', count: 50_000, limits: TENTH, rows: TENTH.maxRows },
  { order: 'the keys of the honest, one peer after another', count: 100_000, limits: TENTH, rows: TENTH.maxRows },
  { order: 'the keys of the honest, at random', count: 100_000, limits: TENTH, rows: TENTH.maxRows }
]

describe('store: ADD_PROVIDERs from 100 peers who flood', function () {
  this.timeout(240_000)

  FLOODS.forEach(({ order, count, limits, rows }) => {
    it(`${count} stay below ${BOUND / MIB} MiB and push nobody out: ${order}, room for ${limits?.maxRows ?? MAX_PROVIDER_ROWS}`, async () => {
      const clock = await clockOfToday()
      const { built: store, grown } = await measured(async () => {
        const store = new MemoryProviderStore(clock, { self, limits })
        await provideAll(store)
        for (let n = 0; n < KEYS_EACH; n++) {
          await store.add(n % 2 === 0 ? honestKey(n) : multihashOf(3_000_000 + n), { id: self, addrs: [addrOf(9)] })
        }
        for (let n = 0; n < count; n++) {
          const [flooder, key] = ORDERS[order](n, count)
          await store.add(key, flooders[flooder])
        }
        return store
      })
      expect(await missing(store)).to.equal(0)
      expect(grown).to.be.lessThan(BOUND)
      expect(store.counts).to.deep.include({ rows, own: KEYS_EACH, providers: FLOODERS + HONEST })
      expect(await all(store.providedBy(self))).to.have.lengthOf(KEYS_EACH)

      await provideAll(store) // they go on
      expect(await missing(store)).to.equal(0)
      await provideAll(store, newcomers) // and others come
      expect([await missing(store), await missing(store, newcomers)]).to.deep.equal([0, 0])
    })
  })
})

describe('store: a flood of ADD_PROVIDERs', function () {
  this.timeout(120_000)

  /** The honest have more than one part in 1024 of it: they are weighed like those who flood. */
  const limits = { maxRows: 8192, maxKeys: 4096, maxPerKey: 16 }

  it('leaves the honest rows on a datastore, and nothing that the index does not know', async () => {
    const clock = await clockOfToday()
    const datastore = new MemoryDatastore()
    const open = async (): Promise<DatastoreProviderStore> => {
      const store = new DatastoreProviderStore({ datastore, clock, self, limits })
      await clock.run(store.open())
      return store
    }
    const store = await open()
    await provideAll(store)
    await store.add(multihashOf(3_000_000), { id: self, addrs: [addrOf(9)] })
    for (let n = 0; n < 20_000; n++) {
      await store.add(n % 3 === 0 ? honestKey(n % HONEST_ROWS) : multihashOf(n), flooders[n % FLOODERS])
    }
    expect(await missing(store)).to.equal(0)
    const { rows, own, keys, providers, evicted } = store.counts ?? expect.fail('it is open')
    expect({ own, keys, providers }).to.deep.equal({ own: 1, keys: limits.maxKeys, providers: FLOODERS + HONEST })
    expect(evicted.keys).to.be.at.least(20_000 - 7_000 - limits.maxKeys)
    expect((await all(datastore.queryKeys({ prefix: '/dht/provider' }))).length).to.equal(rows + own)
    expect((await all(datastore.queryKeys({ prefix: '/dht/addrs' }))).length).to.equal(providers + 1)

    const again = await open()
    expect(await missing(again)).to.equal(0)
    expect(again.counts).to.deep.equal({ rows, own, keys, providers, evicted: { rows: 0, keys: 0, perKey: 0, perPeer: 0 }, expired: 0, corrupt: 0 })
  })

  it('does so over the wire', async () => {
    const simulation = new Simulation({ seed: 4, latency: 5 })
    const { clock, network } = simulation
    const providers = new MemoryProviderStore(clock, { self, limits })
    const { dht } = await simulation.node({ providers }, { id: self })
    const hosts = (count: number): MemoryHost[] => Array.from({ length: count }, () => network.createHost())
    const [good, bad] = [hosts(HONEST), hosts(FLOODERS)]
    const tell = async (host: MemoryHost, count: number, key: (n: number) => Uint8Array): Promise<void> => {
      const stream = await host.openStream(dht.self, PROTOCOL)
      await stream.sink((function * () {
        for (let n = 0; n < count; n++) {
          yield frame(encodeRequest({ type: 'add-provider', key: key(n), providers: [host.self] }))
        }
      })())
      expect((await stream.source.next()).done, 'nothing is answered').to.equal(true)
    }
    const tellHonestly = async (): Promise<void> => {
      await clock.run(Promise.all(good.map(async (host, i) => tell(host, KEYS_EACH, n => honestKey(n * HONEST + i)))))
    }
    await tellHonestly()
    await clock.run(Promise.all(bad.map(async (host, i) => tell(host, 200, n => n % 4 === 0 ? honestKey(n * 5 + i % 5) : multihashOf(n * FLOODERS + i)))))
    const peers = good.map(({ self }) => self)
    expect(await missing(providers, peers)).to.equal(0)
    expect(providers.counts).to.deep.include({ keys: limits.maxKeys, providers: FLOODERS + HONEST })
    expect(providers.counts.evicted.keys).to.be.at.least(20_000 - 5_000 - limits.maxKeys)
    await tellHonestly()
    expect(await missing(providers, peers)).to.equal(0)
    expect(await simulation.stop()).to.equal(0)
  })
})
