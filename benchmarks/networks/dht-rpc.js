import DHT from 'dht-rpc'
import { settle } from './settle.js'
import { trulyClosest } from './truth.js'

/** Milliseconds in which everybody is to find its neighbours; of larger networks some never do. */
const SETTLE_MS = 20_000

const HOST = '127.0.0.1'

// `dht-rpc` over UDP, without security. Its ids follow from its ports.
export async function build ({ nodes: count }) {
  const first = DHT.bootstrapper(await freePort(), HOST, { host: HOST })
  await first.fullyBootstrapped()
  const nodes = [first]
  while (nodes.length < count) {
    const node = new DHT({ bootstrap: [{ host: HOST, port: first.address().port }], host: HOST, ephemeral: false, firewalled: false, anyPort: true })
    await node.fullyBootstrapped()
    nodes.push(node)
  }
  const places = nodes.map(({ table: { id } }) => ({ name: id.toString('hex'), key: id }))
  const network = {
    nodes,
    size: count,
    lookup: async (i, target) => {
      const query = nodes[i].findNode(target)
      await query.finished()
      return query.closestNodes
    },
    found: closest => closest.map(({ id }) => id.toString('hex')),
    truth: (i, target) => trulyClosest(places, places[i].name, target),
    stop: async () => { await Promise.all(nodes.map(node => node.destroy())) }
  }
  await settle(network, i => places[i].key, SETTLE_MS)
  return network
}

async function freePort () {
  const { createSocket } = await import('node:dgram')
  const socket = createSocket('udp4')
  await new Promise(resolve => socket.bind(0, HOST, resolve))
  const { port } = socket.address()
  await new Promise(resolve => socket.close(resolve))
  return port
}
