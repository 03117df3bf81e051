import { startChild } from './harness/child.js'
import { summaryOfRounds } from './harness/drive.js'
import { chosen } from './harness/options.js'
import { inTurns } from './harness/statistics.js'

const SIZES = [16]
const QUICK_SIZES = [8]

/** How large the values are, in bytes, and by how much kadmium is to be ahead. */
const VALUES = [
  { name: '100 B', size: 100, must: 15, aim: 30 },
  { name: '64 KiB', size: 65_536 - 64, must: 4, aim: 8 }
]

/** Milliseconds of a round, for puts and for gets. */
const ROUND_MS = 1_000
const QUICK_MS = 100

/** Operations under way at once. */
const AT_ONCE = 4

const IMPLEMENTATIONS = { kadmium: 'kadmium-libp2p', '@libp2p/kad-dht': 'libp2p-kad-dht' }

export const benchmark = {
  question: 'how many values are put and got a second?',
  about: [
    `libp2p hosts in one process over tcp, noise and yamux, which have joined one another; values are put at the 20 closest and got by another host through libp2p's content routing, ${AT_ONCE} at once. Each get is checked against what was put.`,
    'A value of 64 KiB is a little smaller than that, so that it is not refused with what is around it.'
  ],
  async run (options) {
    const cases = []
    for (const nodes of options.nodes ?? (options.quick ? QUICK_SIZES : SIZES)) {
      cases.push(...await compare(nodes, options))
    }
    return cases
  }
}

async function compare (nodes, options) {
  const { rounds, seed, quick, progress } = options
  const names = chosen(Object.keys(IMPLEMENTATIONS), options)
  progress(`${nodes} hosts join, ${names.join(', ')}`)
  const children = new Map(await Promise.all(names.map(async name => [name, await startChild('networks/driver', { implementation: IMPLEMENTATIONS[name], transport: 'tcp', nodes, seed })])))
  await inTurns(1, names, async name => children.get(name).call('warmUp', { quick }))
  const cases = []
  for (const { name, size, must, aim } of VALUES) {
    progress(`${nodes} hosts, values of ${name}`)
    const measure = async (impl, round) => children.get(impl).call('values', { ms: quick ? QUICK_MS : ROUND_MS, atOnce: AT_ONCE, size, seed: seed + 1_000 * size + round })
    await inTurns(1, names, async impl => measure(impl, rounds)) // code is compiled
    const measured = await inTurns(rounds, names, measure)
    for (const operation of ['put', 'get']) {
      cases.push({
        name: `${nodes} hosts, ${operation} ${name}`,
        unit: 'values/s',
        better: 'higher',
        results: Object.fromEntries(names.map(impl => [impl, summaryOfRounds(measured[impl].map(round => round[operation]))])),
        reference: '@libp2p/kad-dht',
        target: { of: 'kadmium', must, aim }
      })
    }
  }
  children.forEach(child => { child.stop() })
  return cases
}
