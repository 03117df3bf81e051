import { summaryOfRounds } from './harness/drive.js'
import { leaveNetwork, takeNetwork } from './harness/networks.js'
import { chosen } from './harness/options.js'
import { inTurns } from './harness/statistics.js'

const SIZES = [64]
const QUICK_SIZES = [8]

/** Milliseconds of a round, for each of the operations. */
const ROUND_MS = 1_000
const QUICK_MS = 100

/** Operations under way at once. */
const AT_ONCE = 4

const OPERATIONS = [
  { operation: 'provide', name: 'provide' },
  { operation: 'findAll', name: 'find all providers' },
  { operation: 'findFirst', name: 'find one provider' }
]

const IMPLEMENTATIONS = { kadmium: 'kadmium-libp2p', '@libp2p/kad-dht': 'libp2p-kad-dht' }

export const benchmark = {
  question: 'how many providers are announced and found a second?',
  about: [
    `libp2p hosts in one process over tcp, noise and yamux, which have joined one another; CIDs are provided to the 20 closest, and their provider is found by another host, through libp2p's content routing, ${AT_ONCE} at once.`,
    'Whoever finds has no record itself, where there are hosts enough. To find one is to leave the loop at the first.',
    'Recall: the share of searches that found the provider. A record is sent without an answer, so that a search right after it may come too early.'
  ],
  async run (options) {
    const cases = []
    for (const nodes of options.nodes ?? (options.quick ? QUICK_SIZES : SIZES)) {
      options.signal.throwIfAborted()
      cases.push(...await compare(nodes, options))
    }
    return cases
  }
}

async function compare (nodes, options) {
  const { rounds, seed, quick, progress } = options
  const names = chosen(Object.keys(IMPLEMENTATIONS), options)
  const init = name => ({ implementation: IMPLEMENTATIONS[name], transport: 'tcp', nodes, seed })
  progress(`${nodes} hosts join, ${names.join(', ')}`)
  const children = new Map(await Promise.all(names.map(async name => [name, await takeNetwork(init(name))])))
  progress(`${nodes} hosts warm up`)
  await inTurns(1, names.toReversed(), async name => children.get(name).call('warmUp', { quick }))
  const measure = async (name, round) => {
    progress(`${nodes} hosts, ${name}`)
    return children.get(name).call('providers', { ms: quick ? QUICK_MS : ROUND_MS, atOnce: AT_ONCE, seed: seed + round })
  }
  await inTurns(1, names, async name => measure(name, rounds)) // code is compiled
  const measured = await inTurns(rounds, names, measure)
  children.forEach((child, name) => { leaveNetwork(init(name), child) })
  return OPERATIONS.map(({ operation, name }) => ({
    name: `${nodes} hosts, ${name}`,
    unit: 'CIDs/s',
    better: 'higher',
    results: Object.fromEntries(names.map(impl => [impl, summary(measured[impl].map(round => round[operation]))])),
    reference: '@libp2p/kad-dht'
  }))
}

function summary (rounds) {
  const recalls = rounds.map(({ recall }) => recall).filter(recall => recall != null)
  return { ...summaryOfRounds(rounds), recall: recalls.length === 0 ? undefined : Math.min(...recalls) }
}
