import { seededBytes } from '../harness/seeded.js'
import { createHost } from './libp2p.js'

// Hosts without a DHT that dial one another, `connections` pairs in all.
export async function create ({ nodes, transport, connections, seed }) {
  const bytes = seededBytes(seed)
  const hosts = []
  while (hosts.length < nodes) {
    hosts.push(await createHost({ transport, seed: bytes() }))
  }
  const begun = process.cpuUsage()
  for (const [from, to] of pairs(nodes).slice(0, connections)) {
    await hosts[from].dial(hosts[to].getMultiaddrs())
  }
  const { user, system } = process.cpuUsage(begun)
  return { joined: () => ({ cpuMs: (user + system) / 1_000, connections: Math.min(connections, pairs(nodes).length) }) }
}

function pairs (nodes) {
  return Array.from({ length: nodes }, (_, to) => Array.from({ length: nodes - to - 1 }, (_, i) => [to + i + 1, to])).flat()
}
