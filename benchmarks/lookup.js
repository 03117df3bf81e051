import { summaryOfRounds } from './harness/drive.js'
import { inLanes } from './harness/lanes.js'
import { takeNetwork } from './harness/networks.js'
import { chosen, isAskedFor } from './harness/options.js'
import { inTurns } from './harness/statistics.js'

const QUICK_SIZES = [8]

/** Milliseconds of a round, and of one where lookups take a millisecond. */
const ROUND_MS = 1_000
const FAST_ROUND_MS = 600
const QUICK_MS = 200

/** Milliseconds before a round of kadmium's on libp2p, for each host: whoever asks has met everybody again whom it will ask. */
const MEETING_MS = 25

/** Networks that join at once, each on a core. */
const JOINS_AT_ONCE = 2

/**
 * Networks that are compared with one another, with how many nodes unless that is asked for (libp2p hosts take
 * a minute or more to join where there are many), and by how much kadmium's is to be ahead.
 */
const GROUPS = [
  {
    name: 'libp2p over tcp, noise, yamux',
    sizes: [16, 64],
    meetingMs: MEETING_MS,
    impls: { kadmium: { implementation: 'kadmium-libp2p', transport: 'tcp' }, '@libp2p/kad-dht': { implementation: 'libp2p-kad-dht', transport: 'tcp' } },
    targets: [{ of: 'kadmium', to: '@libp2p/kad-dht', must: 20, aim: 40 }]
  },
  {
    name: 'libp2p over memory, plaintext, yamux',
    sizes: [16],
    meetingMs: MEETING_MS,
    impls: { kadmium: { implementation: 'kadmium-libp2p', transport: 'memory' }, '@libp2p/kad-dht': { implementation: 'libp2p-kad-dht', transport: 'memory' } },
    targets: [{ of: 'kadmium', to: '@libp2p/kad-dht', must: 50, aim: 100 }]
  },
  {
    name: 'sockets',
    sizes: [16, 64, 128],
    roundMs: FAST_ROUND_MS,
    impls: {
      'kadmium, plain': { implementation: 'kadmium-tcp', security: 'plain' },
      'kadmium, TLS': { implementation: 'kadmium-tcp', security: 'tls' },
      'bittorrent-dht': { implementation: 'bittorrent-dht' },
      'dht-rpc': { implementation: 'dht-rpc' }
    },
    targets: ['dht-rpc', 'bittorrent-dht'].flatMap(to => [{ of: 'kadmium, plain', to, must: 2, aim: 3 }, { of: 'kadmium, TLS', to, must: 1.5, aim: 2 }])
  }
]

export const benchmark = {
  question: 'how many lookups a second?',
  about: [
    'A network in one process on loopback, built by real joins; 8 of its nodes ask in turn for random keys, one lookup at a time or 16 at once. Connections are open, as they are in a node that has run for a while.',
    'Recall: the share of the true k = 20 closest, by brute force, that the lookups found.',
    'On libp2p both implementations have the same options and the same hosts, and both give the events of getClosestPeers. Over memory nothing is encrypted: what is left is the work of libp2p and of the DHT.',
    'dht-rpc and bittorrent-dht talk over UDP without security, and name 20 peers in 6 to 26 bytes each; kadmium names them with PeerId and multiaddrs over TCP, and with TLS proves who they are.'
  ],
  async run (options) {
    const comparisons = GROUPS.filter(({ impls }) => isAskedFor(impls, options))
      .flatMap(group => (options.nodes ?? (options.quick ? QUICK_SIZES : group.sizes)).map(nodes => ({ group, nodes, children: new Map() })))
    await join(comparisons, options)
    const cases = []
    for (const comparison of comparisons) {
      cases.push(...await compare(comparison, options))
    }
    return cases
  }
}

// All networks, two at once, the largest first: that takes longer than to measure them.
async function join (comparisons, options) {
  const { seed, progress } = options
  const joins = comparisons.toSorted((a, b) => b.nodes - a.nodes).flatMap(({ group: { name, impls }, nodes, children }) => chosen(Object.keys(impls), options).map(impl => async () => {
    progress(`${name}: ${nodes} nodes join, ${impl}`)
    children.set(impl, await takeNetwork({ ...impls[impl], nodes, seed }))
  }))
  await inLanes(JOINS_AT_ONCE, joins)
}

async function compare ({ group: { name, impls, targets, roundMs = ROUND_MS, meetingMs = 0 }, nodes, children }, options) {
  const { rounds, seed, quick, progress } = options
  const names = chosen(Object.keys(impls), options)
  progress(`${name}: ${nodes} nodes warm up`)
  // kadmium last: it alone closes what nobody uses
  await inTurns(1, names.toReversed(), async name => children.get(name).call('warmUp', { quick }))
  const measured = []
  const ms = quick ? QUICK_MS : roundMs
  const beforeMs = name => quick ? 0 : Math.max(ms / 2, name === 'kadmium' ? meetingMs * nodes : 0)
  for (const atOnce of [1, 16]) {
    progress(`${name}: ${nodes} nodes, ${atOnce} at once`)
    const results = await inTurns(rounds, names, async (name, round) => children.get(name).call('lookups', { ms, beforeMs: beforeMs(name), atOnce, seed: seed + round }))
    measured.push({ atOnce, results })
  }
  const memory = new Map(await Promise.all(names.map(async name => [name, await children.get(name).call('memoryKiB')])))
  children.forEach(child => { child.stop() })
  return measured.map(({ atOnce, results }) => ({
    name: `${nodes} ${name === 'sockets' ? 'nodes' : 'hosts'}, ${atOnce} at once`,
    group: name,
    unit: 'lookups/s',
    better: 'higher',
    results: Object.fromEntries(names.map(name => [name, summary(results[name], memory.get(name))])),
    reference: targets[0].to,
    targets
  }))
}

function summary (rounds, memoryKiB) {
  return {
    ...summaryOfRounds(rounds),
    recall: Math.min(...rounds.map(({ recall }) => recall)),
    memoryKiB
  }
}
