import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { DatastoreContactStore } from '../../src/store/datastore-contacts.ts'
import { MAX_SAVED_CONTACTS } from '../../src/store/limits.ts'
import { decodePeers } from '../../src/store/saved-peers.ts'
import fc from '../helpers/fast-check.ts'
import { addrOf, Disk, logLines, peerOf } from './fixtures.ts'

const KEY = new Key('/dht/contacts')

describe('store/datastore-contacts', () => {
  it('loads what was saved, in its order, in one row', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 16 }), { maxLength: 150 }), async addrs => {
      const datastore = new Disk()
      const contacts = addrs.map((hosts, n) => peerOf(n, hosts.map(addrOf)))
      await new DatastoreContactStore({ datastore }).save(contacts)
      expect([...(await datastore.rows()).keys()]).to.deep.equal([KEY.toString()])
      expect(await new DatastoreContactStore({ datastore }).load()).to.deep.equal(contacts)
    }), { seed: 71, numRuns: 50 })
  })

  it('loads nothing when nothing was saved', async () => {
    const { lines, log } = logLines()
    const store = new DatastoreContactStore({ datastore: new Disk(), prefix: '/lan', log })
    expect(await store.load()).to.deep.equal([])
    await store.save([])
    expect(await store.load()).to.deep.equal([])
    expect(lines).to.deep.equal([])
  })

  it('keeps the first contacts and, of large ones, the first addresses', async () => {
    const datastore = new Disk()
    const store = new DatastoreContactStore({ datastore })
    const long = (n: number): Uint8Array => Uint8Array.of(54, 250, 1, ...new Uint8Array(250).fill(97 + n), 6, 0x0f, 0xa1)
    const large = Array.from({ length: 16 }, (_, n) => long(n))
    await store.save(Array.from({ length: MAX_SAVED_CONTACTS + 10 }, (_, n) => peerOf(n, n < 100 ? large : [addrOf(1)])))
    const contacts = await store.load()
    expect(contacts).to.have.lengthOf(MAX_SAVED_CONTACTS)
    expect(contacts.map(({ id }) => id)).to.deep.equal(Array.from({ length: MAX_SAVED_CONTACTS }, (_, n) => peerOf(n).id))
    expect(contacts.map(({ addrs }) => addrs.length)).to.deep.equal(Array.from({ length: MAX_SAVED_CONTACTS }, (_, n) => n < 100 ? 8 : 1))
    expect(decodePeers(await datastore.get(KEY)), 'in the row').to.have.lengthOf(MAX_SAVED_CONTACTS)
    expect(contacts[99].addrs).to.deep.equal(large.slice(0, 8))
  })

  it('replaces what was saved, last wins', async () => {
    const datastore = new Disk()
    const store = new DatastoreContactStore({ datastore })
    let turns = 30
    datastore.turns = () => { turns -= 10; return turns }
    await Promise.all([1, 2, 3].map(async n => { await store.save([peerOf(n)]) }))
    expect(await store.load()).to.deep.equal([peerOf(3)])
  })

  it('loads nothing of a row that cannot be read, and says so', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async row => {
      const { log } = logLines()
      const datastore = new Disk()
      await datastore.put(KEY, row)
      expect(await new DatastoreContactStore({ datastore, log }).load()).to.be.an('array')
    }), { seed: 72 })

    const { lines, log } = logLines()
    const datastore = new Disk()
    const store = new DatastoreContactStore({ datastore, log })
    await store.save([peerOf(1), peerOf(2)])
    const row = await datastore.get(KEY)
    const secondPeer = 2 + (2 + 38) + (2 + 8)
    for (const cut of [1, 10, row.byteLength - secondPeer, row.byteLength - 1]) {
      await datastore.put(KEY, row.subarray(0, cut))
      expect(await store.load()).to.deep.equal([])
    }
    expect(lines).to.have.lengthOf(4)
    datastore.failing.add('get')
    expect(await store.load()).to.deep.equal([])
    expect(lines).to.have.lengthOf(5)
  })

  it('tells that the disk is full', async () => {
    const datastore = new Disk()
    datastore.failing.add('put')
    await expect(new DatastoreContactStore({ datastore }).save([peerOf(1)])).to.eventually.be.rejected.with.property('name', 'DatastoreError')
  })
})
