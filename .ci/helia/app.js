/**
 * An application of Helia, on four nodes in this process that talk over 127.0.0.1.
 *
 * Two keep the DHT. One adds a file, provides it and publishes a name for it. Another, that
 * has never met it, finds the file's provider, fetches the file, and resolves the name.
 */
import { ipns } from '@helia/ipns'
import { libp2pDefaults } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { createHelia } from 'helia'

const FILE = new TextEncoder().encode('the file')
const LATER = new TextEncoder().encode('the file, a day later')

/** What a local network needs instead of Helia's defaults: they dial, ask and announce to public servers. */
async function createNode (dht = {}) {
  const libp2p = libp2pDefaults()
  libp2p.addresses.listen = ['/ip4/127.0.0.1/tcp/0']
  libp2p.peerDiscovery = []
  delete libp2p.services.autoTLS
  delete libp2p.services.delegatedContentRouting
  delete libp2p.services.delegatedPeerRouting
  delete libp2p.services.upnp
  libp2p.services.dht = kadDHT({ ...dht, peerInfoMapper: passthroughMapper })
  const helia = await createHelia({ libp2p, http: { delegatedRouters: [], recursiveGateways: [] } }).start()
  return { helia, fs: unixfs(helia), names: ipns(helia) }
}

function expect (what, actual, expected) {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${expected}, got ${actual}`)
  }
  console.info(`ok: ${what}: ${actual}`)
}

function signal () {
  return AbortSignal.timeout(60_000)
}

async function text (chunks) {
  return new TextDecoder().decode(new Uint8Array(await new Blob(await Array.fromAsync(chunks)).arrayBuffer()))
}

async function nameOf (node, name, options = {}) {
  const [{ value }] = await Array.fromAsync(node.names.resolve(name, { signal: signal(), ...options }))
  return value
}

/** Who was asked: the routers of Helia that took part in `body`. */
async function routersOf (body) {
  const routers = new Set()
  await body(({ detail }) => { if (detail?.router != null) { routers.add(detail.router) } })
  return [...routers].join()
}

const keepers = [await createNode({ clientMode: false }), await createNode({ clientMode: false })]
const [first, second] = keepers
await second.helia.libp2p.dial(first.helia.libp2p.getMultiaddrs())

const author = await createNode()
await author.helia.libp2p.dial(first.helia.libp2p.getMultiaddrs())
const cid = await author.fs.addBytes(FILE)
expect('the author provides through', await routersOf(async onProgress => author.helia.routing.provide(cid, { signal: signal(), onProgress })), 'libp2p-router')
const { publicKey } = await author.names.publish('of the file', cid, { signal: signal() })
expect('its mode, without a public address', author.helia.libp2p.services.dht.getMode(), 'client')

const reader = await createNode()
await reader.helia.libp2p.dial(second.helia.libp2p.getMultiaddrs())
const isConnected = () => reader.helia.libp2p.getConnections(author.helia.libp2p.peerId).length > 0
expect('the reader has met the author', isConnected(), false)

let providers = []
expect('providers are asked of', await routersOf(async onProgress => {
  providers = await Array.fromAsync(reader.helia.routing.findProviders(cid, { signal: signal(), onProgress }))
}), 'libp2p-router')
expect('providers come from', providers.map(({ routing }) => routing).join(), 'kad-dht')
expect('the provider', providers[0].id.equals(author.helia.libp2p.peerId.toCID()), true)
expect('the file', await text(reader.fs.cat(cid, { signal: signal() })), 'the file')
expect('the reader has met the author', isConnected(), true)

expect('the name', await nameOf(reader, publicKey), `/ipfs/${cid}`)
const later = await author.fs.addBytes(LATER)
await author.names.publish('of the file', later, { signal: signal() })
expect('the name, published again', await nameOf(reader, publicKey, { nocache: true }), `/ipfs/${later}`)
expect('the name, asked by a keeper', await nameOf(second, publicKey, { nocache: true }), `/ipfs/${later}`)

const offline = await first.names.publish('while offline', cid, { offline: true })
expect('a name that was published offline', await nameOf(reader, offline.publicKey), `/ipfs/${cid}`)

const peer = await reader.helia.libp2p.peerRouting.findPeer(first.helia.libp2p.peerId, { signal: signal() })
expect('the peer', peer.id.equals(first.helia.libp2p.peerId), true)

const remotes = [...keepers, author, reader].flatMap(({ helia }) => helia.libp2p.getConnections()).map(({ remoteAddr }) => remoteAddr.toString())
expect('connections elsewhere', remotes.filter(addr => !addr.startsWith('/ip4/127.0.0.1/tcp/')).length, 0)
await Promise.all([...keepers, author, reader].map(async ({ helia }) => helia.stop()))
