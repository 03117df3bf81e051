import { keyOf } from '../../dist/src/engine.js'
import { seededBytes } from '../harness/seeded.js'
import { quantile } from '../harness/statistics.js'
import { createSimulation, settleAll } from './simulated.js'
import { trulyClosest } from './truth.js'

/** Milliseconds one way: round trips of 100 ms. */
const LATENCY_MS = 50

/** Milliseconds after which no stream is open any more. */
const UNTIL_IDLE_MS = 120_000

/** Lookups of each asker before those that are measured, to know how long answers take: when all take as long, and when some are slow. */
const LOOKUPS_BEFORE = 1
const LOOKUPS_AMONG_SLOW = 4

/**
 * A settled network of which some peers die or become slow at one instant, and nobody notices before
 * the lookups that are measured; or of which some have always been slow.
 *
 * @param {object} init
 * @param {number} init.nodes
 * @param {number} init.seed
 * @param {number} init.share - of the nodes that are struck
 * @param {'dead' | 'slow'} init.fate
 * @param {number} init.slowness - times the round trip that those take who are slow
 * @param {boolean} init.asEver - they are struck before anybody has looked anything up
 */
export async function create ({ nodes, seed, share, fate, slowness, asEver }) {
  const slow = new Set()
  const simulation = createSimulation({ nodes, seed, latency: (from, to) => LATENCY_MS * (slow.has(from) || slow.has(to) ? slowness : 1) })
  const { clock, members, random } = simulation
  await settleAll(simulation)
  const struck = new Set(members.filter(() => random.fraction() < share))
  const spared = members.filter(member => !struck.has(member))
  const places = members
    .filter(member => fate === 'slow' || !struck.has(member))
    .map(member => ({ name: member.host.number, key: member.dht.self.key }))
  const strike = () => { struck.forEach(({ host }) => { fate === 'dead' ? host.crash() : slow.add(host.number) }) }
  const numbers = new Map(members.map(({ host }) => [Buffer.from(host.self.id).toString('hex'), host.number]))

  return {
    // One lookup by each of so many nodes that were spared.
    // Returns Promise<{ p50: number, p99: number, recall: number, requests: number, hops: number }>, times in milliseconds
    async lookups ({ count, seed }) {
      const bytes = seededBytes(seed)
      const askers = spared.slice(0, count)
      if (asEver) {
        strike()
      }
      for (let i = 0; i < (asEver ? LOOKUPS_AMONG_SLOW : LOOKUPS_BEFORE); i++) {
        await clock.run(Promise.all(askers.map(async ({ dht }) => dht.lookup(bytes()))))
        await clock.advance(UNTIL_IDLE_MS)
      }
      if (!asEver) {
        strike()
      }
      const results = []
      for (const { dht, host } of askers) {
        const target = bytes()
        const { ms, asked, hops, closest } = await clock.run(dht.lookup(target))
        const truth = trulyClosest(places, host.number, keyOf(target))
        const found = new Set(closest.map(({ id }) => numbers.get(Buffer.from(id).toString('hex'))))
        results.push({ ms, asked, hops, found: truth.filter(number => found.has(number)).length / truth.length })
      }
      const times = results.map(({ ms }) => ms)
      return {
        p50: quantile(times, 0.5),
        p99: quantile(times, 0.99),
        recall: mean(results.map(({ found }) => found)),
        requests: mean(results.map(({ asked }) => asked)),
        hops: mean(results.map(({ hops }) => hops))
      }
    }
  }
}

function mean (values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
