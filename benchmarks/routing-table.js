import KBucket from 'k-bucket'
import { compareDistance, contactOf, keyFromBytes, RoutingTable } from '../dist/src/engine.js'
import { opsPerSecond } from './harness/operations.js'
import { chosen } from './harness/options.js'
import { seededBytes } from './harness/seeded.js'
import { inTurns } from './harness/statistics.js'

const SIZES = [1_000, 10_000, 100_000]
const QUICK_SIZES = [1_000]

/** Milliseconds of a round, after one that does not count; a slow operation is done once. */
const ROUND_MS = 200
const QUICK_MS = 20

const K = 20

/** Keys that are looked for, in turns, and how many of the answers are compared with brute force. */
const TARGETS = 1_024
const CHECKED = 20

/** Behind it and no further: what is asked is when a table was filled, not how old it is. */
const NOW = 0

export const benchmark = {
  question: 'how fast is the routing table?',
  about: [
    `Random keys of 32 bytes (kadmium: contacts of random ids, as it has them; k-bucket: their keys), the same for both in the same order; closest is asked for the ${K} closest to random keys.`,
    `Offered: buckets of ${K}, as a node has them. Of n contacts both keep some ${K} for each bit that n has; most that come later find their bucket full. kadmium keeps the last of those as replacements, k-bucket tells of them by an event, for which nobody listens here.`,
    'Inserting fills a new table with all n, whose contacts have no addresses.',
    'Kept: every contact stays. kadmium: prefixLength Infinity; k-bucket: one bucket for all, since its others do not split; it is filled behind its back, because it compares each newcomer with everybody.',
    'Recall: the share of those closest, by brute force over what that table keeps.'
  ],
  async run (options) {
    const { seed, quick, nodes = quick ? QUICK_SIZES : SIZES, signal, progress } = options
    const cases = []
    const ours = {}
    for (const n of nodes) {
      progress(`${n} contacts`)
      const random = seededBytes(seed)
      const [self, targets, contacts] = [random(), list(TARGETS, random), list(n, () => contactOf({ id: random(), addrs: [] }))]
      for (const part of [inserting, askingOffered, askingKept]) {
        signal.throwIfAborted()
        cases.push(await part({ self, targets, contacts }, options))
      }
      ours[`${n.toLocaleString('en')} kept`] = cases.at(-1).results.kadmium
    }
    return [...cases, { name: 'kadmium: closest, by contacts kept', unit: 'lookups/s', better: 'higher', results: ours, reference: Object.keys(ours)[0] }]
  }
}

/** An empty table, what to do with a contact, and all that it keeps. */
const TABLES = {
  kadmium: {
    offered: self => new RoutingTable({ self: keyFromBytes(self), k: K }),
    kept: (self, contacts) => fill(new RoutingTable({ self: keyFromBytes(self), k: K, prefixLength: Infinity }), contacts, TABLES.kadmium.add),
    held: contact => contact,
    add: (table, contact) => { table.insert(contact, NOW) },
    keyOf: ({ key }) => key,
    all: table => [...table.buckets()].flatMap(({ contacts }) => contacts)
  },
  'k-bucket': {
    offered: self => new KBucket({ localNodeId: self, numberOfNodesPerKBucket: K }),
    kept: (self, contacts) => {
      const table = new KBucket({ localNodeId: self, numberOfNodesPerKBucket: contacts.length + 1 })
      table.root.contacts.push(...contacts.slice(0, -1))
      return table.add(contacts.at(-1))
    },
    held: ({ key }) => ({ id: key }),
    add: (table, contact) => { table.add(contact) },
    keyOf: ({ id }) => id,
    all: table => table.toArray()
  }
}

async function inserting ({ self, contacts }, options) {
  const offers = ofEach(({ held }) => contacts.map(held))
  const { results } = await measure(impl => {
    const { offered, add } = TABLES[impl]
    return () => fill(offered(self), offers[impl], add)
  }, options)
  for (const { values } of Object.values(results)) {
    values.forEach((fills, i) => { values[i] = fills * contacts.length })
  }
  return { ...caseOf('insert', 'offered', contacts, results), unit: 'inserts/s', target: { of: 'kadmium', must: 1, aim: 2 } }
}

async function askingOffered ({ self, targets, contacts }, options) {
  const tables = ofEach(({ offered, held, add }) => fill(offered(self), contacts.map(held), add))
  return { ...await asking('offered', tables, { targets, contacts }, options), target: { of: 'kadmium', must: 1, aim: 2 } }
}

async function askingKept ({ self, targets, contacts }, options) {
  const tables = ofEach(({ kept, held }) => kept(self, contacts.map(held)))
  const asked = await asking('kept', tables, { targets, contacts }, options)
  return { ...asked, target: contacts.length >= SIZES[2] ? { of: 'kadmium', must: 100, aim: 1_000 } : undefined }
}

async function asking (which, tables, { targets, contacts }, options) {
  const { results, names } = await measure(impl => i => tables[impl].closest(targets[i % TARGETS], K), options)
  for (const impl of names) {
    results[impl].recall = recallOf(tables[impl], TABLES[impl], targets)
  }
  return { ...caseOf('closest', which, contacts, results), unit: 'lookups/s' }
}

async function measure (operationOf, options) {
  const ms = options.quick ? QUICK_MS : ROUND_MS
  const names = chosen(Object.keys(TABLES), options)
  const operations = Object.fromEntries(names.map(impl => [impl, operationOf(impl)]))
  const turn = async impl => opsPerSecond(operations[impl], ms)
  await inTurns(1, names, turn)
  const measured = await inTurns(options.rounds, names, turn)
  return { names, results: Object.fromEntries(names.map(impl => [impl, { values: measured[impl] }])) }
}

function caseOf (what, which, contacts, results) {
  return { name: `${what}, ${contacts.length.toLocaleString('en')} ${which}`, better: 'higher', results, reference: 'k-bucket' }
}

// the share of the closest that `table` holds which it names, in the right places
function recallOf (table, { keyOf, all }, targets) {
  const keys = all(table).map(keyOf)
  let found = 0
  let wanted = 0
  for (const target of targets.slice(0, CHECKED)) {
    const closest = keys.toSorted((a, b) => compareDistance(target, a, b)).slice(0, K)
    const named = table.closest(target, K).map(keyOf)
    found += closest.filter((key, i) => named[i] != null && compareDistance(target, key, named[i]) === 0).length
    wanted += closest.length
  }
  return found / wanted
}

function fill (table, contacts, add) {
  for (const contact of contacts) {
    add(table, contact)
  }
  return table
}

function ofEach (make) {
  return Object.fromEntries(Object.entries(TABLES).map(([impl, table]) => [impl, make(table)]))
}

function list (length, make) {
  return Array.from({ length }, () => make())
}
