import { startChild } from './harness/child.js'
import { inLanes } from './harness/lanes.js'
import { leaveNetwork, takeNetwork } from './harness/networks.js'
import { chosen } from './harness/options.js'

const SIZE = 64
const QUICK_SIZE = 8

const IMPLEMENTATIONS = { kadmium: 'kadmium-libp2p', '@libp2p/kad-dht': 'libp2p-kad-dht' }

export const benchmark = {
  question: 'how long does it take a network to find itself?',
  about: [
    'libp2p hosts in one process over tcp, noise and yamux: all dial the first, then each looks itself up until it finds its true 20 closest, eight at once. The time is CPU time from the first dial to the last of these lookups, since one implementation runs beside the other, each in a process of its own.',
    'Bare: the hosts dial as many others as kadmium\'s did, run identify on each connection, and do nothing else; one round.'
  ],
  async run (options) {
    const { rounds, seed, quick, progress } = options
    const nodes = options.nodes?.[0] ?? (quick ? QUICK_SIZE : SIZE)
    const names = chosen(Object.keys(IMPLEMENTATIONS), options)
    const results = Object.fromEntries([...names, 'bare'].map(name => [name, []]))
    const joins = Array.from({ length: rounds }, (_, round) => names.map(name => async () => {
      progress(`round ${round + 1} of ${rounds}: ${nodes} hosts join, ${name}`)
      const init = { transport: 'tcp', nodes, seed: seed + round }
      const joined = await join({ implementation: IMPLEMENTATIONS[name], ...init }, round === 0)
      results[name][round] = joined
      if (name === names[0] && round === 0) {
        results.bare.push(await dial({ connections: joined.connections, ...init }))
      }
    }))
    await inLanes(names.length, joins.flat())
    return [
      {
        name: `${nodes} hosts`,
        unit: 's of CPU',
        better: 'lower',
        results: Object.fromEntries(Object.entries(results).map(([name, joins]) => [name, { values: joins.map(({ cpuMs }) => cpuMs / 1_000) }])),
        reference: '@libp2p/kad-dht',
        target: { of: 'kadmium', must: 1 / 10, aim: 1 / 30 }
      },
      {
        name: `${nodes} hosts`,
        unit: 'connections',
        better: 'lower',
        results: Object.fromEntries(Object.entries(results).map(([name, joins]) => [name, { values: joins.map(({ connections }) => connections) }])),
        reference: '@libp2p/kad-dht'
      }
    ]
  }
}

async function join (init, isLeft) {
  const network = await takeNetwork(init)
  const joined = await network.call('joined')
  if (isLeft) {
    leaveNetwork(init, network)
  } else {
    network.stop()
  }
  return joined
}

async function dial (init) {
  const hosts = await startChild('networks/bare-hosts', init)
  const joined = await hosts.call('joined')
  hosts.stop()
  return joined
}
