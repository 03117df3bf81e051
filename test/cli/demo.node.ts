import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { kadmiumJson } from './in-process.ts'
import { kadmium, killLeftovers } from './kadmium.ts'

describe('kadmium demo', () => {
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-')) })
  afterEach(async () => {
    killLeftovers()
    await rm(folder, { recursive: true })
  })

  it('tells the story of ten nodes, and writes dumps', async () => {
    const { code, stdout } = await kadmium(['demo', '--out', folder])
    const lines = String(stdout).split('\n')
    expect(code).to.equal(0)
    for (let i = 0; i < 10; i++) {
      expect(lines.filter(line => line.startsWith(`Looking for key_${i}, got value_${i} (node ${(i + 1) % 10}, `))).to.have.length(1)
    }
    expect(String(stdout)).to.match(/^node 9 pings node 0: alive, \d+ ms$/m)
    expect(String(stdout)).to.match(/^node 9 asks node 0 for node 0: found/m)
    expect(String(stdout)).to.match(/^Looking for large, got 1048576 bytes/m)
    expect(String(stdout)).to.match(/^9 +[0-9a-f]{12}… +….{8} +127\.0\.0\.1:\d+ +9 +11$/m)
    expect(lines.at(-2)).to.match(/^11 of 11 values read as written, in \d+ ms$/)
    // eleven dumps, each as JSON and as PlantUML
    expect(await readdir(folder)).to.have.length(22)
    const { store, routes } = JSON.parse(await readFile(join(folder, 'node-3.json'), 'utf8'))
    expect([store.length, routes.size]).to.deep.equal([11, 9])
  })

  it('is a document, too', async () => {
    const { code, stderr, document } = await kadmiumJson(['demo', '--nodes', '2', '--out', folder])
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(document.ok).to.equal(true)
    expect(document.nodes.map(({ contacts, values }: any) => [contacts, values])).to.deep.equal([[1, 3], [1, 3]])
    expect(document.reads.map(({ key, matched }: any) => [key, matched])).to.deep.equal([['key_0', true], ['key_1', true], ['large', true]])
    expect(document.find_node).to.include({ found: true })
    expect(document.dumps).to.have.length(6)
  })
})
