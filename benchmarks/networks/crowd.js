import { keyOf } from '../../dist/src/engine.js'
import { memoryInUse } from '../harness/memory.js'
import { seededBytes } from '../harness/seeded.js'
import { createSimulation, joinAll } from './simulated.js'
import { trulyClosest } from './truth.js'

/** Milliseconds one way, drawn anew for each message. */
const LATENCY_MS = [10, 100]

/** How many join at once, and how many look up at once. */
const AT_ONCE = 16

/** Milliseconds after which no stream is open any more. */
const UNTIL_IDLE_MS = 120_000

/** Lookups whose result is held against the truth. */
const CHECKED = 50

/**
 * A simulated network in which everybody joins through somebody else, with its requests counted.
 *
 * @param {object} init
 * @param {number} init.nodes
 * @param {number} init.seed
 */
export async function create ({ nodes, seed }) {
  // what there is once and for all is no node's: a small network leaves it behind
  await joinAll(createSimulation({ nodes: 30, seed: seed + 1, latency: LATENCY_MS }), AT_ONCE)
  const before = await memoryInUse()
  const simulation = createSimulation({ nodes, seed, latency: LATENCY_MS })
  const { clock, network, members } = simulation
  const joined = await spent(async () => joinAll(simulation, AT_ONCE))
  const places = members.map(({ dht: { self } }) => ({ name: Buffer.from(self.id).toString('hex'), key: self.key }))

  return {
    joinCpuMs: () => joined.cpuMs / nodes,

    // `count` lookups, each by another node.
    async lookups ({ count, seed }) {
      const bytes = seededBytes(seed)
      const results = []
      const messages = network.counters.messages
      const { cpuMs } = await spent(async () => {
        for (let i = 0; i < count; i += AT_ONCE) {
          await clock.run(Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, async (_, j) => {
            const asker = (i + j) * 7_919 % nodes
            const target = bytes()
            results.push({ asker, target, ...await members[asker].dht.lookup(target) })
          })))
        }
      })
      return {
        rate: count * 1_000 / cpuMs,
        cpuMs: cpuMs / count,
        hops: mean(results.map(({ hops }) => hops)),
        requests: mean(results.map(({ asked }) => asked)),
        messages: (network.counters.messages - messages) / count,
        recall: mean(results.slice(0, CHECKED).map(({ asker, target, closest }) => {
          const found = new Set(closest.map(({ id }) => Buffer.from(id).toString('hex')))
          const truth = trulyClosest(places, places[asker].name, keyOf(target))
          return truth.filter(name => found.has(name)).length / truth.length
        }))
      }
    },

    /** KiB a node keeps once no stream is open. */
    async memoryKiB () {
      await clock.advance(UNTIL_IDLE_MS)
      return (await memoryInUse() - before) / 1_024 / nodes
    },

    sockets: () => undefined,

    peakMiB: () => process.resourceUsage().maxRSS / 1_024
  }
}

async function spent (work) {
  const used = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(used)
  return { cpuMs: (user + system) / 1_000 }
}

function mean (values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
