import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { keyOf } from '../../dist/src/engine.js'
import { createNode } from '../../dist/src/node.js'
import { seededBytes } from '../harness/seeded.js'
import { settle } from './settle.js'
import { trulyClosest } from './truth.js'

// kadmium on sockets of its own, plain or over TLS 1.3.
export async function build ({ nodes: count, seed, security }) {
  const bytes = seededBytes(seed)
  const nodes = []
  while (nodes.length < count) {
    nodes.push(await createNode({
      security,
      privateKey: await generateKeyPairFromSeed('Ed25519', bytes()),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: nodes[0]?.addresses ?? []
    }))
  }
  const places = nodes.map(({ peerId, self: { id, key } }) => ({ name: peerId, id, key }))
  const names = new Map(places.map(({ name, id }) => [Buffer.from(id).toString('hex'), name]))
  const network = {
    nodes,
    size: count,
    lookup: async (i, target) => (await nodes[i].lookup(target)).closest,
    found: closest => closest.map(({ id }) => names.get(Buffer.from(id).toString('hex'))),
    truth: (i, target) => trulyClosest(places, places[i].name, keyOf(target)),
    stop: async () => { await Promise.all(nodes.map(node => node.stop())) }
  }
  await settle(network, i => places[i].id)
  return network
}
