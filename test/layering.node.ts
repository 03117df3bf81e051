import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../src', import.meta.url))

/**
 * Who may import whom: each layer may import itself and those named after it.
 * A layer is a folder of src/, or a file there.
 */
const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map([
  ['keyspace', []],
  ['clock', []],
  ['files', []],
  ['iteration', []],
  ['cache', []],
  ['routing', ['keyspace']],
  ['lookup', ['keyspace']],
  ['record', ['keyspace']],
  ['wire', ['keyspace', 'record']],
  ['store', ['keyspace', 'clock', 'cache', 'record', 'wire']],
  ['rpc', ['keyspace', 'clock', 'iteration', 'routing', 'record', 'wire', 'store']],
  ['dht', ['keyspace', 'clock', 'cache', 'routing', 'lookup', 'record', 'wire', 'store', 'rpc']],
  ['hosts', ['keyspace', 'clock', 'files', 'iteration', 'cache', 'rpc/connection.ts', 'rpc/errors.ts']],
  ['dump', ['keyspace', 'clock', 'files', 'routing', 'record', 'wire', 'store', 'rpc', 'dht']],
  ['engine.ts', ['keyspace', 'clock', 'routing', 'lookup', 'record', 'wire', 'store', 'rpc', 'dht', 'dump']],
  ['libp2p', ['keyspace', 'clock', 'iteration', 'routing', 'lookup', 'record', 'wire', 'store', 'rpc', 'dht', 'hosts/libp2p']],
  ['index.ts', ['libp2p', 'engine.ts']],
  ['memory.ts', ['clock', 'hosts/memory']],
  ['data-dir', ['keyspace', 'clock', 'files', 'wire', 'store']],
  ['node.ts', ['keyspace', 'clock', 'wire', 'store', 'rpc', 'dht', 'dump', 'data-dir', 'hosts/tcp', 'engine.ts']],
  ['cli', ['keyspace', 'clock', 'record', 'wire', 'store/limits.ts', 'rpc', 'dht', 'dump', 'data-dir', 'hosts/tcp', 'node.ts', 'engine.ts']]
])

/** Only these may import what browsers do not have. */
const NODE_ONLY = ['hosts/tcp/', 'data-dir/', 'files/', 'node.ts', 'cli/', 'dump/write.ts']

/** The entries that run in browsers. */
const BROWSER_SAFE = ['index.ts', 'engine.ts', 'memory.ts']

/** What makes a folder impure: time, chance, and waiting for either. */
const IMPURE = /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|queueMicrotask|performance\.now|getRandomValues)\b/

const PURE = ['keyspace', 'routing', 'lookup', 'record', 'wire']

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

function sources (): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => {
      const text = readFileSync(join(root, path), 'utf8')
      const imports = [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, specifier]) => specifier)
      return { path, text: text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''), imports }
    })
}

function layerOf (path: string): string {
  return path.split('/')[0]
}

function isWithin (path: string, places: readonly string[]): boolean {
  return places.some(place => path === place || path.startsWith(`${place}/`))
}

/** The imports of our own files, as paths in src/. */
function ownImports ({ path, imports }: SourceFile): string[] {
  return imports
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => relative(root, resolve(join(root, dirname(path)), specifier)))
}

describe('layering', () => {
  it('has a rule for every folder and file of src/', () => {
    const layers = new Set(sources().map(({ path }) => layerOf(path)))
    expect([...layers].filter(layer => !MAY_IMPORT.has(layer))).to.deep.equal([])
    expect(layers.size).to.be.greaterThan(5)
  })

  it('runs every Node-only spec', () => {
    const folder = join(root, '../test')
    const specs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.node.ts')).sort()
    const run = ['node.ts', 'simulations.ts'].flatMap(name => [...readFileSync(join(folder, name), 'utf8').matchAll(/import '\.\/([^']+)'/g)].map(([, path]) => path))
    expect(run.sort()).to.deep.equal(specs)
  })

  it('lets each layer import only those beneath it', () => {
    const offences = sources().flatMap(file => {
      const layer = layerOf(file.path)
      const allowed = [layer, ...(MAY_IMPORT.get(layer) ?? [])]
      return ownImports(file)
        .filter(target => !isWithin(target, allowed))
        .map(target => `${file.path} imports ${target}`)
    })
    expect(offences).to.deep.equal([])
  })

  it('keeps one host out of another', () => {
    const offences = sources().flatMap(file => ownImports(file)
      .filter(target => target.startsWith('hosts/') && file.path.startsWith('hosts/') && target.split('/')[1] !== file.path.split('/')[1])
      .map(target => `${file.path} imports ${target}`))
    expect(offences).to.deep.equal([])
  })

  it('keeps time, chance and waiting out of the pure folders', () => {
    const offences = sources()
      .filter(({ path }) => PURE.includes(layerOf(path)))
      .filter(({ text }) => IMPURE.test(text))
      .map(({ path }) => path)
    expect(offences).to.deep.equal([])
  })

  it('takes time only from the clock', () => {
    const offences = sources()
      .filter(({ path }) => !['cli', 'clock'].includes(layerOf(path)) && path !== 'hosts/memory/macrotask.ts')
      .filter(({ text }) => /\b(Date\.now|new Date\(\)|setTimeout|setInterval)\b/.test(text))
      .map(({ path }) => path)
    expect(offences).to.deep.equal([])
  })

  it('reaches no node: module but where it says so', () => {
    const offences = sources()
      .filter(({ path }) => !NODE_ONLY.some(allowed => path.startsWith(allowed)))
      .flatMap(({ path, imports }) => imports.filter(specifier => specifier.startsWith('node:')).map(specifier => `${path} imports ${specifier}`))
    expect(offences).to.deep.equal([])
  })

  it('reaches no node-only file from the browser-safe entries', () => {
    const files = new Map(sources().map(file => [file.path, file]))
    const reached = new Set<string>()
    const visit = (path: string): void => {
      const file = files.get(path)
      if (file == null || reached.has(path)) {
        return
      }
      reached.add(path)
      ownImports(file).forEach(visit)
    }
    BROWSER_SAFE.forEach(visit)
    expect([...reached].filter(path => NODE_ONLY.some(allowed => path.startsWith(allowed)))).to.deep.equal([])
    expect(reached.size).to.be.greaterThan(20)
  })
  for (const entry of BROWSER_SAFE) {
    it(`bundles ${entry} for browsers, dependencies and all, without a Node.js module`, async () => {
      // rejects if it meets a module that browsers do not have
      const { metafile: { inputs } } = await build({
        entryPoints: [join(root, entry)],
        bundle: true,
        platform: 'browser',
        format: 'esm',
        write: false,
        metafile: true,
        logLevel: 'silent'
      })
      const imported = Object.values(inputs).flatMap(({ imports }) => imports)
      expect(Object.keys(inputs).filter(path => path.startsWith('node:'))).to.deep.equal([])
      expect(imported.filter(({ path, external }) => external === true || path.startsWith('node:'))).to.deep.equal([])
      expect(Object.keys(inputs).filter(path => path.includes('node_modules'))).to.not.deep.equal([])
    })
  }

  it('leaves out of a bundle what that does not use', async () => {
    const { metafile: { outputs } } = await build({
      stdin: { contents: "export { DialError } from './engine.ts'", resolveDir: root },
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      metafile: true
    })
    const kept = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    expect(kept.map(([path]) => relative(root, resolve(path)))).to.deep.equal(['rpc/errors.ts'])
  })
})
