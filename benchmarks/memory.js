import { startChild } from './harness/child.js'
import { chosen } from './harness/options.js'

const LIBP2P_HOSTS = 32
const TCP_NODES = 64
const SIMULATED_NODES = 1_000

export const benchmark = {
  question: 'how much memory does a node take?',
  about: [
    'Bytes in use on the heap and outside of it after a garbage collection, divided by the nodes; each network in a process of its own. A small network of the same kind comes before and leaves behind what there is once for all: code, caches, key material of the library.',
    'libp2p: 32 hosts over tcp, noise and yamux, each connected to each, three lookups by each; less than 32 bare hosts connected in the same way.',
    'TCP: 64 standalone nodes that found their neighbours and have just looked something up; sockets and what TLS keeps in JavaScript included, what OpenSSL and the kernel keep is not.',
    'Simulated: 1,000 nodes that joined one another, two minutes later, when no stream is open.'
  ],
  async run (options) {
    const { quick, progress } = options
    const size = count => options.nodes?.[0] ?? (quick ? 8 : count)
    progress('libp2p')
    const cases = [await libp2pCase(size(LIBP2P_HOSTS), options)]
    for (const security of ['plain', 'tls']) {
      progress(`TCP, ${security}`)
      cases.push(await nodeCase(`standalone over TCP, ${security}`, 'networks/tcp-memory', { nodes: size(TCP_NODES), security }, { must: 400, aim: 200 }, options))
    }
    progress('simulated')
    return [...cases, await nodeCase('simulated', 'networks/crowd', { nodes: size(SIMULATED_NODES) }, { must: 80, aim: 40 }, options)]
  }
}

async function libp2pCase (hosts, options) {
  const names = chosen(['kadmium', '@libp2p/kad-dht'], options)
  const bare = await measure('networks/libp2p-memory', { hosts }, options)
  const results = {}
  for (const implementation of names) {
    const memoryKiB = await measure('networks/libp2p-memory', { implementation, hosts }, options)
    results[implementation] = { values: [memoryKiB - bare] }
  }
  return { name: `on libp2p, above the bare host of ${Math.round(bare).toLocaleString('en')} KiB`, unit: 'KiB/node', better: 'lower', results, target: { of: 'kadmium', must: 1_024, aim: 512 } }
}

async function nodeCase (name, module, init, target, options) {
  return { name, unit: 'KiB/node', better: 'lower', results: { kadmium: { values: [await measure(module, init, options)] } }, target: { of: 'kadmium', ...target } }
}

async function measure (module, init, { seed }) {
  const child = await startChild(module, { ...init, seed })
  const memoryKiB = await child.call('memoryKiB')
  child.stop()
  return memoryKiB
}
