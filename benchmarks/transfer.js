import { startChild } from './harness/child.js'
import { inTurns } from './harness/statistics.js'

const KIB = 1_024
const SIZES = [1, 16, 64, 256, 1_024, 4_096]
const QUICK_SIZES = [1, 256]

/** Milliseconds of a round, after one that does not count: code is compiled. */
const ROUND_MS = 250
const WARM_UP_MS = 750
const QUICK_MS = 40

/** From so many KiB on the bytes are to be what takes the time. */
const TARGET_KIB = 64
const TARGET = { of: 'kadmium', must: 0.5, aim: 0.8 }

/** What a value does, and what carries as many bytes. */
const DIRECTIONS = [
  { name: 'put', move: 'put', copies: { 'TCP, there and back': 'thereAndBack', 'TCP, there': 'there' } },
  { name: 'get', move: 'get', copies: { 'TCP, back': 'back' } }
]

export const benchmark = {
  question: 'how fast do large values move?',
  about: [
    'node.store(peer, key, value) and node.findValue(peer, key) between two nodes over one plain TCP connection on loopback, both in one process, one value at a time; MiB of values a second.',
    'TCP: as many bytes over one socket between two who only count them, and 64 bytes the other way.',
    'A value that is put travels twice, as the protocol has it: whoever keeps it echoes the record. So a put is compared with bytes that go there and back; those that only go there stand beside it.',
    'kadmium frames, encodes, decodes, validates and keeps each value in memory, and compares the echo with what it sent.'
  ],
  async run ({ rounds, seed, quick, progress, signal }) {
    const kadmium = await startChild('transfer/driver', { subject: 'kadmium', seed })
    const copy = await startChild('transfer/driver', { subject: 'copy', seed })
    const cases = []
    for (const kib of quick ? QUICK_SIZES : SIZES) {
      signal.throwIfAborted()
      progress(`values of ${sizeName(kib)}`)
      cases.push(...await compare(kib, { kadmium, copy, rounds, quick }))
    }
    kadmium.stop()
    copy.stop()
    return cases
  }
}

async function compare (kib, { kadmium, copy, rounds, quick }) {
  const size = kib * KIB
  const cases = []
  for (const { name, move, copies } of DIRECTIONS) {
    const measure = async (impl, ms) => impl === 'kadmium' ? kadmium.call('rate', { move, size, ms }) : copy.call('rate', { move: copies[impl], size, ms })
    const impls = ['kadmium', ...Object.keys(copies)]
    await inTurns(1, impls, async impl => measure(impl, quick ? QUICK_MS : WARM_UP_MS))
    const measured = await inTurns(rounds, impls, async impl => measure(impl, quick ? QUICK_MS : ROUND_MS))
    cases.push({
      name: `${name}, ${sizeName(kib)}`,
      unit: 'MiB/s',
      better: 'higher',
      results: Object.fromEntries(impls.map(impl => [impl, { values: measured[impl] }])),
      reference: impls[1],
      target: kib < TARGET_KIB ? undefined : TARGET
    })
  }
  return cases
}

function sizeName (kib) {
  return kib < KIB ? `${kib} KiB` : `${kib / KIB} MiB`
}
