import { startChild } from './harness/child.js'
import { inLanes } from './harness/lanes.js'
import { chosen } from './harness/options.js'

const LIBP2P_HOSTS = 32
const TCP_NODES = 64
const SIMULATED_NODES = 1_000

/** Milliseconds after which the streams of the last lookups are closed. */
const LIBP2P_REST_MS = 20_000
const TCP_REST_MS = 40_000

/** Networks at once: time is not measured. */
const AT_ONCE = 3

const NAMES = { busy: 'busy', rest: 'at rest' }
const FORM = { unit: 'KiB/node', better: 'lower' }

export const benchmark = {
  question: 'how much memory does a node take?',
  about: [
    'Bytes in use on the heap and outside of it after a garbage collection, divided by the nodes; each network in a process of its own. A small network of the same kind comes before and leaves behind what there is once for all: code, caches, key material of the library.',
    'libp2p: 32 hosts over tcp, noise and yamux, each connected to each, three lookups by each; less than 32 bare hosts connected in the same way.',
    'TCP: 64 standalone nodes that found their neighbours and have each looked something up; sockets and what TLS keeps in JavaScript included, what OpenSSL and the kernel keep is not.',
    'Busy: right after the lookups, when the streams to all that were asked are open. At rest: when kadmium has closed those, having had no use for them (after 8 s on libp2p, 30 s over TCP).',
    'Simulated: 1,000 nodes that joined one another, two minutes later, at rest.'
  ],
  async run (options) {
    const { quick, progress } = options
    const size = count => options.nodes?.[0] ?? (quick ? 8 : count)
    const hosts = { hosts: size(LIBP2P_HOSTS) }
    const names = chosen(['kadmium', '@libp2p/kad-dht'], options)
    const [plain, tls, simulated, bare, ...measured] = await inLanes(AT_ONCE, [
      // which wait the longest, while others work
      ...['plain', 'tls'].map(security => async () => {
        progress(`TCP, ${security}`)
        return tcpCases(`standalone over TCP, ${security}`, { nodes: size(TCP_NODES), security }, options)
      }),
      async () => {
        progress('simulated')
        return simulatedCases(size(SIMULATED_NODES), options)
      },
      ...[undefined, ...names].map(implementation => async () => {
        progress(`libp2p, ${implementation ?? 'bare'}`)
        return measure('networks/libp2p-memory', { implementation, ...hosts }, options, quick ? 0 : LIBP2P_REST_MS)
      })
    ])
    return [...libp2pCases(names, measured, bare), ...simulated, ...plain, ...tls]
  }
}

async function simulatedCases (nodes, options) {
  const { rest } = await measure('networks/crowd', { nodes }, options, 0)
  return [{ name: 'simulated, at rest', ...FORM, results: { kadmium: { values: [rest] } }, target: { of: 'kadmium', must: 80, aim: 40 } }]
}

function libp2pCases (names, measured, bare) {
  return ['rest', 'busy'].map(state => ({
    name: `on libp2p, above the bare host of ${Math.round(bare.rest).toLocaleString('en')} KiB, ${NAMES[state]}`,
    ...FORM,
    results: Object.fromEntries(names.map((name, i) => [name, { values: [measured[i][state] - bare.rest] }])),
    target: state === 'rest' ? { of: 'kadmium', must: 1_024, aim: 512 } : undefined
  }))
}

async function tcpCases (name, init, options) {
  const memory = await measure('networks/tcp-memory', init, options, options.quick ? 0 : TCP_REST_MS)
  return ['rest', 'busy'].map(state => ({
    name: `${name}, ${NAMES[state]}`,
    ...FORM,
    results: { kadmium: { values: [memory[state]], sockets: memory.sockets[state] } },
    target: state === 'rest' ? { of: 'kadmium', must: 400, aim: 200 } : undefined
  }))
}

// KiB a node, and sockets where there are some, right away and `wait` milliseconds later.
async function measure (module, init, { seed }, wait) {
  const child = await startChild(module, { ...init, seed })
  const busy = await child.call('memoryKiB')
  const sockets = { busy: await child.call('sockets') }
  await new Promise(resolve => { setTimeout(resolve, wait) })
  const rest = await child.call('memoryKiB')
  sockets.rest = await child.call('sockets')
  child.stop()
  return { busy, rest, sockets }
}
