import { cp, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { ClassicLevel } from 'classic-level'
import { systemClock } from '../../src/clock/clock.ts'
import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { SeededRandom } from '../routing/seeded-random.ts'
import { idOf, logLines } from '../store/fixtures.ts'
import { silentLogger } from './silent-logger.ts'
import type { DataDir } from '../../src/data-dir/data-dir.ts'

const SEEDS = 25
const VALUES = 500

/** The folder is written in so many sittings, each a part of the values anew: each leaves a table. */
const SITTINGS = 3

const NOW = systemClock.now()

describe('a damaged data directory', () => {
  let original: string
  let dir: string
  let lines: string[]

  before(async () => {
    original = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
    for (let sitting = 0; sitting < SITTINGS; sitting++) {
      const data = await openDataDir({ dir: original, self: idOf(0) })
      await Promise.all(numbersOf(sitting).map(async number => { await put(data, number, sitting) }))
      await data.close()
    }
  })

  after(async () => { await rm(original, { recursive: true }) })

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
    await cp(original, dir, { recursive: true })
  })

  afterEach(async () => { await rm(dir, { recursive: true }) })

  async function openIt (): Promise<DataDir> {
    const log = logLines()
    lines = log.lines
    return openDataDir({ dir, self: idOf(0), logger: silentLogger(log.log) })
  }

  async function filesLike (pattern: RegExp): Promise<string[]> {
    return (await readdir(join(dir, 'db'))).filter(name => pattern.test(name)).sort().map(name => join(dir, 'db', name))
  }

  async function change (path: string, how: (bytes: Buffer) => Uint8Array): Promise<void> {
    await writeFile(path, how(await readFile(path)))
  }

  /** How many values there are, each exactly as it was written at some time. */
  async function countSound (data: DataDir): Promise<number> {
    let count = 0
    for await (const { key, value } of data.values.values()) {
      const number = Number(new TextDecoder().decode(key).slice(4))
      const versions = [...Array(SITTINGS).keys()].filter(sitting => numbersOf(sitting).includes(number))
      expect(versions.map(sitting => hex(valueOf(number, sitting))), `value ${number}`).to.include(hex(value))
      count++
    }
    return count
  }

  async function expectSound (seed: number): Promise<void> {
    const random = new SeededRandom(seed)
    const files = await filesLike(/^(\d+\.(ldb|log)|CURRENT|MANIFEST-\d+)$/)
    const file = files[random.below(files.length)]
    await change(file, bytes => damaged(bytes, random))
    const data = await openIt()
    const count = await countSound(data)
    if (!file.endsWith('.log')) { // the end of a log that is cut off looks like that of one who was killed
      expect(lines, file).to.not.deep.equal([])
    }
    await put(data, VALUES, 0)
    await data.close()
    const again = await openIt()
    expect(again.restored.values, file).to.equal(count + 1)
    expect(lines, file).to.deep.equal([])
    await again.close()
  }

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`serves what was written or nothing, wherever bytes have changed (${seed})`, async () => { await expectSound(seed) })
  }

  it('loses the rows of one block when one byte has changed', async () => {
    const [table] = await filesLike(/\.ldb$/)
    await change(table, bytes => bytes.fill(bytes[10_000] ^ 1, 10_000, 10_001))
    const data = await openIt()
    expect(await countSound(data)).to.be.within(VALUES - 20, VALUES - 1)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.include('is damaged').and.include(table)
    expect(await readdir(join(dir, 'db', 'lost'))).to.have.length(1)
    await data.close()
  })

  it('loses the rows of one table when its index is damaged', async () => {
    const [table, ...others] = await filesLike(/\.ldb$/)
    expect(others).to.not.deep.equal([])
    await change(table, bytes => bytes.fill(bytes[bytes.length - 60] ^ 1, bytes.length - 60, bytes.length - 59))
    const data = await openIt()
    expect(await countSound(data)).to.be.within(1, VALUES - 1)
    expect(lines).to.have.length(1)
    await data.close()
  })

  it('loses nothing when a filter is damaged, by which rows are found faster', async () => {
    for (const table of await filesLike(/\.ldb$/)) {
      // the filter lies before the metaindex and the index
      await change(table, bytes => {
        const at = bytes.lastIndexOf('filter.') - 20
        return bytes.fill(bytes[at] ^ 1, at, at + 1)
      })
    }
    const data = await openIt()
    expect(await countSound(data)).to.equal(VALUES)
    expect(lines).to.not.deep.equal([])
    await data.close()
  })

  async function expectAll (harm: () => Promise<void>): Promise<void> {
    await harm()
    const data = await openIt()
    expect(await countSound(data)).to.equal(VALUES)
    expect(lines[0]).to.match(/^repairing the database/)
    await data.close()
  }

  const LISTS: Array<[string, () => Promise<void>]> = [
    ['CURRENT is gone', async () => { await rm(join(dir, 'db', 'CURRENT')) }],
    ['CURRENT is empty', async () => { await writeFile(join(dir, 'db', 'CURRENT'), '') }],
    ['CURRENT names another file', async () => { await writeFile(join(dir, 'db', 'CURRENT'), 'MANIFEST-999999\n') }],
    ['CURRENT is nonsense', async () => { await writeFile(join(dir, 'db', 'CURRENT'), '\0\x01MANIFEST\n') }],
    ['it is empty', async () => { await change((await filesLike(/^MANIFEST/))[0], () => new Uint8Array(0)) }],
    ['it is cut off', async () => { await change((await filesLike(/^MANIFEST/))[0], bytes => bytes.subarray(0, 30)) }],
    ['it is damaged', async () => { await change((await filesLike(/^MANIFEST/))[0], bytes => bytes.fill(bytes[40] ^ 1, 40, 41)) }]
  ]
  for (const [name, harm] of LISTS) {
    it(`loses nothing with its list of files: ${name}`, async () => { await expectAll(harm) })
  }

  async function expectLeftAlone (harm: () => Promise<void>): Promise<void> {
    const data = await openIt()
    await harm()
    await expect(openIt()).to.eventually.be.rejected.with.property('name', 'DataDirInUseError')
    expect(lines).to.deep.equal([])
    await put(data, VALUES, 0)
    await data.close()
    const again = await openIt()
    expect(again.restored.values).to.equal(VALUES + 1)
    await again.close()
  }

  for (const [name, harm] of LISTS) {
    it(`is not repaired while somebody has it open, whatever its list of files: ${name}`, async () => { await expectLeftAlone(harm) })
  }

  const HARMS: Array<[string, () => Promise<void>]> = [
    ...LISTS,
    ['a byte of each table has changed', async () => {
      for (const table of await filesLike(/\.ldb$/)) {
        await change(table, bytes => bytes.fill(bytes[10_000] ^ 1, 10_000, 10_001))
      }
    }]
  ]

  /** One of them mends and has it, and nothing more is lost than when there is one alone. */
  async function expectOneHasIt (harm: () => Promise<void>): Promise<void> {
    await harm()
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, openIt))
    const [data, ...others] = outcomes.flatMap(outcome => outcome.status === 'fulfilled' ? [outcome.value] : [])
    expect(others).to.deep.equal([])
    expect(outcomes.flatMap(outcome => outcome.status === 'rejected' ? [outcome.reason.name] : [])).to.deep.equal(Array(3).fill('DataDirInUseError'))
    const count = await countSound(data)
    expect(count).to.be.within(VALUES - 60, VALUES)
    await put(data, VALUES, 0)
    await data.close()
    const again = await openIt()
    expect(again.restored.values).to.equal(count + 1)
    await again.close()
  }

  for (const [name, harm] of HARMS) {
    it(`is opened by one of several at once, none of whom takes it for beyond repair: ${name}`, async () => { await expectOneHasIt(harm) })
  }

  it('is mended when that by which one at a time does so is damaged too', async () => {
    await rm(join(dir, 'db', 'CURRENT'))
    await (await openIt()).close()
    for (const damaged of ['CURRENT', 'LOCK']) {
      await rm(join(dir, 'db', 'CURRENT'))
      await writeFile(join(dir, 'mending', damaged), 'MANIFEST-999999\n')
      const data = await openIt()
      expect(await countSound(data)).to.equal(VALUES)
      await data.close()
    }
  })

  it('loses nothing when a repair was broken off, and checks its tables from then on', async () => {
    await rm(join(dir, 'db', 'CURRENT'))
    await ClassicLevel.repair(join(dir, 'db'))
    const data = await openIt()
    for (const number of numbersOf(SITTINGS - 1)) {
      expect((await data.values.get(keyOf(number)))?.value).to.equalBytes(valueOf(number, SITTINGS - 1))
    }
    await data.close()
    expect(lines).to.deep.equal([])

    const tables = await filesLike(/\.ldb$/)
    for (const table of tables) {
      await change(table, bytes => bytes.fill(bytes[10_000] ^ 1, 10_000, 10_001))
    }
    await (await openIt()).close()
    expect(lines.filter(line => /\.ldb 1 \d\d+ lost$/.test(line))).to.have.lengthOf(tables.length)
  })

  async function expectOneTableLost (isMended: boolean): Promise<void> {
    const [table] = await filesLike(/\.ldb$/)
    await change(table, bytes => bytes.fill(bytes[bytes.length - 60] ^ 1, bytes.length - 60, bytes.length - 59))
    if (isMended) {
      await (await openIt()).close()
    }
    await rm(join(dir, 'db', 'CURRENT'))
    const data = await openIt()
    expect(await countSound(data)).to.be.within(1, VALUES - 1)
    await data.close()
  }

  it('loses the rows of one table when its index and the list of files are damaged', async () => { await expectOneTableLost(false) })

  it('loses the rows of one table when its index is damaged, and the list of files later', async () => { await expectOneTableLost(true) })

  it('loses the rows of one table when that is cut off', async () => {
    const [table] = await filesLike(/\.ldb$/)
    await change(table, bytes => bytes.subarray(0, bytes.length - 100))
    const data = await openIt()
    expect(await countSound(data)).to.be.within(1, VALUES - 1)
    expect(lines[0]).to.match(/^repairing the database/)
    await data.close()
  })

  it('loses the rows of one block after a repair, too', async () => {
    await rm(join(dir, 'db', 'CURRENT'))
    await (await openIt()).close()
    for (const table of await filesLike(/\.ldb$/)) {
      await change(table, bytes => bytes.fill(bytes[10_000] ^ 1, 10_000, 10_001))
    }
    const data = await openIt()
    expect(await countSound(data)).to.be.within(VALUES - 40, VALUES - 1)
    // its table, one block, of how many
    expect(lines.filter(line => !/\.ldb 1 \d\d+ lost$/.test(line))).to.deep.equal([])
    await data.close()
  })

  it('says so when a part of the log of writes is lost', async () => {
    const [log] = await filesLike(/\.log$/)
    await change(log, bytes => bytes.fill(bytes[1_000] ^ 1, 1_000, 1_001))
    const data = await openIt()
    expect(await countSound(data)).to.equal(VALUES) // an older version of each
    expect(lines.filter(line => !/lost rows.*dropping \d+ bytes/.test(line))).to.deep.equal([])
    expect(lines).to.not.deep.equal([])
    await data.close()
  })

  it('serves no row that changes on the disk while it is open', async () => {
    await (await openIt()).close() // what was in the log of writes is in a table now
    const data = await openIt()
    for (const path of await filesLike(/\.ldb$/)) {
      const table = await readFile(path)
      const file = await open(path, 'r+')
      for (let at = table.indexOf(valueOf(9, 0)); at !== -1; at = table.indexOf(valueOf(9, 0), at + 1)) {
        await file.write(Uint8Array.of(table[at + 5] ^ 4), 0, 1, at + 5)
      }
      await file.close()
    }
    expect(await data.values.get(keyOf(9))).to.equal(undefined)
    expect(lines.some(line => line.includes('it is not what was written'))).to.equal(true)
    expect(await countSound(data)).to.equal(VALUES - 1)
    await put(data, 9, 1)
    expect((await data.values.get(keyOf(9)))?.value).to.equalBytes(valueOf(9, 1))
    await data.close()
  })

  it('says what to do when a repair does not help', async () => {
    await rm(join(dir, 'db', 'CURRENT'))
    await symlink(join(dir, 'nowhere', 'file'), join(dir, 'db', '000001.dbtmp')) // where a repair writes the new list
    await expect(openIt()).to.eventually.be.rejectedWith(/database in .*db is damaged beyond repair \(.*\): restore it from a backup, or move that folder away to begin with an empty one; the identity stays$/)
      .with.property('name', 'DataDirError')
  })
})

/** The first sitting writes all values, the later ones every third anew. */
function numbersOf (sitting: number): number[] {
  return [...Array(VALUES).keys()].filter(number => sitting === 0 || number % SITTINGS === sitting)
}

async function put (data: DataDir, number: number, sitting: number): Promise<void> {
  await data.values.put({ key: keyOf(number), value: valueOf(number, sitting), timeReceived: NOW, expires: NOW + 3_600_000 })
}

function keyOf (number: number): Uint8Array {
  return new TextEncoder().encode(`/kv/${number}`)
}

/** Made once: each look at a folder compares with all of them. */
const made = new Map<number, Uint8Array>()

function valueOf (number: number, sitting: number): Uint8Array {
  const seed = number * SITTINGS + sitting
  const value = made.get(seed) ?? new SeededRandom(seed).bytes(100 + number)
  made.set(seed, value)
  return value
}

function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Bytes with some bits flipped, some zeros, or less of them. Never the same: a bit that is flipped twice is flipped. */
function damaged (bytes: Buffer, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length)
  switch (random.below(8)) {
    case 0: return bytes.subarray(0, at)
    case 1: return bytes.fill(~bytes[at], at, Math.min(bytes.length, at + 1 + random.below(4_096)))
    default:
      for (let flips = 1 + random.below(10); flips > 0; flips--) {
        // the ends of tables, where their index is, come more often than by their size
        const place = random.below(3) === 0 ? bytes.length - 1 - random.below(Math.min(bytes.length, 1_000)) : random.below(bytes.length)
        bytes[place] ^= 1 << random.below(8)
      }
      return bytes
  }
}
