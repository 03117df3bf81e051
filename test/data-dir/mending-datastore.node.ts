import { mkdtemp, open as openFile, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { MendingDatastore } from '../../src/data-dir/mending-datastore.ts'
import { openLevel } from '../../src/data-dir/open-level.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import fc from '../helpers/fast-check.ts'
import { all, logLines } from '../store/fixtures.ts'
import { silentLogger } from './silent-logger.ts'
import type { Logger } from '@libp2p/interface'
import type { LevelDatastore } from 'datastore-level'

const VALUE = Uint8Array.of(1, 2, 3)

function keyOf (number: number): Key {
  return new Key(`/row/${number}`)
}

describe('a database that is mended', () => {
  let dir: string
  let clock: VirtualClock
  let lines: string[]
  /** How often the database was opened. */
  let opened: number
  /** Why it cannot be opened now. */
  let refusal: Error | undefined
  let level: LevelDatastore
  let datastore: MendingDatastore
  let logger: Logger

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
    clock = new VirtualClock()
    opened = 0
    refusal = undefined
    const said = logLines()
    lines = said.lines
    logger = silentLogger(said.log).forComponent('')
    datastore = mending(await open())
  })

  afterEach(async () => {
    await datastore.close()
    await rm(dir, { recursive: true })
  })

  async function open (): Promise<LevelDatastore> {
    if (refusal != null) {
      throw refusal
    }
    opened++
    level = await openLevel({ dir, log: () => {} })
    return level
  }

  /** A write fails; then the database can be closed, but not opened. */
  async function breakIt (): Promise<void> {
    const full = new Error('IO error: No space left on device')
    level.batch = () => ({ put () {}, delete () {}, commit: async () => { throw full } })
    await expect(datastore.put(keyOf(1), VALUE)).to.eventually.be.rejectedWith('the disk is full')
    await clock.advance(1_000)
    refusal = full
    await expect(datastore.put(keyOf(1), VALUE)).to.eventually.be.rejectedWith('the disk is full')
    refusal = undefined
  }

  function mending (level: LevelDatastore): MendingDatastore {
    return new MendingDatastore({ dir, level, reopen: open, repair: open, clock, log: logger })
  }

  async function rows (): Promise<string[]> {
    return (await all(datastore.queryKeys({ prefix: '/row' }))).map(String)
  }

  it('writes a batch when it is committed, and once', async () => {
    await datastore.put(keyOf(1), VALUE)
    const batch = datastore.batch()
    batch.delete(keyOf(1))
    batch.put(keyOf(2), VALUE)
    expect(await rows()).to.deep.equal(['/row/1'])
    await batch.commit()
    expect(await rows()).to.deep.equal(['/row/2'])
    await datastore.delete(keyOf(2))
    await batch.commit()
    expect(await rows()).to.deep.equal([])
  })

  it('is opened anew after a write that failed, at most once a second, and says so once a minute', async () => {
    const writes = async (): Promise<boolean> => datastore.put(keyOf(1), VALUE).then(() => true, err => {
      expect(err.name).to.equal('DataDirError')
      return false
    })
    await level.close()
    expect([await writes(), await writes(), opened]).to.deep.equal([false, false, 1])
    await clock.advance(999)
    expect([await writes(), opened]).to.deep.equal([false, 1])
    await clock.advance(1)
    expect([await writes(), opened]).to.deep.equal([true, 2])
    expect(lines).to.have.lengthOf(2)
    expect(lines[0]).to.match(/cannot be written/)
    expect(lines[1]).to.match(/can be written again/)
    await level.close()
    expect(await writes()).to.equal(false)
    await clock.advance(1_000)
    expect(await writes()).to.equal(true)
    expect(lines, 'within the minute').to.have.lengthOf(2)
    await clock.advance(60_000)
    await level.close()
    expect([await writes(), lines.length]).to.deep.equal([false, 3])
  })

  it('has what was written and nothing else, in the order in which it was asked to, whichever writes fail', async () => {
    const row = fc.nat(4)
    const steps = fc.array(fc.oneof(
      fc.record({ type: fc.constant('put' as const), row }),
      fc.record({ type: fc.constant('delete' as const), row }),
      fc.record({ type: fc.constant('batch' as const), row, other: row }),
      fc.record({ type: fc.constant('fail' as const) }),
      fc.record({ type: fc.constant('wait' as const) })
    ), { maxLength: 40 })
    let number = 0
    let expected = new Map<string, number>()
    await fc.assert(fc.asyncProperty(steps, async steps => {
      const writes: Array<{ readonly changes: ReadonlyArray<[row: number, value: number | undefined]>, readonly done: Promise<boolean> }> = []
      const write = (changes: Array<[number, number | undefined]>, made: Promise<unknown>): void => {
        writes.push({ changes, done: made.then(() => true, () => false) })
      }
      /** Wait for all, and until it may be opened again. */
      const settle = async (): Promise<void> => {
        for (const { changes, done } of writes.splice(0)) {
          expected = await done ? changed(expected, changes) : expected
        }
        await clock.advance(1_000)
      }
      for (const step of steps) {
        if (step.type === 'fail') {
          level.close().catch(() => {}) // it is being opened again
        } else if (step.type === 'wait') {
          await settle()
        } else if (step.type === 'put') {
          write([[step.row, ++number]], datastore.put(keyOf(step.row), bytesOf(number)))
        } else if (step.type === 'delete') {
          write([[step.row, undefined]], datastore.delete(keyOf(step.row)))
        } else {
          const batch = datastore.batch()
          batch.put(keyOf(step.row), bytesOf(++number))
          batch.delete(keyOf(step.other))
          write([[step.row, number], [step.other, undefined]], Promise.resolve(batch.commit()))
        }
      }
      await settle()
      write([[9, ++number]], datastore.put(keyOf(9), bytesOf(number)))
      await settle()
      write([[9, ++number]], datastore.put(keyOf(9), bytesOf(number)))
      await settle()
      expect(expected.get(keyOf(9).toString()), 'it writes again').to.equal(number)
      const found = await all(datastore.query({ prefix: '/row' }))
      expect(new Map(found.map(({ key, value }) => [key.toString(), numberIn(value)]))).to.deep.equal(new Map([...expected].sort()))
    }), { seed: 20150225, numRuns: 15 })
  })

  it('writes together what waits, up to a MiB', async () => {
    let batches = 0
    const batch = level.batch.bind(level)
    level.batch = () => {
      batches++
      return batch()
    }
    const putAll = async (count: number, bytes: number): Promise<number> => {
      batches = 0
      await Promise.all(Array.from({ length: count }, async (_, i) => datastore.put(keyOf(i), new Uint8Array(bytes))))
      return batches
    }
    expect(await putAll(1_000, 10), 'the first goes at once').to.equal(2)
    expect(await putAll(1 + 30, 1024 * 1024 / 10)).to.equal(1 + 3)
    expect(await putAll(5, 1024 * 1024 + 1), 'larger than that').to.equal(5)
    expect(await rows()).to.have.lengthOf(1_000)
  })

  it('writes what waits before it is closed, and nothing later', async () => {
    const writes = Promise.all([1, 2, 3].map(async number => datastore.put(keyOf(number), VALUE)))
    const closing = datastore.close()
    await expect(datastore.put(keyOf(4), VALUE)).to.eventually.be.rejectedWith(`the database in ${dir} was closed: the node was stopped`).with.property('name', 'DataDirError')
    await Promise.all([writes, closing])
    await expect(datastore.get(keyOf(1))).to.eventually.be.rejectedWith(`the database in ${dir} was closed: the node was stopped`)
    const level = await open()
    expect((await all(level.queryKeys({ prefix: '/row' }))).map(String)).to.deep.equal(['/row/1', '/row/2', '/row/3'])
    await level.close()
  })

  const USES: Array<[who: string, use: () => Promise<unknown>]> = [
    ['a write', async () => datastore.put(keyOf(1), VALUE)],
    ['a read', async () => datastore.get(keyOf(1))]
  ]

  async function expectClosed (use: () => Promise<unknown>): Promise<void> {
    await datastore.put(keyOf(1), VALUE)
    for (let turns = 0; turns < 40; turns += 5) {
      await breakIt()
      await clock.advance(1_000)
      const using = use().catch(() => {})
      for (let turn = 0; turn < turns; turn++) {
        await new Promise(resolve => { setImmediate(resolve) })
      }
      await datastore.close()
      await using
      datastore = mending(await open()) // which LevelDB refuses to whoever is not alone
    }
  }

  async function expectMended (use: () => Promise<unknown>): Promise<void> {
    await datastore.put(keyOf(1), VALUE)
    await breakIt()
    await expect(use(), 'within a second').to.eventually.be.rejectedWith('the disk is full')
    await clock.advance(1_000)
    await use()
    expect(await datastore.get(keyOf(1))).to.equalBytes(VALUE)
  }

  for (const [who, use] of USES) {
    it(`leaves nothing open when it is closed while it is mended for the sake of ${who}`, async () => { await expectClosed(use) })

    it(`is mended for the sake of ${who} when it could not be opened before`, async () => { await expectMended(use) })
  }

  it('makes no write whose signal is aborted', async () => {
    const options = { signal: AbortSignal.abort() }
    await datastore.put(keyOf(1), VALUE)
    const batch = datastore.batch()
    batch.delete(keyOf(1))
    await expect(datastore.put(keyOf(2), VALUE, options)).to.eventually.be.rejected.with.property('name', 'AbortError')
    await expect(datastore.delete(keyOf(1), options)).to.eventually.be.rejected.with.property('name', 'AbortError')
    await expect(batch.commit(options)).to.eventually.be.rejected.with.property('name', 'AbortError')
    expect(await rows()).to.deep.equal(['/row/1'])
  })

  it('takes a row that the database cannot read for none, and says so', async () => {
    await datastore.put(keyOf(1), VALUE)
    await datastore.close()
    datastore = mending(await open()) // it is in a table now
    const [name] = (await readdir(join(dir, 'db'))).filter(name => name.endsWith('.ldb'))
    const path = join(dir, 'db', name)
    const table = await readFile(path)
    const file = await openFile(path, 'r+')
    // behind the value lie where the block's only restart is, how many there are, and the block's kind
    await file.write(Uint8Array.of(7), 0, 1, table.indexOf(VALUE) + VALUE.byteLength + 8)
    await file.close()
    await expect(datastore.get(keyOf(1))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    await expect(datastore.get(keyOf(2))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    expect(lines.filter(line => /^the row %s cannot be read.* \/row\/1 .*Corruption/.test(line))).to.have.lengthOf(1)
  })
})

/** Rows with these changes made. */
function changed (rows: ReadonlyMap<string, number>, changes: ReadonlyArray<[row: number, value: number | undefined]>): Map<string, number> {
  const next = new Map(rows)
  for (const [row, value] of changes) {
    next.delete(keyOf(row).toString())
    if (value != null) {
      next.set(keyOf(row).toString(), value)
    }
  }
  return next
}

function bytesOf (number: number): Uint8Array {
  return new Uint8Array(new Uint32Array([number]).buffer)
}

function numberIn (bytes: Uint8Array): number {
  return Uint8Array.from(bytes).reduceRight((number, byte) => number * 256 + byte, 0)
}
