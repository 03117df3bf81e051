import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { createNode } from '../../src/node.ts'
import { finished, killLeftovers, spawnKadmium, StartedNode } from '../cli/kadmium.ts'
import { idOf } from '../store/fixtures.ts'

/** Root may write everywhere. */
const ORDINARY_USER = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

describe('a data directory that cannot be used', () => {
  let dir: string

  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'kadmium-data-')) })
  afterEach(async () => {
    killLeftovers()
    await chmod(dir, 0o700)
    await rm(dir, { recursive: true })
  })

  async function expectFailure (path: string, name: string, pattern: RegExp): Promise<void> {
    await expect(createNode({ dataDir: path, listen: ['/ip4/127.0.0.1/tcp/0'] })).to.eventually.be.rejectedWith(pattern).with.property('name', name)
  }

  /** The command says the same on one line, and ends with 6. */
  async function expectProblem (path: string, pattern: RegExp, user: { uid?: number, gid?: number } = {}): Promise<void> {
    const { code, stdout, stderr } = await finished(spawnKadmium(['start', '--listen', '127.0.0.1:0', '--data', path], user))
    expect({ code, stdout: String(stdout) }).to.deep.equal({ code: 6, stdout: '' })
    expect(stderr).to.match(/^kadmium: [^\n]*\n$/).and.match(pattern)
  }

  it('is in use by this process', async () => {
    const open = await openDataDir({ dir, self: idOf(0) })
    await expectFailure(dir, 'DataDirInUseError', new RegExp(`^a node runs in ${dir} already: stop it, or use another folder$`))
    await open.close()
    await (await openDataDir({ dir, self: idOf(0) })).close()
  })

  it('is in use by this process, under another name', async () => {
    const open = await openDataDir({ dir: join(dir, 'data'), self: idOf(0) })
    await symlink('data', join(dir, 'link'))
    await expectFailure(join(dir, 'link'), 'DataDirInUseError', /^a node runs in .*data already/)
    await open.close()
  })

  it('lies in a folder whose name is not UTF-8', async () => {
    const { code, stderr } = await finished(spawnKadmium(['start', '--data', 'data'], { shell: `cd ${dir} && mkdir "$(printf 'caf\\351')" && cd caf* && exec "$@"` }))
    expect(code).to.equal(6)
    expect(stderr).to.match(/^kadmium: cannot use .* as the data directory: its path is not UTF-8[^\n]*\n$/)
    expect(await readdir(dir)).to.have.length(1)
  })

  it('is in use by another process, whichever of the two notices first', async () => {
    const pattern = new RegExp(`a node runs in ${dir} already: stop it, or use another folder$`, 'm')
    const node = await StartedNode.start(['--data', dir])
    await expectFailure(dir, 'DataDirInUseError', pattern)
    await expectProblem(dir, pattern)
    await node.stop()
    const open = await openDataDir({ dir, self: idOf(0) })
    await expectProblem(dir, pattern)
    await open.close()
  })

  it('has no name', async () => {
    const pattern = /^the path of the data directory is empty: give one, "\." for the current folder$/
    await expectFailure('', 'DataDirError', pattern)
    await expect(openDataDir({ dir: '', self: idOf(0) })).to.eventually.be.rejectedWith(pattern)
  })

  it('has a file in its place, or on the way to it', async () => {
    const file = join(dir, 'file')
    await writeFile(file, '')
    const pattern = /cannot use .*file.* as the data directory: a file is in its place or on the way to it; move it away, or use another folder/
    await expectFailure(file, 'DataDirError', pattern)
    await expectFailure(join(file, 'below'), 'DataDirError', pattern)
    await expectProblem(file, pattern)
  })

  it('has a file in the place of its database', async () => {
    await writeFile(join(dir, 'db'), '')
    await expectFailure(dir, 'DataDirError', /cannot open the database in .*db \(.*\): make sure that this user can read and write it, or use another folder/)
  })

  it('was written by a later version', async () => {
    await (await openDataDir({ dir, self: idOf(0) })).close()
    expect(await readFile(join(dir, 'format'), 'utf8')).to.equal('1\n')
    await writeFile(join(dir, 'format'), '2\n')
    const pattern = /format says "2", this version of kadmium reads format 1: use the version that wrote the folder, or another folder$/m
    await expectFailure(dir, 'DataDirError', pattern)
    await expectProblem(dir, pattern)
  })

  it('does not say its format: it is told to', async () => {
    await (await openDataDir({ dir, self: idOf(0) })).close()
    await rm(join(dir, 'format'))
    await (await openDataDir({ dir, self: idOf(0) })).close()
    expect(await readFile(join(dir, 'format'), 'utf8')).to.equal('1\n')
  })

  it('has a folder in the place of its format', async () => {
    await mkdir(join(dir, 'format'))
    await expectFailure(dir, 'DataDirError', /cannot use .*format \(EISDIR.*\): make sure that this user can read and write it, or use another folder/)
  })

  it('is not to be written by this user', async () => {
    await mkdir(join(dir, 'data'))
    await chmod(join(dir, 'data'), 0o555)
    await chmod(dir, 0o555)
    const pattern = /cannot use .* as the data directory: this user cannot write to it; use a folder that this user can write to$/m
    await expectProblem(join(dir, 'data'), pattern, ORDINARY_USER)
    await expectProblem(join(dir, 'new'), pattern, ORDINARY_USER)
  })
})
