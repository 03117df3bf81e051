import { Kademlia } from '../../dist/src/engine.js'
import { createMemoryNetwork, Random, VirtualClock } from '../../dist/src/memory.js'

const PROTOCOL = '/benchmark/1.0.0'

/** Makes what the nodes draw another thing than what the network draws. */
const NODE_SEED = 0x5eed

/**
 * A network of kadmium nodes in memory, on a virtual clock: alone, until they join.
 *
 * @param {object} init
 * @param {number} init.nodes
 * @param {number} init.seed - of identities, latencies and what nodes draw
 * @param {Function | number | number[]} init.latency - milliseconds one way, as `createMemoryNetwork` takes it
 */
export function createSimulation ({ nodes: count, seed, latency }) {
  const clock = new VirtualClock()
  const network = createMemoryNetwork({ clock, seed, latency })
  const random = new Random(seed ^ NODE_SEED)
  const members = Array.from({ length: count }, () => {
    const host = network.createHost()
    return { host, dht: new Kademlia({ host, protocol: PROTOCOL, clock, random: n => random.bytes(n) }) }
  })
  return { clock, network, random, members }
}

// Each joins through one of those before it, `atOnce` at once.
export async function joinAll ({ clock, random, members }, atOnce) {
  await clock.run(members[0].dht.start())
  for (let joined = 1; joined < members.length;) {
    const wave = members.slice(joined, joined + Math.min(joined, atOnce))
    const doors = wave.map(() => members[random.integer(0, joined - 1)].host.self.addrs)
    await clock.run(Promise.all(wave.map(async ({ dht }, i) => {
      await dht.start()
      await dht.join(doors[i])
    })))
    joined += wave.length
  }
}

// All start with settled tables: each met all the others in an order of its own, and kept whom its
// buckets had room for; of the rest, who came last waits to replace them.
export async function settleAll ({ clock, random, members }) {
  await clock.run(Promise.all(members.map(async ({ dht }) => dht.start())))
  const contacts = members.map(({ dht }) => dht.self)
  for (const { dht: { internals: { peers: { table } } } } of members) {
    shuffle(contacts, random)
    for (const contact of contacts) {
      const result = table.insert(contact, clock.now())
      if (result.type === 'full') {
        table.seen(result.leastRecentlySeen.key, clock.now()) // it is alive
      }
    }
  }
}

function shuffle (items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    const item = items[i]
    items[i] = items[j]
    items[j] = item
  }
}
