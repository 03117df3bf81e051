import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { makeFolders } from '../../src/files/make-folders.ts'

describe('making folders', () => {
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kadmium-folders-')) })
  afterEach(async () => { await rm(folder, { recursive: true }) })

  async function expectFailure (path: string, code: string): Promise<void> {
    await expect(makeFolders(path)).to.eventually.be.rejected.with.property('code', code)
  }

  it('makes those above, too, for whom it is told, and takes what is there', async () => {
    await makeFolders(join(folder, 'a', 'b', 'c'), 0o700)
    for (const path of ['a', 'a/b', 'a/b/c']) {
      expect((await stat(join(folder, path))).mode & 0o777).to.equal(0o700)
    }
    await makeFolders(join(folder, 'a', 'b', 'c'))
    await makeFolders('/')
    await makeFolders('.')
  })

  it('is done by many at once', async () => {
    const root = folder
    for (let round = 0; round < 20; round++) {
      const paths = Array.from({ length: 10 }, (_, i) => join(root, String(round), 'a', 'b', 'c', ...i % 3 === 0 ? ['d'] : []))
      await Promise.all(paths.map(async path => makeFolders(path)))
      expect((await stat(paths[0])).isDirectory()).to.equal(true)
    }
  })

  it('says what is in the way', async () => {
    await writeFile(join(folder, 'file'), '')
    await symlink('nowhere', join(folder, 'link'))
    await expectFailure(join(folder, 'file'), 'EEXIST')
    await expectFailure(join(folder, 'file', 'below', 'that'), 'EEXIST')
    await expectFailure(join(folder, 'link', 'below'), 'EEXIST')
    await expectFailure('', 'ENOENT')
  })

  it('ends where no folder can be made', async () => {
    await expectFailure('/proc/kadmium', 'ENOENT')
    await expectFailure('/proc/kadmium/below/that', 'ENOENT')
  })
})
