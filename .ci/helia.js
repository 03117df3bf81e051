/**
 * An application of Helia that knows nothing of this package, run twice: on `@libp2p/kad-dht`,
 * and with this package in its place, as `npm:kadmium` in its package.json would put it there.
 * What it prints must be the same.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inEmptyFolder, node, pack, root } from './folder.js'

/** Milliseconds that the application may run. */
const PATIENCE = 300_000

/** Which packages are installed as `@libp2p/kad-dht`, anywhere in the tree. */
function installed (folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(packages)
    .filter(path => path.endsWith('node_modules/@libp2p/kad-dht'))
    .map(path => JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8')).name)
    .join()
}

function application (runWithin) {
  const started = performance.now()
  const printed = runWithin(PATIENCE, node, '--import', './only-loopback.js', 'app.js')
  console.info(printed.replaceAll(/^/gm, '  ').trimEnd())
  console.info(`  in ${Math.round((performance.now() - started) / 100) / 10} s`)
  return printed
}

/** Every copy of `@libp2p/kad-dht` in the tree, those of Helia's own packages too, is this package. */
function replace (folder, run) {
  const { filename } = pack(folder)
  renameSync(join(folder, filename), join(folder, 'kadmium.tgz'))
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  manifest.dependencies['@libp2p/kad-dht'] = 'file:kadmium.tgz' // published, it is "npm:kadmium@…"
  manifest.overrides = { '@libp2p/kad-dht': '$@libp2p/kad-dht' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error')
}

if (!existsSync(join(root, 'dist/src/index.js'))) {
  execFileSync('npm', ['run', 'build', '--', '--bundle', 'false'], { cwd: root, stdio: 'inherit' })
}

inEmptyFolder(({ folder, run, runWithin }) => {
  cpSync(join(import.meta.dirname, 'helia'), folder, { recursive: true })
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error')

  expect('the application has the other implementation', installed(folder), '@libp2p/kad-dht')
  const theirs = application(runWithin)
  replace(folder, run)
  expect('the application has this one', installed(folder), 'kadmium')
  const ours = application(runWithin)
  expect('it does the same', ours, theirs)
})
