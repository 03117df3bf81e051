/**
 * Pack the package, install it in an empty folder, and use it as a stranger would:
 * its types resolve, every entry imports, the command runs, and nothing else is in it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'kadmium-packed-'))

const USE = `
import { kadDHT } from 'kadmium'
import { Kademlia } from 'kadmium/engine'
import { createNode } from 'kadmium/node'
import { createMemoryNetwork, VirtualClock } from 'kadmium/memory'

const a = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
const b = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: a.addresses })
await b.put('key', 'value')
console.log(new TextDecoder().decode((await a.get('key')).value))
await Promise.all([a.stop(), b.stop()])

const clock = new VirtualClock()
const dht = new Kademlia({ host: createMemoryNetwork({ clock }).createHost(), protocol: '/test/1.0.0', clock })
await clock.run(dht.start())
console.log(dht.contacts)
console.log(typeof kadDHT({ protocol: '/test/kad/1.0.0' }))
`

function run (command, ...args) {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function expect (what, actual, expected) {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
  }
  console.info(`ok: ${what}`)
}

try {
  const [{ filename, files }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }))
  const strangers = files.map(({ path }) => path).filter(path => !/^(src|dist\/src)\/|^dist\/(index\.min\.js|index\.min\.js\.map|typedoc-urls\.json)$|^(package\.json|README\.md|LICENSE-APACHE|LICENSE-MIT|CHANGELOG\.md)$/.test(path))
  expect('nothing else is in it', strangers.join(), '')

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  run('npm', 'install', '--no-audit', '--no-fund', `./${filename}`, 'typescript@5', '@types/node@22')
  writeFileSync(join(folder, 'use.ts'), USE)
  writeFileSync(join(folder, 'use.js'), USE)
  expect('its entries import and run', run('node', 'use.js'), 'value\n0\nfunction\n')
  expect('its types resolve', run('npx', 'tsc', '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', 'false', 'use.ts'), '')
  expect('the command runs', run('npx', 'kadmium', '--version').trim(), JSON.parse(execFileSync('npm', ['pkg', 'get', 'version'], { cwd: root, encoding: 'utf8' })))
  run('npx', 'kadmium', 'demo', '--nodes', '3')
  console.info('ok: the demo runs')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
