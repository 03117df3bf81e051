/**
 * Pack the package, install it in an empty folder, and use it as a stranger would:
 * its types resolve, every entry imports, the command runs, and nothing else is in it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inEmptyFolder, pack, root } from './folder.js'

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

const REQUIRE = `
const { kadDHT } = require('kadmium')
const { Kademlia } = require('kadmium/engine')
const { createNode } = require('kadmium/node')
const { VirtualClock } = require('kadmium/memory')

console.log([kadDHT, Kademlia, createNode, VirtualClock].map(entry => typeof entry).join())
`

inEmptyFolder(({ folder, run }) => {
  const { filename, files } = pack(folder)
  const strangers = files.map(({ path }) => path).filter(path => !/^(src|dist\/src)\/|^dist\/(index\.min\.js|index\.min\.js\.map|typedoc-urls\.json)$|^(package\.json|README\.md|LICENSE-APACHE|LICENSE-MIT|CHANGELOG\.md)$/.test(path))
  expect('nothing else is in it', strangers.join(), '')

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  run('npm', 'install', '--no-audit', '--no-fund', `./${filename}`, 'typescript@5', '@types/node@22')
  writeFileSync(join(folder, 'use.ts'), USE)
  writeFileSync(join(folder, 'use.js'), USE)
  writeFileSync(join(folder, 'use.cjs'), REQUIRE)
  expect('its entries import and run', run('node', 'use.js'), 'value\n0\nfunction\n')
  expect('CommonJS can require them', run('node', 'use.cjs'), 'function,function,function,function\n')
  expect('its types resolve', run('npx', 'tsc', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', 'false', 'use.ts'), '')
  expect('the command runs', run('npx', 'kadmium', '--version').trim(), JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  run('npx', 'kadmium', 'demo', '--nodes', '3')
  console.info('ok: the demo runs')
})
