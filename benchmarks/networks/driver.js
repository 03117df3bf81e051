import { drive } from '../harness/drive.js'
import { memoryInUse } from '../harness/memory.js'
import { seededBytes } from '../harness/seeded.js'

/** How many of the nodes ask, in turn. */
const ASKERS = 8

/** Lookups of each asker that go before, at the least, and for so many nodes one: it meets those that it will ask. */
const MEETING_LOOKUPS = 3
const NODES_PER_MEETING_LOOKUP = 4

/** Milliseconds of that, at the least, since code is compiled, and at the most. */
const WARM_UP_MS = 2_000
const MAX_WARM_UP_MS = 30_000

/** Lookups a round whose result is held against the truth: the first, since to keep all would be work for the garbage collector, the more the faster they are. */
const CHECKED = 200

/**
 * A network of one implementation, and what can be asked of it.
 *
 * @param {object} init - for the network
 * @param {string} init.implementation - a module beside this one
 * @param {number} init.nodes
 * @param {number} init.seed
 */
export async function create ({ implementation, ...init }) {
  const before = await memoryInUse()
  const { build } = await import(`./${implementation}.js`)
  const network = await build(init)
  const askers = Array.from({ length: Math.min(ASKERS, network.size) }, (_, i) => Math.floor(i * network.size / Math.min(ASKERS, network.size)))
  // lookups by all askers at once, for `least` to `most` milliseconds
  async function meet (bytes, { lookups = Math.max(MEETING_LOOKUPS, Math.ceil(network.size / NODES_PER_MEETING_LOOKUP)), least, most }) {
    const begun = performance.now()
    let elapsed = 0
    for (let i = 0; (i < lookups && elapsed <= most) || elapsed < least; i++) {
      await Promise.all(askers.map(asker => network.lookup(asker, bytes())))
      elapsed = performance.now() - begun
    }
  }
  return {
    /** What it took to join. */
    joined: () => network.joined,

    // Every asker meets everybody it will ask, just before: connections that nobody uses are closed. `quick`: nearly everybody.
    async warmUp ({ quick }) {
      await meet(seededBytes(init.seed + 1_000_003), quick ? { lookups: 1, least: 0, most: 0 } : { least: WARM_UP_MS, most: MAX_WARM_UP_MS })
    },

    // The same for as long as it takes, when code is compiled.
    async meet ({ seed }) {
      await meet(seededBytes(seed + 2_000_003), { least: 0, most: MAX_WARM_UP_MS })
    },

    // Lookups of random targets for `ms` milliseconds, `atOnce` at once, after others for half of that: what was closed while
    // others had their turn is open again.
    // Returns Promise<{ rate: number, cpuMs: number, p50: number, p99: number, recall: number }>
    async lookups ({ ms, atOnce, seed }) {
      const bytes = seededBytes(seed)
      await drive({ ms: ms / 2, atOnce }, async n => network.lookup(askers[n % askers.length], bytes()))
      const found = []
      const measured = await drive({ ms, atOnce }, async n => {
        const asker = askers[n % askers.length]
        const target = bytes()
        const result = await network.lookup(asker, target)
        if (found.length < CHECKED) {
          found.push({ asker, target, result })
        }
      })
      return { ...measured, recall: recallOf(network, found) }
    },

    // Values of `size` bytes are put, then got by others: so many of them a second.
    async values ({ ms, atOnce, size, seed }) {
      const bytes = seededBytes(seed)
      const keys = []
      const put = await drive({ ms, atOnce }, async n => {
        const key = bytes()
        await network.put(askers[n % askers.length], key, new Uint8Array(size).fill(n))
        keys.push({ key, n })
      })
      const get = await drive({ ms, atOnce }, async n => {
        const { key, n: number } = keys[n % keys.length]
        const value = await network.get(askers[(n + 1) % askers.length], key)
        if (value.byteLength !== size || value[0] !== number % 256) {
          throw new Error('another value came back')
        }
      })
      return { put, get }
    },

    // CIDs are provided, then found by others, who have no record of them: so many of them a second.
    async providers ({ ms, atOnce, seed }) {
      const bytes = seededBytes(seed)
      const provided = []
      const provide = await drive({ ms, atOnce }, async n => {
        const key = bytes()
        const provider = askers[n % askers.length]
        await network.provide(provider, key)
        provided.push({ key, provider })
      })
      const searches = provided.map(({ key, provider }, n) => ({ key, provider: network.name(provider), finder: finderOf(network, askers, { key, provider, n }) }))
      const find = async limit => {
        let found = 0
        let count = 0
        const measured = await drive({ ms, atOnce }, async n => {
          const { key, provider, finder } = searches[n % searches.length]
          const names = await network.findProviders(finder, key, limit)
          count++
          if (names.includes(provider)) {
            found++
          }
        })
        return { ...measured, recall: found / count }
      }
      // what is left early may go on for a while, so it comes last
      return { provide, findAll: await find(Infinity), findFirst: await find(1) }
    },

    memoryKiB: async () => (await memoryInUse() - before) / 1_024 / network.size,

    stop: async () => network.stop()
  }
}

// one of `askers` who is neither the provider nor among the closest, who have the record; another than the provider, if all of them are
function finderOf (network, askers, { key, provider, n }) {
  const holders = new Set(network.holders(provider, key))
  const others = askers.map((_, i) => askers[(n + i) % askers.length]).filter(asker => asker !== provider)
  return others.find(asker => !holders.has(network.name(asker))) ?? others[0]
}

function recallOf (network, lookups) {
  let found = 0
  let wanted = 0
  for (const { asker, target, result } of lookups) {
    const names = new Set(network.found(result))
    const truth = network.truth(asker, target)
    found += truth.filter(name => names.has(name)).length
    wanted += truth.length
  }
  return found / wanted
}
