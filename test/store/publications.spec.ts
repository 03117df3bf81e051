import { expect } from 'aegir/chai'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import { DatastorePublicationStore } from '../../src/store/datastore-publications.ts'
import { MemoryPublicationStore } from '../../src/store/memory-publications.ts'
import { publicationRowKey } from '../../src/store/row-keys.ts'
import fc from '../helpers/fast-check.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Disk, logLines } from './fixtures.ts'
import type { Publication, PublicationStore } from '../../src/store/publication-store.ts'

const KEY = utf8('/kv/key')

function publication (init: Partial<Publication> = {}): Publication {
  return { key: KEY, value: utf8('value'), published: 1_700_000_000_000, life: 3_600_000, ...init }
}

async function opened (datastore: Disk, log?: ReturnType<typeof logLines>['log']): Promise<DatastorePublicationStore> {
  const store = new DatastorePublicationStore({ datastore, log })
  await store.open()
  return store
}

const arbitraryPublication = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 20 }).map(rest => Uint8Array.of(47, 97, 47, ...rest)),
  value: fc.uint8Array({ maxLength: 50 }),
  published: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  life: fc.integer({ min: 0, max: 604_800_000 })
})

const kinds: ReadonlyArray<readonly [string, () => Promise<PublicationStore>]> = [
  ['in memory', async () => new MemoryPublicationStore()],
  ['on a datastore', async () => opened(new Disk())]
]

describe('store/publications', () => {
  for (const [name, create] of kinds) {
    it(`keep the last of each key until it is deleted, ${name}`, async () => {
      await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), arbitraryPublication), { maxLength: 20 }), async steps => {
        const store = await create()
        const model = new Map<string, Publication>()
        for (const [isDelete, each] of steps) {
          if (isDelete) {
            await store.delete(each.key)
            model.delete(bytesToMapKey(each.key))
          } else {
            await store.put(each)
            model.set(bytesToMapKey(each.key), each)
          }
        }
        const times = [...store.times()].map(({ key, published, life }) => [bytesToMapKey(key), published, life])
        expect(times.sort()).to.deep.equal(Array.from(model.values(), ({ key, published, life }) => [bytesToMapKey(key), published, life]).sort())
        for (const [, { key }] of steps) {
          expect(await store.get(key)).to.deep.equal(model.get(bytesToMapKey(key)))
        }
      }), { seed: 21, numRuns: 50 })
    })
  }

  it('come back on the same datastore', async () => {
    await fc.assert(fc.asyncProperty(arbitraryPublication, async each => {
      const datastore = new Disk()
      await (await opened(datastore)).put(each)
      const again = await opened(datastore)
      expect(await again.get(each.key)).to.deep.equal(each)
      expect([...again.times()]).to.deep.equal([{ key: each.key, published: each.published, life: each.life }])
    }), { seed: 22, numRuns: 50 })
  })

  it('drop a row that cannot be read, and say so', async () => {
    const datastore = new Disk()
    const store = await opened(datastore)
    await store.put(publication())
    const row = publicationRowKey('/dht', KEY)
    const { lines, log } = logLines()
    await datastore.put(row, Uint8Array.of(0xff))
    const again = await opened(datastore, log)
    expect([...again.times()]).to.deep.equal([])
    expect(await again.get(KEY)).to.equal(undefined)
    expect(await datastore.has(row)).to.equal(false)
    expect(lines).to.have.length(1)
  })

  it('drop a row that is spoilt while they are open', async () => {
    const datastore = new Disk()
    const { lines, log } = logLines()
    const store = await opened(datastore, log)
    await store.put(publication())
    await datastore.put(publicationRowKey('/dht', KEY), Uint8Array.of(0xff))
    expect(await store.get(KEY)).to.equal(undefined)
    expect([...store.times()]).to.deep.equal([])
    expect(lines).to.have.length(1)
    expect((await datastore.rows()).size).to.equal(0)
  })

  it('do not use a row that is spoilt though it cannot be deleted', async () => {
    const datastore = new Disk()
    const { lines, log } = logLines()
    const store = await opened(datastore, log)
    await store.put(publication())
    await datastore.put(publicationRowKey('/dht', KEY), Uint8Array.of(0xff))
    datastore.failing.add('delete')
    expect([await store.get(KEY), await store.get(KEY)]).to.deep.equal([undefined, undefined])
    expect(lines).to.have.length(2)
  })

  it('still have what they had when a write fails', async () => {
    const datastore = new Disk()
    const store = await opened(datastore)
    await store.put(publication())
    datastore.failing.add('put').add('delete')
    await expect(store.put(publication({ value: utf8('other') }))).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    await expect(store.delete(KEY)).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    expect(await store.get(KEY)).to.deep.equal(publication())
  })

  it('are opened once, and again after the disk could not be read', async () => {
    const datastore = new Disk()
    await (await opened(datastore)).put(publication())
    const query = datastore.query.bind(datastore)
    datastore.query = () => { throw new Error('closed') }
    const store = new DatastorePublicationStore({ datastore })
    await expect(store.open()).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    datastore.query = query
    const { query: before } = datastore.calls
    await Promise.all([store.open(), store.open()])
    expect(datastore.calls.query - before).to.equal(1)
    expect(await store.get(KEY)).to.deep.equal(publication())
  })

  it('are of no use before they are open', async () => {
    const store = new DatastorePublicationStore({ datastore: new Disk() })
    expect(() => store.times()).to.throw().with.property('name', 'StoreNotOpenError')
    await expect(store.put(publication())).to.eventually.be.rejected.with.property('name', 'StoreNotOpenError')
  })
})
