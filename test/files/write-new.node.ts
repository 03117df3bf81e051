import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { writeNew } from '../../src/files/write-new.ts'

/** As FAT does on Linux. */
async function noLinks (): Promise<void> {
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
}

describe('writing a new file', () => {
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kadmium-files-')) })
  afterEach(async () => { await rm(folder, { recursive: true }) })

  async function expectWritten (name?: typeof noLinks): Promise<void> {
    const path = join(folder, 'file')
    expect(await writeNew(path, Uint8Array.of(1, 2, 3), name)).to.equal(true)
    expect(await writeNew(path, Uint8Array.of(4), name)).to.equal(false)
    expect(await readFile(path)).to.equalBytes(Uint8Array.of(1, 2, 3))
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect(await readdir(folder)).to.deep.equal(['file'])
  }

  it('is for its owner alone, and what is there stays', async () => {
    await expectWritten()
  })

  it('does the same where there are no links', async () => {
    await expectWritten(noLinks)
  })

  it('leaves nothing where it cannot', async () => {
    await expect(writeNew(join(folder, 'none', 'file'), new Uint8Array(1), noLinks)).to.eventually.be.rejected.with.property('code', 'ENOENT')
    expect(await readdir(folder)).to.deep.equal([])
  })
})
