import { defaultLogger } from '@libp2p/logger'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { Libp2pRecord } from '@libp2p/record'
import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
// not exported, yet what keeps rows on the network
import { Providers } from '../../node_modules/@libp2p/kad-dht/dist/src/providers.js'
import { GetValueHandler } from '../../node_modules/@libp2p/kad-dht/dist/src/rpc/handlers/get-value.js'
import { PutValueHandler } from '../../node_modules/@libp2p/kad-dht/dist/src/rpc/handlers/put-value.js'
import { parseProviderKey, readProviderTime } from '../../node_modules/@libp2p/kad-dht/dist/src/utils.js'
import { systemClock } from '../../src/clock/clock.ts'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { LIBP2P_VALUE_TTL_MS } from '../../src/store/limits.ts'
import fc from '../helpers/fast-check.ts'
import { bytes, utf8 } from '../helpers/protobuf.ts'
import { all, Disk, idOf, multihashOf, peerOf } from './fixtures.ts'
import type { StoredValue } from '../../src/store/value-store.ts'

const PREFIX = '/dht'
const logger = defaultLogger()

/** Reads values as js does; of its components it touches the datastore alone. */
function jsReader (datastore: Disk): { _checkLocalDatastore (key: Uint8Array): Promise<Libp2pRecord | undefined> } {
  return Object.assign(Object.create(GetValueHandler.prototype), { datastore, datastorePrefix: `${PREFIX}/record`, log: logger.forComponent('test') })
}

async function jsPut (datastore: Disk, key: Uint8Array, value: Uint8Array): Promise<void> {
  const writer = new PutValueHandler({ datastore, logger }, { validators: { kv: async () => {} }, logPrefix: 'test', datastorePrefix: PREFIX })
  const message = { key, record: new Libp2pRecord(key, value, new Date()).serialize() }
  await writer.handle(peerIdFromMultihash(Digest.decode(idOf(1))), Object.assign(Object.create(null), message))
}

async function ourValues (datastore: Disk): Promise<DatastoreValueStore> {
  const store = new DatastoreValueStore({ datastore, clock: systemClock, ttl: LIBP2P_VALUE_TTL_MS })
  await store.open()
  return store
}

async function ourProviders (datastore: Disk): Promise<DatastoreProviderStore> {
  const store = new DatastoreProviderStore({ datastore, clock: systemClock, self: idOf(0) })
  await store.open()
  return store
}

const names = fc.uint8Array({ minLength: 1, maxLength: 60 }).map(name => bytes(utf8('/kv/'), name))
const values = fc.uint8Array({ maxLength: 200 })

/** Multihashes of hashes of any length. */
const multihashes = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => bytes([0x12, 32], digest)),
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(digest => bytes([0x11, 20], digest)),
  fc.uint8Array({ minLength: 64, maxLength: 64 }).map(digest => bytes([0x13, 64], digest)),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(digest => bytes([0, digest.byteLength], digest))
)

const ids = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => bytes([0x12, 32], digest)),
  fc.nat(1000).map(idOf)
)

describe('store beside @libp2p/kad-dht', () => {
  it('reads values that js wrote', async () => {
    await fc.assert(fc.asyncProperty(names, values, async (key, value) => {
      const datastore = new Disk()
      await jsPut(datastore, key, value)
      const store = await ourValues(datastore)
      const found = await store.get(key)
      expect(found?.value).to.deep.equal(value)
      expect(found?.expires).to.equal((found?.timeReceived ?? 0) + LIBP2P_VALUE_TTL_MS)
      expect(Math.abs(systemClock.now() - (found?.timeReceived ?? 0))).to.be.lessThan(60_000)
    }), { seed: 81, numRuns: 100 })
  })

  it('writes values that js reads', async () => {
    await fc.assert(fc.asyncProperty(names, values, fc.constantFrom(LIBP2P_VALUE_TTL_MS, 5000), async (key, value, life) => {
      const datastore = new Disk()
      const now = systemClock.now()
      const stored: StoredValue = { key, value, timeReceived: now, expires: now + life }
      await (await ourValues(datastore)).put(stored)
      const found = await jsReader(datastore)._checkLocalDatastore(key)
      expect(found?.key).to.equalBytes(key)
      expect(found?.value).to.equalBytes(value)
      expect(found?.timeReceived.getTime()).to.equal(now)
    }), { seed: 82, numRuns: 100 })
  })

  it('reads provider records that js wrote, also those added to its own', async () => {
    await fc.assert(fc.asyncProperty(multihashes, fc.uniqueArray(ids, { minLength: 1, maxLength: 5, selector: String }), async (key, peers) => {
      const datastore = new Disk()
      const js = new Providers({ datastore, logger }, { logPrefix: 'test', datastorePrefix: PREFIX })
      const cid = CID.createV1(raw.code, Digest.decode(key))
      await (await ourProviders(datastore)).add(key, peerOf(1))
      for (const id of peers) {
        await js.addProvider(cid, peerIdFromMultihash(Digest.decode(id)))
      }
      const found = await (await ourProviders(datastore)).get(key)
      const expected = new Set([idOf(1), ...peers].map(String))
      expect(new Set(found.map(({ id }) => String(id)))).to.deep.equal(expected)
    }), { seed: 83, numRuns: 100 })
  })

  it('writes provider records that js reads, and removes', async () => {
    await fc.assert(fc.asyncProperty(multihashes, ids, async (key, id) => {
      const datastore = new Disk()
      const js = new Providers({ datastore, logger }, { logPrefix: 'test', datastorePrefix: PREFIX })
      const cid = CID.createV1(raw.code, Digest.decode(key))
      const store = await ourProviders(datastore)
      await store.add(key, { ...peerOf(7), id })
      const [found] = await js.getProviders(cid)
      expect(found.toMultihash().bytes).to.equalBytes(id)
      for await (const { key: row, value } of datastore.query({ prefix: `${PREFIX}/provider` })) { // as its reprovider does
        expect(parseProviderKey(row).cid.multihash.bytes).to.equalBytes(key)
        expect(Math.abs(systemClock.now() - readProviderTime(value).getTime())).to.be.lessThan(60_000)
      }
      await js.removeProvider(cid, found)
      expect(await (await ourProviders(datastore)).get(key)).to.deep.equal([])
    }), { seed: 84, numRuns: 100 })
  })

  it('keeps the list of what this node provides when it takes over from js', async () => {
    const datastore = new Disk()
    const js = new Providers({ datastore, logger }, { logPrefix: 'test', datastorePrefix: PREFIX })
    for (let n = 0; n < 30; n++) {
      await js.addProvider(CID.createV1(raw.code, Digest.decode(multihashOf(n))), peerIdFromMultihash(Digest.decode(idOf(0))))
    }
    const ours = await all((await ourProviders(datastore)).providedBy(idOf(0)))
    expect(ours.map(({ key }) => key[4]).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 30 }, (_, n) => n))
  })
})
