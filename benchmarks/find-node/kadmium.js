import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { encodeRequest, encodeResponse, Kademlia } from '../../dist/src/engine.js'
import { createLibp2pHost } from '../../dist/src/hosts/libp2p/host.js'
import { createNode } from '../../dist/src/node.js'
import { seededBytes } from '../harness/seeded.js'
import { createHost } from '../networks/libp2p.js'

/** Enough to fill a table with more than the 20 that an answer names. */
const NODES = 24

const K = 20

const PROTOCOL = '/benchmark/kad/1.0.0'

/** What a node listens on: two addresses, as most have. */
const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0']

/**
 * A network of real joins, of which one node asks another.
 *
 * @param {object} init
 * @param {'socket' | 'libp2p'} init.over
 * @param {number} init.seed
 */
export async function open ({ over, seed }) {
  const nodes = over === 'socket' ? await joinOverSockets(seed) : await joinOverLibp2p(seed)
  const [server] = nodes
  const asker = nodes[nodes.length - 1]
  const peer = server.self
  const { client } = asker.internals
  const { closer } = await asker.findNode(peer, createHash('sha256').digest())
  if (closer.length !== K) {
    throw new Error(`the answer names ${closer.length} peers in place of ${K}`)
  }
  return {
    request: encodeRequest({ type: 'find-node', target: createHash('sha256').digest() }),
    answer: encodeResponse({ type: 'find-node', closer }),
    asks: {
      findNode: async target => asker.findNode(peer, target),
      request: async target => client.request(peer, { type: 'find-node', target })
    }
  }
}

async function joinOverSockets (seed) {
  const bytes = seededBytes(seed)
  const nodes = []
  while (nodes.length < NODES) {
    nodes.push(await createNode({
      security: 'plain',
      privateKey: await generateKeyPairFromSeed('Ed25519', bytes()),
      listen: LISTEN,
      bootstrap: nodes[0]?.addresses ?? []
    }))
  }
  return nodes
}

async function joinOverLibp2p (seed) {
  const bytes = seededBytes(seed)
  const nodes = []
  while (nodes.length < NODES) {
    const { services: { host } } = await createHost({ transport: 'tcp', seed: bytes(), services: { host: components => createLibp2pHost(components) } })
    const node = new Kademlia({ host, protocol: PROTOCOL })
    await node.start()
    if (nodes.length > 0) {
      await node.join(nodes[0].self.addrs)
    }
    nodes.push(node)
  }
  return nodes
}
