import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { MendingDatastore } from '../../src/data-dir/mending-datastore.ts'
import { openLevel } from '../../src/data-dir/open-level.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { all, logLines } from '../store/fixtures.ts'
import { silentLogger } from './silent-logger.ts'
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
  let level: LevelDatastore
  let datastore: MendingDatastore

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
    clock = new VirtualClock()
    opened = 0
    const said = logLines()
    lines = said.lines
    datastore = new MendingDatastore({ dir, level: await open(), reopen: open, repair: open, clock, log: silentLogger(said.log).forComponent('') })
  })

  afterEach(async () => {
    await datastore.close()
    await rm(dir, { recursive: true })
  })

  async function open (): Promise<LevelDatastore> {
    opened++
    level = await openLevel({ dir, log: () => {} })
    return level
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
})
