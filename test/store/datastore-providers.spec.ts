import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import * as varint from 'uint8-varint'
import { toString } from 'uint8arrays/to-string'
import { DatastoreProviderStore } from '../../src/store/datastore-providers.ts'
import fc from '../helpers/fast-check.ts'
import { bytes } from '../helpers/protobuf.ts'
import { addrOf, clockOfToday, Disk, idOf, logLines, multihashOf, peerOf } from './fixtures.ts'
import type { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'

const SELF = idOf(0)
const HOUR = 3_600_000

function idText (id: Uint8Array): string {
  return peerIdFromMultihash(Digest.decode(id)).toString()
}

function rowKey (key: Uint8Array, id: Uint8Array | string): Key {
  return new Key(`/dht/provider/${toString(key, 'base32')}/${typeof id === 'string' ? id : idText(id)}`)
}

function addrsKey (id: Uint8Array): Key {
  return new Key(`/dht/addrs/${idText(id)}`)
}

describe('store/datastore-providers', () => {
  let clock: VirtualClock
  let datastore: Disk

  beforeEach(async () => {
    clock = await clockOfToday()
    datastore = new Disk()
  })

  async function open (init: Partial<ConstructorParameters<typeof DatastoreProviderStore>[0]> = {}): Promise<DatastoreProviderStore> {
    const store = new DatastoreProviderStore({ datastore, clock, self: SELF, ...init })
    await store.open()
    return store
  }

  it('keeps a record at multihash and id, its time as a varint, the addresses beside', async () => {
    const sha1 = bytes([0x11, 20], new Uint8Array(20).fill(3))
    const identity = bytes([0, 3], [1, 2, 3])
    const store = await open()
    for (const key of [multihashOf(1), sha1, identity]) {
      await store.add(key, peerOf(1))
    }
    const rows = await datastore.rows()
    const time = varint.encode(clock.now())
    for (const key of [multihashOf(1), sha1, identity]) {
      expect(rows.get(rowKey(key, idOf(1)).toString())).to.equalBytes(time)
    }
    expect(rows.size).to.equal(4)
    expect(rows.has(addrsKey(idOf(1)).toString())).to.equal(true)
    for (const key of [multihashOf(1), sha1, identity]) {
      expect(await (await open()).get(key)).to.deep.equal([peerOf(1)])
    }
  })

  it('writes rows that keep no memory alive but their own, where the datastore keeps what it is given', async () => {
    await (await open()).add(multihashOf(1), peerOf(1))
    const rows = [...(await datastore.rows()).values()]
    expect(rows.map(({ buffer }) => buffer.byteLength)).to.deep.equal(rows.map(({ byteLength }) => byteLength))
  })

  it('reads ids of every kind, as base58 and as a CID, and moves those to where they belong', async () => {
    const texts = ['12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']
    for (const text of texts) {
      const peer = peerIdFromString(text)
      await datastore.put(rowKey(multihashOf(1), text), varint.encode(clock.now() - 1))
      await datastore.put(rowKey(multihashOf(2), peer.toCID().toString()), varint.encode(clock.now() - 1))
    }
    const [ed25519] = texts
    await datastore.put(rowKey(multihashOf(2), ed25519), varint.encode(clock.now()))
    await datastore.put(rowKey(multihashOf(4), ed25519), varint.encode(clock.now()))
    await datastore.put(rowKey(multihashOf(4), peerIdFromString(ed25519).toCID().toString()), varint.encode(clock.now() - 1))
    await datastore.put(rowKey(multihashOf(3), peerIdFromString(ed25519).toCID().toString()), varint.encode(clock.now()))
    const store = await open()
    const named = async (n: number): Promise<string[]> => (await store.get(multihashOf(n))).map(({ id }) => idText(id)).sort()
    expect(await named(1)).to.deep.equal([...texts].sort())
    expect((await named(3))).to.deep.equal([ed25519])
    const rows = await datastore.rows()
    expect([...rows.keys()].filter(key => key.includes('bafz'))).to.deep.equal([])
    expect(rows.has(rowKey(multihashOf(3), ed25519).toString())).to.equal(true)
    for (const { key, added } of store.providedBy(peerIdFromString(ed25519).toMultihash().bytes)) {
      expect(added, 'the later of two rows of one record').to.equal(clock.now() - (key[4] === 1 ? 1 : 0))
      expect(varint.decode(rows.get(rowKey(key, ed25519).toString()) ?? new Uint8Array())).to.equal(added)
    }
  })

  it('believes a row from the future no longer than one of now', async () => {
    await datastore.put(rowKey(multihashOf(1), idOf(1)), varint.encode(clock.now() + 1000 * HOUR))
    const store = await open()
    await clock.advance(48 * HOUR - 1)
    expect(await store.get(multihashOf(1))).to.have.lengthOf(1)
    await clock.advance(1)
    expect(await store.get(multihashOf(1))).to.deep.equal([])
    expect(await store.collect()).to.equal(1)
  })

  it('keeps since when a record counts that is not of now, and takes its addresses for those of now', async () => {
    const store = await open()
    await store.add(multihashOf(1), peerOf(1), clock.now() - 47 * HOUR)
    for (const each of [store, await open()]) {
      expect(await each.get(multihashOf(1))).to.deep.equal([peerOf(1)])
    }
    await clock.advance(HOUR)
    for (const each of [store, await open()]) {
      expect(await each.get(multihashOf(1))).to.deep.equal([])
    }
  })

  it('believes addresses for a day from when they were told last, of any record', async () => {
    const store = await open()
    await store.add(multihashOf(1), peerOf(1))
    await clock.advance(23 * HOUR)
    await store.add(multihashOf(2), peerOf(1, [addrOf(9)]))
    await clock.advance(HOUR)
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1, [addrOf(9)])])
    await clock.advance(23 * HOUR - 1)
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1, [addrOf(9)])])
    await clock.advance(1)
    expect(await store.get(multihashOf(2))).to.deep.equal([peerOf(1, [])])
  })

  it('asks elsewhere for addresses it does not know, and names the provider whatever comes of it', async () => {
    const asked: number[] = []
    const store = await open({
      addrsOf: async id => {
        asked.push(id[8])
        if (id[8] === 2) {
          throw new Error('not in the peer store')
        }
        return id[8] === 3 ? [addrOf(3), bytes(addrOf(4), [0xa5, 3, 38], idOf(3))] : []
      }
    })
    for (const n of [1, 2, 3, 4]) {
      await clock.advance(1)
      await store.add(multihashOf(1), peerOf(n, n === 4 ? [addrOf(4)] : []))
    }
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(4), peerOf(3, [addrOf(3), addrOf(4)]), peerOf(2, []), peerOf(1, [])])
    expect(asked.sort()).to.deep.equal([1, 2, 3])
  })

  it('reads addresses at most once while they fit its cache, and none of who is not asked for', async () => {
    const store = await open({ cacheSize: 2 })
    for (let n = 1; n <= 4; n++) {
      await store.add(multihashOf(n), peerOf(n))
    }
    await store.get(multihashOf(100))
    await store.get(multihashOf(4))
    expect(datastore.calls.get).to.equal(0)
    for (let i = 0; i < 5; i++) {
      expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
    }
    expect(datastore.calls.get).to.equal(1)
  })

  it('reads those of a thousand providers of popular multihashes once', async () => {
    const store = await open()
    for (let n = 0; n < 1_000; n++) {
      await store.add(multihashOf(n % 20), peerOf(n))
    }
    const again = await open()
    for (const reads of [1_000, 0]) {
      datastore.calls.get = 0
      for (let n = 0; n < 20; n++) {
        expect(await again.get(multihashOf(n))).to.have.lengthOf(50)
      }
      expect(datastore.calls.get).to.equal(reads)
    }
  })

  it('deletes at its opening what gave way, and the addresses of who provides nothing', async () => {
    const store = await open()
    for (let n = 1; n <= 6; n++) {
      await clock.advance(1)
      await store.add(multihashOf(n), peerOf(n))
    }
    await datastore.delete(rowKey(multihashOf(6), idOf(6)))
    const after = await open({ limits: { maxRows: 2 } })
    expect([...(await datastore.rows()).keys()].sort()).to.deep.equal([4, 5].flatMap(n => [rowKey(multihashOf(n), idOf(n)).toString(), addrsKey(idOf(n)).toString()]).sort())
    expect(await after.get(multihashOf(5))).to.deep.equal([peerOf(5)])
  })

  it('drops corrupt rows and says so once for each', async () => {
    const { lines, log } = logLines()
    await (await open()).add(multihashOf(1), peerOf(1))
    const time = varint.encode(clock.now())
    const corrupt: Array<[Key, Uint8Array]> = [
      [rowKey(multihashOf(2), idOf(1)), new Uint8Array()],
      [rowKey(multihashOf(3), idOf(1)), new Uint8Array(9).fill(0xff)],
      [rowKey(multihashOf(4), idOf(1)), bytes(time, [0])],
      [rowKey(multihashOf(5), idOf(1)), varint.encode(2 ** 50)],
      [rowKey(new Uint8Array(81), idOf(1)), time],
      [new Key(`/dht/provider/${idText(idOf(1))}`), time],
      [new Key(`/dht/provider/UPPER/${idText(idOf(1))}`), time],
      [new Key(`/dht/provider/a/${idText(idOf(1))}`), time],
      [new Key(`${rowKey(multihashOf(6), idOf(1)).toString()}/more`), time],
      [rowKey(multihashOf(7), 'nobody'), time],
      [rowKey(multihashOf(8), 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5'), time],
      [rowKey(multihashOf(9), '1'), time],
      [rowKey(multihashOf(9), CID.createV1(0x72, Digest.create(0x12, new Uint8Array(4))).toString()), time],
      [new Key(`/dht/provider/${toString(multihashOf(9), 'base32')}=/${idText(idOf(1))}`), time]
    ]
    const sound = await datastore.rows()
    for (const [key, row] of corrupt) {
      await datastore.put(key, row)
    }
    const store = await open({ log })
    expect(lines).to.have.lengthOf(corrupt.length)
    expect(store.counts).to.deep.include({ rows: 1, corrupt: corrupt.length })
    expect(await datastore.rows()).to.deep.equal(sound)
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
  })

  it('drops rows of addresses that are nobody\'s', async () => {
    await (await open()).add(multihashOf(1), peerOf(1))
    const sound = await datastore.rows()
    for (const name of ['nobody', `${idText(idOf(1))}/more`, idText(idOf(2))]) {
      await datastore.put(new Key(`/dht/addrs/${name}`), sound.get(addrsKey(idOf(1)).toString()) ?? new Uint8Array())
    }
    expect(await (await open()).get(multihashOf(1))).to.deep.equal([peerOf(1)])
    expect(await datastore.rows()).to.deep.equal(sound)
  })

  it('survives random bytes in every row', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('provider', 'addrs'), fc.nat(3), fc.uint8Array({ maxLength: 60 })), { maxLength: 12 }), async rows => {
      datastore = new Disk()
      const before = await open()
      for (let n = 0; n < 4; n++) {
        await before.add(multihashOf(n), peerOf(n))
      }
      for (const [folder, n, row] of rows) {
        await datastore.put(folder === 'addrs' ? addrsKey(idOf(n)) : rowKey(multihashOf(n), idOf(n)), row)
      }
      const store = await open()
      const left = await Promise.all([0, 1, 2, 3].map(async n => (await store.get(multihashOf(n))).length))
      await store.collect()
      const touched = new Set(rows.filter(([folder]) => folder === 'provider').map(([, n]) => n))
      expect(left.filter((_, n) => !touched.has(n)).every(length => length === 1)).to.equal(true)
    }), { seed: 61, numRuns: 200 })
  })

  it('drops addresses that are corrupt or another peer\'s', async () => {
    const { lines, log } = logLines()
    const writer = await open()
    await writer.add(multihashOf(1), peerOf(1))
    await writer.add(multihashOf(1), peerOf(2))
    const rows = await datastore.rows()
    await datastore.put(addrsKey(idOf(1)), rows.get(addrsKey(idOf(2)).toString()) ?? new Uint8Array())
    await datastore.put(addrsKey(idOf(2)), (rows.get(addrsKey(idOf(1)).toString()) ?? new Uint8Array()).subarray(0, -1))
    const store = await open({ log })
    for (let i = 0; i < 2; i++) {
      expect(await store.get(multihashOf(1))).to.deep.include.members([peerOf(1, []), peerOf(2, [])])
    }
    expect(lines).to.have.lengthOf(2)
    expect([...(await datastore.rows()).keys()].filter(key => key.includes('/addrs/'))).to.deep.equal([])
  })

  it('keeps a record that is written anew while it is about to give way', async () => {
    const store = await open({ limits: { maxRows: 1 } })
    await store.add(multihashOf(1), peerOf(1))
    datastore.turns = call => call === 'put' && datastore.calls.put === 3 ? 20 : 0
    const again = store.add(multihashOf(1), peerOf(1))
    await store.add(multihashOf(2), peerOf(2, []))
    await again
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
    expect(await store.get(multihashOf(2))).to.deep.equal([])
    expect((await datastore.rows()).size).to.equal(2)
  })

  it('does not collect a record that is written anew', async () => {
    const store = await open()
    await store.add(multihashOf(1), peerOf(1))
    await clock.advance(48 * HOUR)
    datastore.turns = call => call === 'put' ? 20 : 0
    const writing = store.add(multihashOf(1), peerOf(1))
    expect(await store.collect()).to.equal(0)
    await writing
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
  })

  it('gives the addresses told last, also when it was reading older ones', async () => {
    await (await open()).add(multihashOf(1), peerOf(1))
    const store = await open()
    datastore.turns = call => call === 'get' ? 50 : 0
    const reading = store.get(multihashOf(1))
    await store.add(multihashOf(1), peerOf(1, [addrOf(9)]))
    await reading
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1, [addrOf(9)])])
  })

  it('forgets the addresses of who provides nothing any more', async () => {
    const store = await open()
    await store.add(multihashOf(1), peerOf(1))
    await store.remove(multihashOf(1), idOf(1))
    await store.add(multihashOf(1), peerOf(1, []))
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1, [])])
  })

  it('tells that the disk is full, keeps what it has and goes on', async () => {
    const store = await open()
    await store.add(multihashOf(1), peerOf(1))
    datastore.failing.add('put')
    const err = await store.add(multihashOf(2), peerOf(2)).then(() => undefined, err => err)
    expect(err).to.have.property('name', 'DatastoreError')
    expect(err.message).to.include('ENOSPC')
    expect(await store.get(multihashOf(2))).to.deep.equal([])
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
    datastore.failing.clear()
    await store.add(multihashOf(2), peerOf(2))
    datastore.failing.add('delete')
    await expect(store.remove(multihashOf(2), idOf(2))).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    expect(await store.get(multihashOf(2))).to.have.lengthOf(1)
    await clock.advance(48 * HOUR)
    expect(await store.collect()).to.equal(0)
    datastore.failing.clear()
    expect(await store.collect()).to.equal(2)
    expect((await datastore.rows()).size).to.equal(0)
  })

  it('takes a record though the disk does not let go of the one that gives way', async () => {
    const { lines, log } = logLines()
    const store = await open({ limits: { maxRows: 1 }, log })
    await store.add(multihashOf(1), peerOf(1))
    await clock.advance(1)
    datastore.failing.add('delete')
    await store.add(multihashOf(2), peerOf(2))
    expect(lines).to.have.lengthOf(1)
    expect([await store.get(multihashOf(1)), await store.get(multihashOf(2))]).to.deep.equal([[], [peerOf(2)]])
    datastore.failing.clear()
    await open({ limits: { maxRows: 1 } })
    expect((await datastore.rows()).size, 'its record and its addresses').to.equal(2)
  })

  it('answers without addresses when they cannot be read', async () => {
    await (await open()).add(multihashOf(1), peerOf(1))
    const store = await open()
    datastore.failing.add('get')
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1, [])])
    datastore.failing.clear()
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
  })

  it('takes after a restart those whose records are oldest for those who have provided for longest', async () => {
    const store = await open()
    for (const n of [3, 1, 4, 2]) { // the datastore has them in the order of their names
      await clock.advance(1)
      await store.add(multihashOf(1), peerOf(n))
    }
    const after = await open({ limits: { maxPerKey: 4 } })
    for (const n of [5, 6]) {
      await clock.advance(1)
      await after.add(multihashOf(1), peerOf(n))
    }
    expect(await after.get(multihashOf(1))).to.deep.equal([6, 5, 1, 3].map(n => peerOf(n)))
    expect(after.counts?.evicted).to.deep.equal({ rows: 0, keys: 0, perKey: 2, perPeer: 0 })
  })

  it('leaves the rows of neighbours alone', async () => {
    const neighbours = ['/dht/addrsbook/x', '/dht/providers/x', '/dht/provide']
    for (const name of neighbours) {
      await datastore.put(new Key(name), Uint8Array.of(1))
    }
    await (await open()).add(multihashOf(1), peerOf(1))
    await open()
    expect([...(await datastore.rows()).keys()]).to.include.members(neighbours)
  })

  it('opens though the disk does not let go of what is useless', async () => {
    const { lines, log } = logLines()
    const before = await open()
    await before.add(multihashOf(1), peerOf(1))
    await before.add(multihashOf(2), peerOf(2))
    await datastore.put(rowKey(multihashOf(2), idOf(2)), new Uint8Array())
    datastore.failing.add('delete')
    const store = await open({ log })
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
    expect(await store.get(multihashOf(2))).to.deep.equal([])
    expect(lines, 'a row that cannot be read, which stays, and addresses that do').to.have.lengthOf(3)
  })

  it('opens once, and again after the disk could not be read', async () => {
    await (await open()).add(multihashOf(1), peerOf(1))
    const query = datastore.query.bind(datastore)
    datastore.query = () => { throw new Error('closed') }
    const store = new DatastoreProviderStore({ datastore, clock, self: SELF })
    await expect(store.open()).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    datastore.query = query
    const { query: before } = datastore.calls
    await Promise.all([store.open(), store.open()])
    expect(datastore.calls.query - before).to.equal(1)
    expect(await store.get(multihashOf(1))).to.deep.equal([peerOf(1)])
  })

  it('is of no use before it is open', async () => {
    const store = new DatastoreProviderStore({ datastore, clock, self: SELF })
    expect(store.counts).to.equal(undefined)
    await expect(store.get(multihashOf(1))).to.eventually.be.rejected.with.property('name', 'StoreNotOpenError')
  })
})
