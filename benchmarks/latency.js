import { startChild } from './harness/child.js'
import { inLanes } from './harness/lanes.js'
import { median } from './harness/statistics.js'

const NODES = 1_000
const QUICK_NODES = 60

/** Lookups a round, each by another node. */
const LOOKUPS = 100
const QUICK_LOOKUPS = 5

/** Processes at once: on virtual time they do not slow down what they measure. */
const AT_ONCE = 2

/** What befalls which share of the nodes, and how many seconds the median lookup may take then. */
const SCENARIOS = [
  { name: 'all answer', fate: 'dead', share: 0, must: 600, aim: 500 },
  { name: '20 % dead', fate: 'dead', share: 0.2, must: 1_000, aim: 600 },
  { name: '40 % dead', fate: 'dead', share: 0.4, must: 1_500, aim: 800 },
  { name: '20 % at 3 times the round trip', fate: 'slow', slowness: 3, share: 0.2 },
  { name: '40 % at 3 times the round trip', fate: 'slow', slowness: 3, share: 0.4 },
  { name: '40 % at 10 times the round trip', fate: 'slow', slowness: 10, share: 0.4 },
  { name: '40 % at 10 times the round trip, as ever', fate: 'slow', slowness: 10, share: 0.4, asEver: true }
]

export const benchmark = {
  question: 'how long does a lookup take when peers are dead or slow?',
  about: [
    '1,000 nodes on a virtual clock, round trips of 100 ms, settled tables; then some die without a word or become slow, all at once, and 100 nodes make one lookup each: nobody knows yet who was struck. As ever: they have been slow all along.',
    'No stream is open: to ask a peer takes two round trips, one to open a stream and one to be answered. Whatever the machine, the times are the same.',
    'Recall: of the true 20 closest that are alive, slow ones included. A peer that takes a second for each round trip is past the deadlines that follow from the others: a lookup goes on without it, until late answers have made the deadlines longer.'
  ],
  async run ({ quick, rounds, seed, nodes: [nodes] = [quick ? QUICK_NODES : NODES], progress }) {
    const measured = []
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1}: ${nodes} nodes`)
      const init = { nodes, count: quick ? QUICK_LOOKUPS : LOOKUPS, seed: seed + round }
      measured.push(await inLanes(AT_ONCE, SCENARIOS.map(scenario => async () => measure(scenario, init))))
    }
    return SCENARIOS.map(({ name, must, aim }, i) => ({
      name,
      unit: 'ms',
      better: 'lower',
      results: { kadmium: summary(measured.map(results => results[i])) },
      target: must == null ? undefined : { of: 'kadmium', must, aim }
    }))
  }
}

async function measure ({ fate, share, slowness = 1, asEver = false }, { nodes, count, seed }) {
  const child = await startChild('networks/mortal', { nodes, seed, share, fate, slowness, asEver })
  const result = await child.call('lookups', { count, seed })
  child.stop()
  return result
}

function summary (rounds) {
  return {
    values: rounds.map(({ p50 }) => p50),
    ...Object.fromEntries(['p99', 'recall', 'requests', 'hops'].map(figure => [figure, median(rounds.map(round => round[figure]))]))
  }
}
