import { chmod, mkdir, mkdtemp, open, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { replaceFile, writeLookup, writeState } from '../../src/dump/write.ts'
import { Simulation } from '../helpers/simulation.ts'

describe('writing dumps', () => {
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kadmium-dump-')) })
  afterEach(async () => { await rm(folder, { recursive: true }) })

  it('writes JSON, and PlantUML beside it, into folders that it makes', async () => {
    const network = new Simulation({ seed: 1 })
    const [{ dht }] = await network.nodesJoined(3)
    const state = join(folder, 'a', 'b', 'state.json')
    const lookup = join(folder, 'a', 'lookup.json')
    await writeState(dht, state)
    await writeLookup(await network.clock.run(dht.lookup('x')), lookup)
    await network.stop()

    for (const path of [state, lookup]) {
      const json = await readFile(path, 'utf8')
      expect(await readFile(`${path}.plantuml`, 'utf8')).to.equal(`@startjson\n${json}@endjson\n`)
    }
    expect(JSON.parse(await readFile(state, 'utf8'))).to.have.nested.property('routes.size', 2)
    expect(JSON.parse(await readFile(lookup, 'utf8')).found).to.have.length(2)
    expect(await readdir(join(folder, 'a', 'b'))).to.have.members(['state.json', 'state.json.plantuml'])
  })

  it('replaces a file that is there, and leaves nothing beside it', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'a long old content')
    await replaceFile(path, 'new')
    expect(await readFile(path, 'utf8')).to.equal('new')
    expect(await readdir(folder)).to.deep.equal(['file'])
  })

  it('replaces it at once: who reads the old file reads all of it', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'a long old content')
    const reader = await open(path)
    await replaceFile(path, 'new')
    expect(await reader.readFile('utf8')).to.equal('a long old content')
    await reader.close()
  })

  it('lets nobody read or write it who could not before', async () => {
    for (const mode of [0o600, 0o640, 0o666]) {
      const path = join(folder, `file-${mode}`)
      await writeFile(path, 'old')
      await chmod(path, mode)
      await replaceFile(path, 'new')
      expect((await stat(path)).mode & 0o777).to.equal(mode)
    }
  })

  it('takes any name that is legal', async () => {
    const name = 'x'.repeat(255)
    await replaceFile(join(folder, name), 'new')
    expect(await readdir(folder)).to.deep.equal([name])
  })

  it('follows a symbolic link rather than replace it', async () => {
    const path = join(folder, 'link')
    await writeFile(join(folder, 'file'), 'old')
    await symlink('file', path)
    await replaceFile(path, 'new')
    expect(await readFile(join(folder, 'file'), 'utf8')).to.equal('new')
    expect(await readlink(path)).to.equal('file')
  })

  it('follows one to where nothing is yet', async () => {
    const path = join(folder, 'link')
    await mkdir(join(folder, 'a/b'), { recursive: true })
    await symlink('a/b', join(folder, 'short'))
    await symlink('../new/file', join(folder, 'short/second'))
    await symlink('short/second', path)
    await replaceFile(path, 'new')
    expect(await readFile(join(folder, 'a/new/file'), 'utf8')).to.equal('new')
    expect(await readlink(path)).to.equal('short/second')
  })

  it('writes to a device without replacing it', async () => {
    await replaceFile('/dev/null', 'gone')
    expect(await readFile('/dev/null', 'utf8')).to.equal('')
  })

  it('leaves nothing behind when it fails', async () => {
    await expect(replaceFile(folder, 'x')).to.eventually.be.rejected.with.property('code', 'EISDIR')
    await writeFile(join(folder, 'file'), 'old')
    await expect(replaceFile(join(folder, 'file', 'below'), 'x')).to.eventually.be.rejected.with.property('code')
    expect(await readdir(folder)).to.deep.equal(['file'])
    expect(await readFile(join(folder, 'file'), 'utf8')).to.equal('old')
  })
})
