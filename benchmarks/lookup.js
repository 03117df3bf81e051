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

/** Networks that join at once, each on a core. */
const JOINS_AT_ONCE = 2

/**
 * Networks that are compared with one another, with how many nodes unless that is asked for (libp2p hosts take
 * a minute or more to join where there are many), and by how much kadmium's is to be ahead. `meets`: before each of its
 * rounds those who ask meet everybody again whom they will ask, since it closes what nobody uses.
 */
const GROUPS = [
  {
    name: 'libp2p over tcp, noise, yamux',
    sizes: [16, 64],
    meets: true,
    impls: { kadmium: { implementation: 'kadmium-libp2p', transport: 'tcp' }, '@libp2p/kad-dht': { implementation: 'libp2p-kad-dht', transport: 'tcp' } },
    targets: [{ of: 'kadmium', to: '@libp2p/kad-dht', must: 20, aim: 40 }]
  },
  {
    name: 'libp2p over memory, plaintext, yamux',
    sizes: [16],
    meets: true,
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
    const cases = []
    for (const group of GROUPS.filter(({ impls }) => isAskedFor(impls, options))) {
      const ofGroup = []
      // the largest first, which may be there already: what is idle disturbs the others
      for (const nodes of (options.nodes ?? (options.quick ? QUICK_SIZES : group.sizes)).toReversed()) {
        options.signal.throwIfAborted()
        ofGroup.unshift(...await compare(group, nodes, options))
      }
      cases.push(...ofGroup)
    }
    return cases
  }
}

// by name
async function join (names, impls, { nodes, seed }) {
  const children = new Map()
  await inLanes(JOINS_AT_ONCE, names.map(name => async () => { children.set(name, await takeNetwork({ ...impls[name], nodes, seed })) }))
  return children
}

async function compare ({ name, impls, targets, roundMs = ROUND_MS, meets = false }, nodes, options) {
  const { rounds, seed, quick, progress } = options
  const names = chosen(Object.keys(impls), options)
  progress(`${name}: ${nodes} nodes join`)
  const children = await join(names, impls, { nodes, seed })
  progress(`${name}: ${nodes} nodes warm up`)
  // kadmium last: it alone closes what nobody uses
  await inTurns(1, names.toReversed(), async name => children.get(name).call('warmUp', { quick }))
  const measured = []
  const ms = quick ? QUICK_MS : roundMs
  const measure = async (name, atOnce, seed) => {
    if (meets && name === 'kadmium' && !quick) {
      await children.get(name).call('meet', { seed })
    }
    return children.get(name).call('lookups', { ms, atOnce, seed })
  }
  for (const atOnce of [1, 16]) {
    progress(`${name}: ${nodes} nodes, ${atOnce} at once`)
    const results = await inTurns(rounds, names, async (name, round) => measure(name, atOnce, seed + round))
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
