import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore/key'
import { SealedDatastore } from '../../src/store/sealed-datastore.ts'
import fc from '../helpers/fast-check.ts'
import { all, Disk, logLines } from './fixtures.ts'

const KEY = new Key('/dht/record/a')
const OTHER = new Key('/dht/record/b')
const BEFORE = new Key('/dht/record/0')
const VALUE = Uint8Array.of(1, 2, 3)

describe('SealedDatastore', () => {
  let disk: Disk
  let sealed: SealedDatastore
  let lines: string[]

  beforeEach(() => {
    const log = logLines()
    disk = new Disk()
    lines = log.lines
    sealed = new SealedDatastore({ datastore: disk, log: log.log })
  })

  /** Change what lies on the disk. */
  async function damage (key: Key, change: (row: Uint8Array) => Uint8Array): Promise<void> {
    await disk.put(key, change((await disk.get(key)).slice()))
  }

  function flip (bit: number): (row: Uint8Array) => Uint8Array {
    return row => row.map((byte, at) => at === bit >>> 3 ? byte ^ 1 << (bit & 7) : byte)
  }

  async function nameOfFailure (promise: Promise<unknown>): Promise<string> {
    return promise.then(() => 'none', err => err.name)
  }

  it('gives back what was put', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async value => {
      await sealed.put(KEY, value)
      expect(await sealed.get(KEY)).to.equalBytes(value)
    }), { seed: 1 })
    expect(await sealed.has(KEY)).to.equal(true)
    await sealed.delete(KEY)
    expect(await sealed.has(KEY)).to.equal(false)
    expect(await nameOfFailure(sealed.get(KEY))).to.equal('NotFoundError')
    expect(lines).to.deep.equal([])
  })

  it('serves no row in which a bit has changed, whichever it is', async () => {
    for (let bit = 0; bit < 8 * (4 + VALUE.byteLength); bit++) {
      await sealed.put(KEY, VALUE)
      await damage(KEY, flip(bit))
      expect(await nameOfFailure(sealed.get(KEY))).to.equal('NotFoundError')
      expect((await disk.rows()).size).to.equal(0)
      expect(lines).to.deep.equal([`dropping the row %s: it is not what was written ${KEY.toString()}`])
      lines.splice(0)
    }
  })

  it('serves no row of another key, and none that is cut off', async () => {
    await sealed.put(KEY, VALUE)
    await disk.put(OTHER, await disk.get(KEY))
    expect(await sealed.has(OTHER)).to.equal(false)
    for (const length of [0, 3, 4, 6]) {
      await sealed.put(KEY, VALUE)
      await damage(KEY, row => row.slice(0, length))
      expect(await sealed.has(KEY)).to.equal(false)
    }
  })

  it('serves no row of which bytes have changed sides, from the value to the end of the key', async () => {
    for (const moved of [1, 256, 65_536]) {
      await sealed.put(KEY, new Uint8Array(moved + 1).fill(0x61))
      const row = await disk.get(KEY)
      const longer = new Key(`${KEY.toString()}${'a'.repeat(moved)}`)
      await disk.put(longer, Uint8Array.of(...row.subarray(0, 4), 0x61))
      expect(await sealed.has(longer), `${moved} bytes`).to.equal(false)
      expect(await sealed.has(KEY)).to.equal(true)
    }
  })

  it('reads rows that are part of a larger buffer', async () => {
    await sealed.put(KEY, VALUE)
    await damage(KEY, row => Uint8Array.of(9, ...row).subarray(1))
    expect(await sealed.get(KEY)).to.equalBytes(VALUE)
    expect(lines).to.deep.equal([])
  })

  it('lists sound rows only', async () => {
    const keys = [1, 2, 3, 4].map(n => new Key(`/dht/record/${n}`))
    for (const [n, key] of keys.entries()) {
      await sealed.put(key, Uint8Array.of(n))
    }
    await damage(keys[1], flip(33))
    await damage(keys[3], flip(0))
    expect((await all(sealed.queryKeys({ prefix: '/dht' }))).map(String)).to.deep.equal([keys[0], keys[2]].map(String))
    const rows = await all(sealed.query({ prefix: '/dht', filters: [({ value }) => value[0] > 0], orders: [(a, b) => a.value[0] < b.value[0] ? 1 : -1] }))
    expect(rows.map(({ value }) => [...value])).to.deep.equal([[2]])
    expect(await all(sealed.query({ prefix: '/elsewhere' }))).to.deep.equal([])
    expect(lines).to.have.length(2)
    expect((await disk.rows()).size).to.equal(2)
  })

  it('seals what a batch writes', async () => {
    await sealed.put(OTHER, VALUE)
    const batch = sealed.batch()
    batch.put(KEY, VALUE)
    batch.delete(OTHER)
    expect(await sealed.has(KEY)).to.equal(false)
    await batch.commit()
    expect(await sealed.get(KEY)).to.equalBytes(VALUE)
    expect(await sealed.has(OTHER)).to.equal(false)
    expect(lines).to.deep.equal([])
  })

  it('lets two batches end that write the same rows, each in another order', async () => {
    await Promise.all([[KEY, OTHER], [OTHER, KEY]].map(async keys => {
      const batch = sealed.batch()
      keys.forEach(key => { batch.put(key, VALUE) })
      await batch.commit()
    }))
    expect((await disk.rows()).size).to.equal(2)
  })

  it('does not drop a row that was written anew meanwhile', async () => {
    for (const write of [
      async () => sealed.put(KEY, VALUE),
      async () => {
        const batch = sealed.batch()
        batch.put(OTHER, VALUE)
        batch.put(KEY, VALUE)
        batch.put(BEFORE, VALUE)
        await batch.commit()
      }
    ]) {
      for (let turns = 0; turns < 30; turns++) {
        await sealed.put(KEY, Uint8Array.of(9))
        await damage(KEY, flip(32))
        disk.turns = call => call === 'get' ? 5 : turns
        await Promise.all([nameOfFailure(sealed.get(KEY)), write()])
        expect(await sealed.get(KEY)).to.equalBytes(VALUE)
      }
    }
  })

  it('says nothing of a damaged row that is gone when its turn comes', async () => {
    await sealed.put(KEY, VALUE)
    await damage(KEY, flip(40))
    disk.turns = call => call === 'get' ? 5 : 0
    const reading = sealed.has(KEY)
    await Promise.all([sealed.delete(KEY), reading])
    expect([await reading, lines]).to.deep.equal([false, []])
  })

  it('deletes what was put before, in a batch too', async () => {
    for (const remove of [
      async () => sealed.delete(KEY),
      async () => {
        const batch = sealed.batch()
        batch.delete(KEY)
        await batch.commit()
      }
    ]) {
      disk.turns = call => call === 'put' ? 9 : 0
      await Promise.all([sealed.put(KEY, VALUE), remove()])
      expect(await sealed.has(KEY)).to.equal(false)
    }
  })

  it('serves no damaged row that cannot be deleted either', async () => {
    await sealed.put(KEY, VALUE)
    await damage(KEY, flip(40))
    disk.failing.add('delete')
    expect(await sealed.has(KEY)).to.equal(false)
    expect(lines.at(-1)).to.match(/^the damaged row %s stays, unused: %e \/dht\/record\/a .*ENOSPC/)
    disk.failing.add('get')
    await expect(sealed.has(KEY)).to.eventually.be.rejectedWith('ENOSPC')
  })
})
