import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import ts from 'typescript'
import { compile, errorsIn, root } from './helpers/compile.ts'

/** What the examples import of us, and where that lies. */
const ENTRIES: ts.MapLike<string[]> = {
  kadmium: [join(root, 'src/index.ts')],
  'kadmium/engine': [join(root, 'src/engine.ts')],
  'kadmium/node': [join(root, 'src/node.ts')],
  'kadmium/memory': [join(root, 'src/memory.ts')]
}

/** Those whose nodes join the public network of IPFS, and run on. */
const NOT_RUN = /^src\/index\.ts/

/** Each is to end by itself. */
const TIMEOUT_MS = 60_000

interface Example {
  /** File and line. */
  readonly name: string
  readonly code: string
}

/** The TypeScript in a file: in comments, if it is source code. */
function examplesIn (path: string): Example[] {
  const file = readFileSync(join(root, path), 'utf8')
  const text = path.endsWith('.ts') ? file.replaceAll(/^ *\* ?/gm, '') : file
  return [...text.matchAll(/^```(?:ts|typescript)\n(.*?)^```/gms)].map(({ index, 1: code }) => {
    const line = text.slice(0, index).split('\n').length + 1
    return { name: `${path}:${line}`, code: `${'\n'.repeat(line - 1)}${code}\nexport {}` }
  })
}

function filesIn (folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith(extension))
    .map(path => join(folder, path))
}

describe('the examples in the documentation', function () {
  this.timeout(120_000)

  const examples = ['README.md', ...filesIn('docs', '.md'), ...filesIn('src', '.ts')].flatMap(examplesIn)
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kadmium-examples-'))
    for (const { code } of examples) {
      for (const [, name] of code.matchAll(/ from '((?:@[^/']+\/)?[^/']+)/g)) {
        link(name)
      }
    }
  })

  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** Let the examples find a package. */
  function link (name: string): void {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    symlinkSync(name === 'kadmium' ? root : join(root, 'node_modules', name), path)
  }

  /** Rejects unless it ends well. */
  async function run (code: string): Promise<void> {
    const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } })
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', outputText], { cwd: folder, timeout: TIMEOUT_MS })
  }

  it('compile, each by itself', () => {
    expect(examples.length).to.be.greaterThan(15)
    const texts = new Map(examples.map(({ name, code }) => [join(root, `${name.replace(/:\d+$/, '').replaceAll('/', '-')}-${name.split(':')[1]}.ts`), code]))
    expect(errorsIn(compile([], texts, ENTRIES), texts.keys())).to.deep.equal([])
  })

  for (const { name, code } of examples.filter(({ name }) => !NOT_RUN.test(name))) {
    it(`runs to its end: ${name}`, async () => { await run(code) })
  }
})
