import { Client } from 'bittorrent-dht'
import { seededBytes } from '../harness/seeded.js'
import { settle } from './settle.js'
import { trulyClosest } from './truth.js'

/** Milliseconds in which everybody is to find its neighbours; of larger networks some never do. */
const SETTLE_MS = 20_000

const HOST = '127.0.0.1'

/** Bytes of an id here: SHA-1's. */
const ID_LENGTH = 20

// `bittorrent-dht` over UDP, without security.
export async function build ({ nodes: count, seed }) {
  const bytes = seededBytes(seed)
  const nodes = []
  while (nodes.length < count) {
    const bootstrap = nodes.length === 0 ? false : [`${HOST}:${nodes[0].address().port}`]
    const node = new Client({ nodeId: Buffer.from(bytes(ID_LENGTH)), bootstrap, host: HOST })
    await new Promise(resolve => { node.listen(0, HOST, resolve) })
    if (!node.ready) {
      await new Promise(resolve => { node.once('ready', resolve) })
    }
    nodes.push(node)
  }
  const places = nodes.map(({ nodeId }) => ({ name: nodeId.toString('hex'), key: nodeId }))
  const network = {
    nodes,
    size: count,
    lookup: async (i, target) => {
      const infoHash = Buffer.from(target.subarray(0, ID_LENGTH))
      await new Promise((resolve, reject) => {
        nodes[i].lookup(infoHash, (err, count) => { err == null ? resolve(count) : reject(err) })
      })
      return { node: nodes[i], infoHash }
    },
    // its callback says how many answered; who they were is in its table of the lookup
    found: ({ node, infoHash }) => (node._tables.get(infoHash.toString('hex'))?.closest(infoHash, 20) ?? []).map(({ id }) => id.toString('hex')),
    truth: (i, target) => trulyClosest(places, places[i].name, target.subarray(0, ID_LENGTH)),
    stop: async () => { await Promise.all(nodes.map(node => new Promise(resolve => { node.destroy(resolve) }))) }
  }
  await settle(network, i => places[i].key, SETTLE_MS)
  return network
}
