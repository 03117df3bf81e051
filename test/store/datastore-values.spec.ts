import { Libp2pRecord } from '@libp2p/record'
import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { toString } from 'uint8arrays/to-string'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { decodeValueRow, encodeValueRow } from '../../src/store/value-row.ts'
import fc from '../helpers/fast-check.ts'
import { record, scalar, bytes, utf8, field } from '../helpers/protobuf.ts'
import { all, clockOfToday, Disk, idOf, logLines } from './fixtures.ts'
import type { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { StoredValue } from '../../src/store/value-store.ts'

const TTL = 1000
const KEY = utf8('/kv/greeting')
const TIME = '2024-02-29T12:34:56.789000000Z'

function rowKey (key: Uint8Array, prefix = '/dht'): Key {
  return new Key(`${prefix}/record/${toString(key, 'base32')}`)
}

describe('store/datastore-values', () => {
  let clock: VirtualClock
  let datastore: Disk

  beforeEach(async () => {
    clock = await clockOfToday()
    datastore = new Disk()
  })

  function value (key: Uint8Array, size = 5, life = TTL): StoredValue {
    return { key, value: new Uint8Array(size).fill(1), timeReceived: clock.now(), expires: clock.now() + life }
  }

  async function open (init: Partial<ConstructorParameters<typeof DatastoreValueStore>[0]> = {}): Promise<DatastoreValueStore> {
    const store = new DatastoreValueStore({ datastore, clock, ttl: TTL, ...init })
    await store.open()
    return store
  }

  it('keeps a value as a record at the base32 of its key', async () => {
    const store = await open()
    await store.put(value(KEY))
    const rows = await datastore.rows()
    expect([...rows.keys()]).to.deep.equal([`/dht/record/${toString(KEY, 'base32')}`])
    const row = rows.get(rowKey(KEY).toString()) ?? new Uint8Array()
    expect(row).to.equalBytes(new Libp2pRecord(KEY, value(KEY).value, new Date(clock.now())).serialize())
  })

  it('keeps another life than the default in a field that others skip', async () => {
    await (await open()).put(value(KEY, 5, 777))
    const [row] = (await datastore.rows()).values()
    expect(Libp2pRecord.deserialize(row).value).to.equalBytes(value(KEY).value)
    expect((await (await open()).get(KEY))?.expires).to.equal(clock.now() + 777)
    expect((await (await open({ ttl: 5 })).get(KEY))?.expires).to.equal(clock.now() + 777)
  })

  it('writes rows that keep no memory alive but their own, where the datastore keeps what it is given', async () => {
    await (await open()).put(value(KEY, 5, 777))
    const row = (await datastore.rows()).get(rowKey(KEY).toString())
    expect(row?.buffer.byteLength).to.equal(row?.byteLength)
  })

  it('reads what it wrote, any value, time and life', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), fc.nat(4e12), fc.nat(4e12), (key, value, timeReceived, expires) => {
      const stored = { key, value, timeReceived, expires }
      expect(decodeValueRow(encodeValueRow(stored, TTL), key, TTL)).to.deep.equal(stored)
    }), { seed: 41 })
  })

  it('refuses to write a time that no row can hold', async () => {
    const store = await open()
    for (const time of [NaN, 1e15, -1e15, Infinity]) {
      await expect(store.put({ ...value(KEY), timeReceived: time })).to.eventually.be.rejected.with.property('name', 'RangeError')
      await expect(store.put({ ...value(KEY), expires: time === 1e15 ? 1e17 : time })).to.eventually.be.rejected.with.property('name', 'RangeError')
    }
    expect((await datastore.rows()).size).to.equal(0)
  })

  it('reads nothing to tell that a value is absent or expired, and one row to get one', async () => {
    const store = await open()
    await store.put(value(KEY))
    expect(await store.get(utf8('/kv/other'))).to.equal(undefined)
    expect(datastore.calls.get).to.equal(0)
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
    expect(datastore.calls.get).to.equal(1)
    await clock.advance(TTL)
    expect(await store.get(KEY)).to.equal(undefined)
    expect(datastore.calls.get).to.equal(1)
    expect(datastore.calls.query).to.equal(1)
  })

  it('finds what somebody else has written meanwhile, when it is shared', async () => {
    const shared = await open({ shared: true })
    const alone = await open()
    await datastore.put(rowKey(KEY), encodeValueRow(value(KEY), TTL))
    expect(await alone.get(KEY)).to.equal(undefined)
    expect(await shared.get(KEY)).to.deep.equal(value(KEY))
    const listed = await all(shared.values())
    expect(listed).to.deep.equal([value(KEY)])
    await datastore.put(rowKey(utf8('/kv/bad')), utf8('no row'))
    expect(await shared.get(utf8('/kv/bad'))).to.equal(undefined)
    expect((await datastore.rows()).has(rowKey(utf8('/kv/bad')).toString()), 'it is not ours to delete').to.equal(true)
    await datastore.put(rowKey(utf8('/kv/old')), encodeValueRow(value(utf8('/kv/old')), TTL))
    await clock.advance(TTL)
    expect(await shared.get(KEY)).to.equal(undefined)
    expect(await shared.get(utf8('/kv/old')), 'what is over when it is first read').to.equal(undefined)
  })

  it('counts a value against its peer that is asked for while it is written, when it is shared', async () => {
    const shared = await open({ shared: true, limits: { maxPerPeer: 1 } })
    await Promise.all([shared.put(value(KEY), { from: idOf(1) }), shared.get(KEY)])
    await expect(shared.put(value(utf8('/kv/other')), { from: idOf(1) })).to.eventually.be.rejected.with.property('reason', 'perPeer')
  })

  const firsts = ['collect', 'get'] as const

  firsts.forEach(first => {
    it(`keeps what somebody else has written anew, when it is shared: ${first}`, async () => {
      const shared = await open({ shared: true })
      await shared.put(value(KEY))
      await clock.advance(TTL / 2)
      const anew = value(KEY, 9)
      await datastore.put(rowKey(KEY), encodeValueRow(anew, TTL))
      await clock.advance(TTL / 2)
      expect(await shared[first](KEY)).to.deep.equal(first === 'get' ? anew : 0)
      expect(shared.counts).to.deep.include({ values: 1, bytes: KEY.byteLength + 9, expired: 0 })
      expect(await shared.get(KEY)).to.deep.equal(anew)
      expect(await shared.collect()).to.equal(0)
      await clock.advance(TTL / 2)
      expect(await shared.get(KEY)).to.equal(undefined)
      expect(await shared.collect()).to.equal(1)
      expect(shared.counts).to.deep.include({ values: 0, bytes: 0 })
      expect((await datastore.rows()).size, 'it is not ours to delete').to.equal(1)
    })
  })

  const reopenings = [0, 1]

  reopenings.forEach(reopenings => {
    it(`leaves rows that no peer made us write where they are, when it is shared: opened again ${reopenings} times`, async () => {
      const [ours, theirs, ofPeer, again] = ['/kv/ours', '/kv/theirs', '/kv/of-peer', '/kv/again'].map(utf8)
      await datastore.put(rowKey(theirs), encodeValueRow(value(theirs), TTL))
      let shared = await open({ shared: true })
      await shared.put(value(ours))
      await shared.put(value(again))
      await shared.put(value(ofPeer), { from: utf8('a peer') })
      for (let i = 0; i < reopenings; i++) {
        shared = await open({ shared: true })
      }
      await shared.put(value(again), { from: utf8('a peer') })
      await shared.put(value(ofPeer), { from: utf8('another') })
      for (let i = 0; i < reopenings; i++) {
        shared = await open({ shared: true })
      }
      expect((await datastore.rows()).size).to.equal(4)
      await clock.advance(TTL)
      expect(await shared.collect()).to.equal(4)
      expect(shared.counts).to.deep.include({ values: 0, bytes: 0, expired: 4 })
      expect([...(await datastore.rows()).keys()].sort()).to.deep.equal([ours, theirs, again].map(key => rowKey(key).toString()).sort())
      expect([await shared.get(ours), await shared.get(theirs)]).to.deep.equal([undefined, undefined])
      expect(await (await open({ shared: true })).get(theirs)).to.equal(undefined)
    })
  })

  it('makes room of rows that it leaves where they are', async () => {
    const shared = await open({ shared: true, limits: { maxValues: 1 } })
    await shared.put(value(KEY))
    await clock.advance(TTL)
    await shared.put(value(utf8('/kv/other')), { from: utf8('a peer') })
    expect(shared.counts).to.deep.include({ values: 1 })
    expect((await datastore.rows()).size).to.equal(2)
  })

  it('serves nothing that somebody else has deleted, or whose life they have shortened', async () => {
    const shared = await open({ shared: true })
    const [gone, shortened] = [utf8('/kv/gone'), utf8('/kv/shortened')]
    await shared.put(value(gone))
    await shared.put(value(shortened))
    await datastore.delete(rowKey(gone))
    await datastore.put(rowKey(shortened), encodeValueRow(value(shortened, 5, 1), TTL))
    await clock.advance(1)
    expect([await shared.get(gone), await shared.get(shortened)]).to.deep.equal([undefined, undefined])
  })

  it('counts no more of what somebody else has written than its limits allow, and serves it all the same', async () => {
    const shared = await open({ shared: true, limits: { maxValues: 1 } })
    await shared.put(value(KEY))
    const other = utf8('/kv/other')
    await datastore.put(rowKey(other), encodeValueRow(value(other), TTL))
    expect(await shared.get(other)).to.deep.equal(value(other))
    expect(shared.counts).to.deep.include({ values: 1 })
  })

  it('reads no row to tell that nobody has written one, when it is shared', async () => {
    const shared = await open({ shared: true })
    expect(await shared.get(KEY)).to.equal(undefined)
    expect(datastore.calls).to.include({ has: 1, get: 0 })
    datastore.failing.add('has')
    await expect(shared.get(KEY)).to.eventually.be.rejected.with.property('name', 'DatastoreError')
  })

  it('uses another prefix, and leaves the rows of neighbours alone', async () => {
    await datastore.put(new Key('/lan/records/x'), utf8('x'))
    await datastore.put(rowKey(KEY), utf8('x'))
    const store = await open({ prefix: '/lan' })
    await store.put(value(KEY))
    expect([...(await datastore.rows()).keys()].sort()).to.deep.equal(['/lan/records/x', rowKey(KEY).toString(), rowKey(KEY, '/lan').toString()].sort())
  })

  it('opens more than its limits allow, and takes no more until enough has expired', async () => {
    const large = await open()
    for (const name of ['/a', '/b', '/c']) {
      await large.put(value(utf8(name)))
    }
    const small = await open({ limits: { maxValues: 2 } })
    expect(await all(small.values())).to.have.lengthOf(3)
    await expect(small.put(value(utf8('/d')))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await small.put(value(utf8('/a'), 4))
    await clock.advance(TTL)
    await small.put(value(utf8('/d')))
    expect(await small.collect()).to.be.at.least(1)
    expect(await all(small.values())).to.have.lengthOf(1)
  })

  it('is of no use before it is open, and opens once', async () => {
    const store = new DatastoreValueStore({ datastore, clock, ttl: TTL })
    expect(store.counts).to.equal(undefined)
    await expect(store.get(KEY)).to.eventually.be.rejected.with.property('name', 'StoreNotOpenError')
    await Promise.all([store.open(), store.open()])
    expect(datastore.calls.query).to.equal(1)
    expect(await store.get(KEY)).to.equal(undefined)
  })

  const corrupt: Array<[string, Uint8Array]> = [
    ['no protobuf', Uint8Array.of(0xff, 0xff)],
    ['an empty row', new Uint8Array()],
    ['another key', record(utf8('/kv/other'), utf8('x'), TIME)],
    ['no time', record(KEY, utf8('x'))],
    ['a time that is none', record(KEY, utf8('x'), '2023-02-30T00:00:00.000000000Z')],
    ['a year of five digits', record(KEY, utf8('x'), '12024-02-29T12:34:56.789000000Z')],
    ['a cut off value', bytes(field(1, KEY), [0x12, 5, 1], field(5, utf8(TIME)))],
    ['a value that is a number', bytes(field(1, KEY), scalar(2, 0), field(5, utf8(TIME)))],
    ['a group', bytes(record(KEY, utf8('x'), TIME), [0x1b, 0x1c])],
    ['an expiry beyond 2^53', bytes(record(KEY, utf8('x'), TIME), scalar(7770, 1n << 60n))],
    ['an expiry that is text', bytes(record(KEY, utf8('x'), TIME), field(7770, utf8('x')))]
  ]

  corrupt.forEach(([what, row]) => {
    it(`drops a row that is corrupt, and says so once: ${what}`, async () => {
      const { lines, log } = logLines()
      const before = await open({ log })
      await before.put(value(KEY))
      await datastore.put(rowKey(KEY), row) // behind the back of the open store
      expect(await before.get(KEY)).to.equal(undefined)
      expect(await before.get(KEY)).to.equal(undefined)
      expect([lines.length, (await datastore.rows()).size]).to.deep.equal([1, 0])
      expect(before.counts).to.deep.include({ values: 0, bytes: 0, corrupt: 1 })

      await datastore.put(rowKey(KEY), row)
      const after = await open({ log })
      expect(await after.get(KEY)).to.equal(undefined)
      expect([lines.length, (await datastore.rows()).size]).to.deep.equal([2, 0])
      expect(after.counts?.corrupt).to.equal(1)
    })
  })

  it('drops a row whose key nobody could look for', async () => {
    const store = await open({})
    const [longest, longer] = [15 * 1024, 15 * 1024 + 1].map(size => bytes(utf8('/kv/'), new Uint8Array(size - 4)))
    await store.put(value(longest))
    await store.put(value(longer))
    const again = await open({})
    expect(again.counts).to.deep.include({ values: 1, corrupt: 1 })
    expect(await again.get(longest)).to.not.equal(undefined)
  })

  it('drops random bytes at every key, and serves what is sound', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 20 }), fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }), async (rows, names) => {
      datastore = new Disk()
      await (await open()).put(value(KEY))
      for (const [n, row] of rows.entries()) {
        await datastore.put(rowKey(utf8(`/kv/${n}`)), row)
      }
      for (const name of names) {
        await datastore.put(new Key(`/dht/record/_${name}`), rows[0])
      }
      const store = await open()
      expect(await all(store.values())).to.deep.equal([value(KEY)])
      expect([...(await datastore.rows()).keys()]).to.deep.equal([rowKey(KEY).toString()])
    }), { seed: 42, numRuns: 200 })
  })

  it('tells that the disk is full, keeps what it has and goes on', async () => {
    const store = await open({ limits: { maxValues: 2 } })
    await store.put(value(KEY))
    datastore.failing.add('put')
    for (let n = 0; n < 5; n++) {
      const err = await store.put({ ...value(KEY), value: utf8('new') }).then(() => undefined, err => err)
      expect(err).to.have.property('name', 'DatastoreError')
      expect(err.message).to.include('ENOSPC')
      expect(err.cause).to.be.an('error')
      await expect(store.put(value(utf8('/kv/other')))).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    }
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
    expect(await store.get(utf8('/kv/other'))).to.equal(undefined)
    datastore.failing.clear()
    await store.put(value(utf8('/kv/other')))
    expect(await all(store.values())).to.have.lengthOf(2)
  })

  it('does not collect what is written anew', async () => {
    const store = await open()
    await store.put(value(KEY))
    await clock.advance(TTL)
    datastore.turns = call => call === 'put' ? 20 : 0
    const writing = store.put(value(KEY))
    expect(await store.collect()).to.equal(0)
    await writing
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
  })

  it('does not drop for a corrupt row what is written anew', async () => {
    const store = await open()
    await store.put(value(KEY))
    await datastore.put(rowKey(KEY), utf8('no row'))
    datastore.turns = call => call === 'get' ? 20 : 0
    const reading = store.get(KEY)
    await store.put(value(KEY, 9))
    expect(await reading).to.equal(undefined)
    expect(await store.get(KEY)).to.deep.equal(value(KEY, 9))
  })

  it('does not use a corrupt row though the disk does not delete it', async () => {
    const { lines, log } = logLines()
    const store = await open({ log })
    await store.put(value(KEY))
    await datastore.put(rowKey(KEY), utf8('no row'))
    datastore.failing.add('delete')
    expect([await store.get(KEY), await store.get(KEY)]).to.deep.equal([undefined, undefined])
    expect(lines).to.have.lengthOf(2)
    expect(store.counts).to.deep.include({ values: 0, corrupt: 1 })
  })

  it('lets two writes for which each other\'s expired value would have to go end', async () => {
    const store = await open({ limits: { maxBytes: 20 } })
    const [a, b] = [utf8('/a'), utf8('/b')]
    await store.put(value(a, 8))
    await store.put(value(b, 8))
    await clock.advance(TTL)
    await Promise.allSettled([store.put(value(a, 18)), store.put(value(b, 18))])
    expect((await all(store.values())).length).to.be.at.most(1)
    await store.collect()
    await store.put(value(b, 18)).catch(err => { expect(err.name).to.equal('StoreFullError') })
    expect(await all(store.values())).to.have.lengthOf(1)
  })

  it('collects later what the disk does not let go of now', async () => {
    const { lines, log } = logLines()
    const store = await open({ log })
    await store.put(value(KEY))
    await clock.advance(TTL)
    datastore.failing.add('delete')
    expect(await store.collect()).to.equal(0)
    expect(lines).to.have.lengthOf(1)
    datastore.failing.clear()
    expect(await store.collect()).to.equal(1)
    expect((await datastore.rows()).size).to.equal(0)
  })

  it('is full while the disk does not let go of what has expired', async () => {
    const store = await open({ limits: { maxValues: 2 } })
    const others = ['/a', '/b'].map(utf8)
    await Promise.all(others.map(async key => { await store.put(value(key)) }))
    await clock.advance(TTL)
    datastore.failing.add('delete')
    await expect(store.put(value(KEY))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    datastore.failing.clear()
    await store.put(value(KEY))
    expect(store.counts).to.deep.include({ values: 2, expired: 1 })
  })

  it('still has what the disk does not delete, and deletes nothing that it does not have', async () => {
    const store = await open()
    await store.put(value(KEY))
    await store.delete(utf8('/kv/other'))
    expect(datastore.calls.delete).to.equal(0)
    datastore.failing.add('delete')
    await expect(store.delete(KEY)).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
    datastore.failing.clear()
    await store.delete(KEY)
    expect(await store.get(KEY)).to.equal(undefined)
  })

  it('opens again after the disk could not be read', async () => {
    await (await open()).put(value(KEY))
    const query = datastore.query.bind(datastore)
    datastore.query = () => { throw new Error('closed') }
    const store = new DatastoreValueStore({ datastore, clock, ttl: TTL })
    await expect(store.open()).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    datastore.query = query
    await store.open()
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
  })

  it('rejects a read that fails, and keeps the value', async () => {
    const store = await open()
    await store.put(value(KEY))
    datastore.failing.add('get')
    await expect(store.get(KEY)).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    datastore.failing.clear()
    expect(await store.get(KEY)).to.deep.equal(value(KEY))
  })
})
