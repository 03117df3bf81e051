import { startChild } from './harness/child.js'
import { inLanes } from './harness/lanes.js'
import { drawLines } from './harness/lines.js'
import { median } from './harness/statistics.js'

const SIZES = [100, 316, 1_000]
/** Takes many minutes to join: `--nodes 1000,3162,10000`. */
const LARGEST = 10_000

const QUICK_SIZES = [30, 100]

/** Processes at once: it is CPU time that is measured. */
const AT_ONCE = 2

/** Room for what a large network makes in a moment of virtual time: less of it is taken for what stays. */
const ROOMY = ['--max-semi-space-size=64']

/** Lookups a round. */
const LOOKUPS = 100
const QUICK_LOOKUPS = 10

/** What the largest network may take of memory, in MiB. */
const PEAK_TARGET = { of: 'kadmium', must: 3_072, aim: 1_024 }

/** Hops over ten times as many nodes: as the logarithm, from 1,000 to 10,000, would be 4/3. */
const GROWTH_TARGET = { of: 'kadmium', must: 1.6, aim: 4 / 3 }

export const benchmark = {
  question: 'what do networks of thousands take in one process, and how do lookups grow with them?',
  about: [
    'Nodes in memory on a virtual clock, 10 to 100 ms one way, each size in a process of its own. All join through one before them, 16 at once; then 100 nodes a round look up random keys, 16 at once.',
    'Lookups per second of CPU time; messages are all that the network carried while they ran, whoever sent them: tables are young and still take in who asks.',
    'Recall: of the true 20 closest, of 50 lookups a round. Peak memory is that of the process, with whatever it had not given back.'
  ],
  async run ({ quick, rounds, seed, nodes, progress }) {
    const sizes = nodes ?? (quick ? QUICK_SIZES : SIZES)
    const largestFirst = sizes.toSorted((a, b) => b - a)
    const networks = (await inLanes(AT_ONCE, largestFirst.map(size => async () => {
      progress(`${size} nodes join`)
      return { size, ...await measure(size, { rounds, seed, count: quick ? QUICK_LOOKUPS : LOOKUPS }) }
    }))).reverse()
    return [...networks.map(caseOf), ...peakOf(networks), ...growthOf(networks)]
  },
  draw
}

// Hops, and messages, of a lookup over the size of the network; both with the logarithm of that, if all is well.
function draw ({ cases }) {
  const sizes = cases.filter(({ size }) => size != null)
  const curve = (name, figure) => ({ name, points: sizes.map(({ size, rows: [row] }) => [size, row[figure]]) })
  const curves = [curve('messages the network carried, tens a lookup', 'tensOfMessages'), curve('hops', 'hops')]
  const top = Math.ceil(Math.max(...curves.flatMap(({ points }) => points.map(([, value]) => value))) / 5) * 5
  return drawLines({
    title: 'A lookup over the size of the network',
    x: { label: 'nodes, logarithmic', from: sizes[0].size, to: sizes.at(-1).size, ticks: sizes.map(({ size }) => size), logarithmic: true },
    y: { from: 0, to: top, ticks: Array.from({ length: 6 }, (_, i) => top * i / 5) },
    curves
  })
}

async function measure (size, { rounds, seed, count }) {
  const child = await startChild('networks/crowd', { nodes: size, seed }, ROOMY)
  const lookups = []
  for (let round = 0; round < rounds; round++) {
    lookups.push(await child.call('lookups', { count, seed: seed + round }))
  }
  const result = { lookups, joinCpuMs: await child.call('joinCpuMs'), peakMiB: await child.call('peakMiB') }
  child.stop()
  return result
}

function caseOf ({ size, lookups, joinCpuMs, peakMiB }) {
  const figures = ['cpuMs', 'hops', 'requests', 'messages', 'recall'].map(name => [name, median(lookups.map(round => round[name]))])
  return {
    name: `${size.toLocaleString('en')} nodes`,
    size,
    unit: 'lookups/s of CPU',
    better: 'higher',
    results: { kadmium: { values: lookups.map(({ rate }) => rate), ...Object.fromEntries(figures), tensOfMessages: median(lookups.map(({ messages }) => messages)) / 10, joinCpuMs, peakMiB } }
  }
}

function peakOf (networks) {
  return networks.filter(({ size }) => size === LARGEST).map(({ size, peakMiB }) => ({
    name: `peak memory, ${size.toLocaleString('en')} nodes`,
    unit: 'MiB',
    better: 'lower',
    results: { kadmium: { values: [peakMiB] } },
    target: PEAK_TARGET
  }))
}

function growthOf (networks) {
  const [small, large] = [1_000, LARGEST].map(wanted => networks.find(({ size }) => size === wanted))
  return small == null || large == null
    ? []
    : [{
        name: 'hops, 1,000 to 10,000 nodes',
        unit: 'times',
        better: 'lower',
        results: { kadmium: { values: large.lookups.map(({ hops }, round) => hops / small.lookups[round].hops) } },
        target: GROWTH_TARGET
      }]
}
