import { startChild } from './harness/child.js'
import { summaryOfRounds } from './harness/drive.js'
import { inTurns } from './harness/statistics.js'

/** Milliseconds of a round, after one that does not count: code is compiled. */
const ROUND_MS = 500
const WARM_UP_MS = 2_000
const QUICK_MS = 60

const GROUPS = [
  { over: 'socket', name: 'one TCP connection', must: 0.4, aim: 0.6 },
  { over: 'libp2p', name: 'one libp2p stream', must: 0.6, aim: 0.8 }
]

/** The public call, what it is made of, and what there is at the least. */
const CALLS = {
  kadmium: { subject: 'kadmium', call: 'findNode' },
  'kadmium, RPC alone': { subject: 'kadmium', call: 'request' },
  echo: { subject: 'echo', call: 'echo' }
}

export const benchmark = {
  question: 'how many FIND_NODEs a second does one connection carry?',
  about: [
    'node.findNode(peer, key) of one node at another, over one connection on loopback, both in one process: random keys, 20 peers of two addresses (libp2p: of one) in each answer, the table filled by real joins.',
    'RPC alone: internals.client.request of the same, without the deadline and the progress of an operation.',
    'The echo answers the same bytes of a request with the same bytes of an answer through it-length-prefixed and it-pipe and does nothing else: no table, no codec, no deadline, no limit.',
    'What is wanted is of pipelined requests; one at a time stands beside it.',
    'Over libp2p (tcp, noise, yamux) the node is a Kademlia over createLibp2pHost, as the service has it, and the echo a handler that reads frames off its stream and sends the answer.'
  ],
  async run (options) {
    const cases = []
    for (const group of GROUPS) {
      cases.push(...await compare(group, options))
    }
    return cases
  }
}

async function compare ({ over, name, must, aim }, { rounds, seed, quick, progress, signal }) {
  progress(`${name}: nodes join`)
  const kadmium = await startChild('find-node/driver', { subject: 'kadmium', over, seed })
  const frames = await kadmium.call('frames')
  const children = { kadmium, echo: await startChild('find-node/driver', { subject: 'echo', ...frames, over, seed }) }
  const cases = []
  for (const atOnce of [1, 64]) {
    signal.throwIfAborted()
    progress(`${name}: ${atOnce} under way`)
    const impls = Object.keys(CALLS)
    const measure = async (impl, ms) => children[CALLS[impl].subject].call('requests', { call: CALLS[impl].call, ms, atOnce })
    await inTurns(1, impls, async impl => measure(impl, quick ? QUICK_MS : WARM_UP_MS))
    const measured = await inTurns(rounds, impls, async impl => measure(impl, quick ? QUICK_MS : ROUND_MS))
    cases.push({
      name: `${atOnce} under way, answers of ${frames.answer.byteLength} bytes`,
      group: name,
      unit: 'requests/s',
      better: 'higher',
      results: Object.fromEntries(Object.entries(measured).map(([impl, rounds]) => [impl, summaryOfRounds(rounds)])),
      reference: 'echo',
      target: atOnce === 1 ? undefined : { of: 'kadmium', must, aim }
    })
  }
  Object.values(children).forEach(child => { child.stop() })
  return cases
}
