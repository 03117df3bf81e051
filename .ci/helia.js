/**
 * An application of Helia that knows nothing of this package, run twice: on `@libp2p/kad-dht`,
 * and with this package in its place, as `npm:kadmium` in its package.json would put it there.
 * What it prints must be the same.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const node = join(root, 'node_modules/node/bin/node') // Helia needs a later one than this package
const folder = mkdtempSync(join(tmpdir(), 'kadmium-helia-'))

/** Milliseconds that the application may run. */
const PATIENCE = 60_000

function run (command, ...args) {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: command === node ? PATIENCE : undefined })
}

function expect (what, actual, expected) {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
  }
  console.info(`ok: ${what}`)
}

/** Which packages are installed as `@libp2p/kad-dht`, anywhere in the tree. */
function installed () {
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(packages)
    .filter(path => path.endsWith('node_modules/@libp2p/kad-dht'))
    .map(path => JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8')).name)
    .join()
}

function application () {
  const started = performance.now()
  const printed = run(node, '--import', './only-loopback.js', 'app.js')
  console.info(printed.replaceAll(/^/gm, '  ').trimEnd())
  console.info(`  in ${Math.round((performance.now() - started) / 100) / 10} s`)
  return printed
}

/** Every copy of `@libp2p/kad-dht` in the tree, those of Helia's own packages too, is this package. */
function replace () {
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }))
  renameSync(join(folder, filename), join(folder, 'kadmium.tgz'))
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  manifest.dependencies['@libp2p/kad-dht'] = 'file:kadmium.tgz' // published, it is "npm:kadmium@…"
  manifest.overrides = { '@libp2p/kad-dht': '$@libp2p/kad-dht' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error')
}

try {
  if (!existsSync(join(root, 'dist/src/index.js'))) {
    execFileSync('npm', ['run', 'build', '--', '--bundle', 'false'], { cwd: root, stdio: 'inherit' })
  }
  cpSync(join(import.meta.dirname, 'helia'), folder, { recursive: true })
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error')

  expect('the application has the other implementation', installed(), '@libp2p/kad-dht')
  const theirs = application()
  replace()
  expect('the application has this one', installed(), 'kadmium')
  const ours = application()
  expect('it does the same', ours, theirs)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
