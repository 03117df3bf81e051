import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { passthroughMapper } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { plaintext } from '@libp2p/plaintext'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 as sha2 } from 'multiformats/hashes/sha2'
import { seededBytes } from '../harness/seeded.js'
import { settle } from './settle.js'
import { trulyClosest } from './truth.js'

/** Milliseconds that a dial may take: all hosts share a process, and all of them dial at once. */
const DIAL_MS = 60_000

/** What a host listens on, how it dials, and how it proves who it is. */
const TRANSPORTS = {
  tcp: { listen: () => '/ip4/127.0.0.1/tcp/0', transport: tcp, encrypter: noise },
  memory: { listen: name => `/memory/${name}`, transport: memory, encrypter: plaintext }
}

/** Both implementations run with these options. */
export const DHT_OPTIONS = {
  protocol: '/benchmark/kad/1.0.0',
  clientMode: false,
  peerInfoMapper: passthroughMapper,
  initialQuerySelfInterval: 1,
  // everybody is in one process here: an answer may take its time without its peer being dead
  networkDialTimeout: { minTimeout: 5_000 },
  validators: { v () {} },
  selectors: { v: () => 0 }
}

/**
 * A host of libp2p with nothing on it but what a DHT needs, and with it the services given.
 *
 * @param {object} init
 * @param {'tcp' | 'memory'} init.transport
 * @param {Uint8Array} init.seed - of its identity
 * @param {object} [init.services] - beside identify and ping
 */
export async function createHost ({ transport, seed, services = {} }) {
  const { listen, transport: create, encrypter } = TRANSPORTS[transport]
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  return createLibp2p({
    privateKey,
    addresses: { listen: [listen(privateKey.publicKey.toString())] },
    transports: [create()],
    connectionEncrypters: [encrypter()],
    streamMuxers: [yamux()],
    connectionManager: {
      // all share one address, and all dial at once
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 1_000,
      maxConnections: 1_000,
      dialTimeout: DIAL_MS,
      addressDialTimeout: DIAL_MS,
      inboundUpgradeTimeout: DIAL_MS
    },
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping(), ...services }
  })
}

/**
 * Hosts of libp2p that have joined one another through the first of them, as users have it: each
 * dials that one and looks itself up, until it finds its true k closest.
 *
 * @param {object} init
 * @param {number} init.nodes
 * @param {number} init.seed - of their identities
 * @param {'tcp' | 'memory'} init.transport
 * @param {Function} init.kadDHT - of the implementation
 * @param {number} [init.settleMs] - milliseconds after which it goes on though somebody does not find them
 */
export async function buildLibp2pNetwork ({ nodes: count, seed, transport, kadDHT, settleMs }) {
  const bytes = seededBytes(seed)
  const hosts = []
  while (hosts.length < count) {
    hosts.push(await createHost({ transport, seed: bytes(), services: { dht: kadDHT(DHT_OPTIONS) } }))
  }
  const places = hosts.map(({ peerId }) => ({ name: peerId.toString(), id: peerId.toMultihash().bytes, key: sha256(peerId.toMultihash().bytes) }))
  const network = {
    hosts,
    size: count,
    lookup: async (i, target) => closest(hosts[i], target),
    found: peers => peers.map(({ id }) => id.toString()),
    name: i => places[i].name,
    truth: (i, target) => trulyClosest(places, places[i].name, sha256(target)),
    put: async (i, key, value) => { await hosts[i].contentRouting.put(keyOf(key), value) },
    get: async (i, key) => hosts[i].contentRouting.get(keyOf(key)),
    holders: (i, key) => trulyClosest(places, places[i].name, sha256(cidOf(key).multihash.bytes)),
    provide: async (i, key) => { await hosts[i].contentRouting.provide(cidOf(key)) },
    findProviders: async (i, key, limit) => providersOf(hosts[i], cidOf(key), limit),
    stop: async () => { await Promise.all(hosts.map(host => host.stop())) }
  }
  const begun = process.cpuUsage()
  await join(hosts)
  await settle(network, i => places[i].id, settleMs)
  const { user, system } = process.cpuUsage(begun)
  const joined = {
    cpuMs: (user + system) / 1_000,
    connections: hosts.reduce((count, host) => count + host.getConnections().length, 0) / 2
  }
  return { ...network, joined }
}

/**
 * Everybody dials the first.
 *
 * @param hosts
 */
async function join (hosts) {
  for (const host of hosts.slice(1)) {
    await host.dial(hosts[0].getMultiaddrs())
  }
}

async function closest ({ services: { dht } }, target) {
  const peers = []
  for await (const event of dht.getClosestPeers(target)) {
    if (event.name === 'FINAL_PEER') {
      peers.push(event.peer)
    }
  }
  return peers
}

async function providersOf ({ contentRouting }, cid, limit) {
  const names = []
  for await (const { id } of contentRouting.findProviders(cid)) {
    names.push(id.toString())
    if (names.length >= limit) {
      break
    }
  }
  return names
}

// A CID whose multihash has `digest`.
function cidOf (digest) {
  return CID.createV1(raw.code, Digest.create(sha2.code, digest))
}

function keyOf (key) {
  return Buffer.concat([Buffer.from('/v/'), key])
}

function sha256 (bytes) {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}
