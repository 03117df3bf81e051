import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { createNode } from '../../dist/src/node.js'
import { seededBytes } from '../harness/seeded.js'

/** Bytes that a node keeps: what is stored while this runs stays. */
const MAX_VALUE_SIZE = 8 * 1024 * 1024

// two nodes, of which one stores at the other and asks it
export async function open ({ seed }) {
  const bytes = seededBytes(seed)
  const create = async () => createNode({
    security: 'plain',
    privateKey: await generateKeyPairFromSeed('Ed25519', bytes()),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    maxValueSize: MAX_VALUE_SIZE
  })
  const [server, client] = [await create(), await create()]
  const peer = server.self
  return {
    put: async (name, value) => { await client.store(peer, name, value) },
    get: async name => (await client.findValue(peer, name)).value
  }
}
