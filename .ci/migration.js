/**
 * A new user's program in an empty folder, written with `@libp2p/kad-dht`: then the one line
 * that names it is changed to this package, and the program goes on with what is on the disk.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inEmptyFolder, node, pack, root } from './folder.js'

/** What the program is built of, in the versions that this package is tested with. */
const STACK = ['@libp2p/crypto', '@libp2p/identify', '@libp2p/kad-dht', '@libp2p/noise', '@libp2p/ping', '@libp2p/tcp', '@libp2p/yamux', 'datastore-core', 'libp2p', 'multiformats']

const PROGRAM = `
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { MemoryDatastore } from 'datastore-core'
import { FsDatastore } from 'datastore-fs'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const bytes = text => new TextEncoder().encode(text)
const signal = AbortSignal.timeout(120_000)

async function createNode (datastore, privateKey) {
  return createLibp2p({
    privateKey,
    datastore,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: '/example/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators: { example: async () => {} },
        selectors: { example: () => 0 }
      })
    }
  })
}

// it keeps what it is told in ./data, and comes back as who it was
const data = new FsDatastore('./data')
await data.open()
const keeper = await createNode(data, await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7)))
const author = await createNode(new MemoryDatastore())
const reader = await createNode(new MemoryDatastore())

async function tell (time) {
  const cid = CID.createV1(0x55, await sha256.digest(bytes(time)))
  await author.contentRouting.put(bytes('/example/' + time), bytes('the value of ' + time), { signal })
  await author.contentRouting.provide(cid, { signal })
}

async function ask (time) {
  const cid = CID.createV1(0x55, await sha256.digest(bytes(time)))
  console.log(new TextDecoder().decode(await reader.contentRouting.get(bytes('/example/' + time), { signal })))
  for await (const { multiaddrs } of reader.contentRouting.findProviders(cid, { signal })) {
    console.log('a provider of ' + time + ' with an address: ' + (multiaddrs.length > 0))
    break
  }
}

const [before, now] = process.argv.slice(2)
if (before !== '-') {
  await reader.dial(keeper.getMultiaddrs())
  await ask(before)
}
await author.dial(keeper.getMultiaddrs())
await tell(now)
await reader.dial(keeper.getMultiaddrs())
await ask(now)
await Promise.all([author, reader, keeper].map(async node => node.stop()))
`

function found (...times) {
  return times.map(time => `the value of ${time}\na provider of ${time} with an address: true\n`).join('')
}

/** The versions that are installed here. */
function versions () {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return STACK.map(name => `${name}@${packages[`node_modules/${name}`].version}`)
}

inEmptyFolder(({ folder, run }) => {
  run('npm', 'init', '--yes', '--init-type', 'module')
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', 'datastore-fs@12.0.1', ...versions())
  writeFileSync(join(folder, 'program.js'), PROGRAM)
  expect('it runs with the other implementation', run(node, 'program.js', '-', 'yesterday'), found('yesterday'))

  const { filename } = pack(folder)
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`)
  run('npm', 'uninstall', '--no-audit', '--no-fund', '--loglevel=error', '@libp2p/kad-dht')
  writeFileSync(join(folder, 'program.js'), PROGRAM.replace('\'@libp2p/kad-dht\'', '\'kadmium\''))
  expect('with one line changed it finds what was kept', run(node, 'program.js', 'yesterday', 'today'), found('yesterday', 'today'))
  expect('and again', run(node, 'program.js', 'today', 'tomorrow'), found('today', 'tomorrow'))
})
