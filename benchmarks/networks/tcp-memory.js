import { memoryInUse } from '../harness/memory.js'
import { seededBytes } from '../harness/seeded.js'
import { build } from './kadmium-tcp.js'

/** Nodes that leave behind what there is once and for all. */
const FORERUNNERS = 3

// A settled network of standalone nodes whose sockets are open, since each has just looked something up.
export async function create ({ nodes, seed, security }) {
  await (await build({ nodes: FORERUNNERS, seed: seed + 1, security })).stop()
  const before = await memoryInUse()
  const network = await build({ nodes, seed, security })
  const bytes = seededBytes(seed + 2)
  for (let i = 0; i < network.size; i++) {
    await network.lookup(i, bytes())
  }
  return {
    memoryKiB: async () => (await memoryInUse() - before) / 1_024 / network.size,
    sockets: () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP') || name.startsWith('TLS')).length / network.size,
    stop: async () => network.stop()
  }
}
