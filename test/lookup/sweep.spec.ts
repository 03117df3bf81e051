import { expect } from 'aegir/chai'
import { bitAt, compareDistance } from '../../src/keyspace/distance.ts'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import { Explored } from '../../src/lookup/explored.ts'
import { Sweep } from '../../src/lookup/sweep.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { SeededRandom } from '../routing/seeded-random.ts'
import { bruteClosest } from './random-network.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'

interface Scenario {
  readonly seed: number
  readonly k: number
  readonly peers: number
  readonly keys: number
  /** Bits that all peers, and all keys, have in common. */
  readonly peerBits: number
  readonly keyBits: number
  /** Which lookups give a part only of what they should, one in so many. */
  readonly lost: number
}

interface Swept {
  readonly contacts: readonly Contact[]
  readonly keys: readonly Key[]
  /** Who was found closest to each. */
  readonly sent: Map<number, readonly Contact[]>
  readonly lookups: number
  /** Lookups of which nothing was to be learnt. */
  readonly idle: number
}

const scenarios = fc.record({
  seed: fc.nat(0xffffffff),
  k: fc.constantFrom(1, 2, 3, 5, 20),
  peers: fc.nat(150),
  keys: fc.nat(60),
  peerBits: fc.constantFrom(0, 0, 0, 1, 5, 20),
  keyBits: fc.constantFrom(0, 0, 4, 8, 21),
  lost: fc.constant(0)
})

/** Keys that share their first bits with the key of all zeros. */
function keysOf (random: SeededRandom, count: number, bits: number): Key[] {
  return Array.from({ length: count }, () => {
    const bytes = random.bytes(32)
    for (let i = 0; i < bits; i++) {
      bytes[i >>> 3] &= ~(0x80 >>> (i & 7))
    }
    return keyFromBytes(bytes)
  })
}

/** Sweep over random keys of a random network. */
function sweep ({ seed, k, peers, keys: count, peerBits, keyBits, lost }: Scenario): Swept {
  const random = new SeededRandom(seed)
  const contacts = keysOf(random, peers, peerBits).map(key => ({ id: key, key, addrs: [] }))
  const keys = keysOf(random, count, keyBits).sort((a, b) => compareDistance(keyFromBytes(new Uint8Array(32)), a, b))
  const explored = new Explored(k)
  const sweep = new Sweep(keys, explored)
  const sent = new Map<number, readonly Contact[]>()
  let lookups = 0
  let idle = 0
  for (let step = sweep.next(); step.type !== 'done'; step = sweep.next()) {
    if (step.type === 'send') {
      expect(sent.has(step.index)).to.equal(false)
      sent.set(step.index, step.closest)
      continue
    }
    const target = step.type === 'look-up' ? keys[step.index] : keyWithin(step.part.key, step.part.bits, random)
    const closest = bruteClosest(contacts, target, k)
    idle += explored.neighbourhood(target).type === 'known' ? 1 : 0
    lookups++
    if (lost > 0 && random.below(lost) === 0) {
      sweep.onLost(step, closest.filter(() => random.below(2) === 0))
    } else {
      sweep.onFound(step, target, closest)
    }
  }
  return { contacts, keys, sent, lookups, idle }
}

function keyWithin (prefix: Key, bits: number, random: SeededRandom): Key {
  const key = random.bytes(32)
  for (let i = 0; i < bits; i++) {
    key[i >>> 3] = (key[i >>> 3] & ~(0x80 >>> (i & 7))) | (prefix[i >>> 3] & (0x80 >>> (i & 7)))
  }
  return keyFromBytes(key)
}

/** How deep the leaves lie of the trie that splits where k or more live. */
function leaves (contacts: readonly Contact[], k: number, depth = 0): number[] {
  if (contacts.length < k || depth === 256) {
    return [depth]
  }
  const halves = [0, 1].map(bit => contacts.filter(({ key }) => bitAt(key, depth) === bit))
  return halves.flatMap(half => leaves(half, k, depth + 1))
}

describe('a sweep', () => {
  it('finds the k closest to each key, whoever lives where', () => {
    fc.assert(fc.property(scenarios, scenario => {
      const { contacts, keys, sent } = sweep(scenario)
      expect(sent.size).to.equal(keys.length)
      keys.forEach((key, index) => {
        expect(sent.get(index)).to.deep.equal(bruteClosest(contacts, key, scenario.k))
      })
    }), { seed: 1, numRuns: repetitions(60) })
  })

  it('looks up nothing that is known, and no more than three times for each part, or once and for each key', () => {
    fc.assert(fc.property(scenarios, scenario => {
      const { contacts, keys, lookups, idle } = sweep(scenario)
      const parts = leaves(contacts, scenario.k)
      expect(idle).to.equal(0)
      expect(lookups).to.be.at.most(parts.length + keys.length)
      if (parts.every(depth => depth <= 12)) {
        expect(lookups).to.be.at.most(3 * parts.length)
      }
    }), { seed: 2, numRuns: repetitions(60) })
  })

  it('looks up a single key once, and few keys no more often than each', () => {
    for (let seed = 0; seed < repetitions(10); seed++) {
      for (const keys of [0, 1, 2, 3, 5, 10]) {
        const { lookups } = sweep({ seed, keys, k: 20, peers: 1000, peerBits: 0, keyBits: 0, lost: 0 })
        expect(lookups, `${keys} keys, seed ${seed}`).to.be.at.most(keys)
      }
      // far from all peers: to explore where those live would take many
      expect(sweep({ seed, keys: 2, k: 20, peers: 300, peerBits: 5, keyBits: 0, lost: 0 }).lookups, `two far away, seed ${seed}`).to.be.at.most(2)
    }
  })

  it('explores for the sake of a key no more often than it has keys after it', () => {
    for (let seed = 0; seed < repetitions(10); seed++) {
      for (const keys of [3, 4, 5]) {
        // far from all peers, who live in many parts: the first is looked up, and so is each that exploring did not help
        const { lookups } = sweep({ seed, keys, k: 20, peers: 500, peerBits: 20, keyBits: 0, lost: 0 })
        expect(lookups, `${keys} keys, seed ${seed}`).to.be.at.most(keys + (keys - 1) * (keys - 2) / 2)
      }
    }
  })

  it('looks up once where fewer than k live', () => {
    expect(sweep({ seed: 3, keys: 500, k: 20, peers: 19, peerBits: 0, keyBits: 0, lost: 0 }).lookups).to.equal(1)
    expect(sweep({ seed: 3, keys: 500, k: 20, peers: 0, peerBits: 0, keyBits: 0, lost: 0 }).lookups).to.equal(1)
  })

  it('takes about n / (k · ln 2) lookups for keys everywhere', () => {
    for (let seed = 0; seed < repetitions(5); seed++) {
      const { lookups } = sweep({ seed, keys: 5000, k: 20, peers: 1000, peerBits: 0, keyBits: 0, lost: 0 })
      expect(lookups, `seed ${seed}`).to.be.within(0.8 * 1000 / 20 / Math.LN2, 1.2 * 1000 / 20 / Math.LN2)
    }
  })

  it('ends, and sends each key somewhere, when lookups give a part only', () => {
    fc.assert(fc.property(scenarios, fc.constantFrom(1, 2, 5), (scenario, lost) => {
      const { contacts, keys, sent, lookups } = sweep({ ...scenario, lost })
      expect(sent.size).to.equal(keys.length)
      // for each key, one more that tells nothing, and then its own
      expect(lookups).to.be.at.most(leaves(contacts, scenario.k).length + 2 * keys.length)
    }), { seed: 4, numRuns: repetitions(60) })
  })

  it('looks up the key itself when to explore told nothing', () => {
    const key = (...bytes: number[]): Key => keyFromBytes(Uint8Array.of(...bytes, ...new Uint8Array(30)))
    const far = [1, 2, 3].map(byte => ({ id: key(255, byte), key: key(255, byte), addrs: [] }))
    const sweep = new Sweep([key(0, 1), key(0, 2), key(0, 3), key(0, 4)], new Explored(2))
    const first = sweep.next()
    expect(first).to.deep.equal({ type: 'look-up', index: 0 })
    sweep.onFound(first, key(0, 1), far.slice(0, 2))
    expect(sweep.next()).to.deep.equal({ type: 'send', index: 0, closest: far.slice(0, 2) })
    const second = sweep.next()
    expect(second.type).to.equal('explore')
    sweep.onLost(second, [])
    expect(sweep.next()).to.deep.equal({ type: 'look-up', index: 1 })
    sweep.onLost({ type: 'look-up', index: 1 }, far.slice(2))
    expect(sweep.next(), 'better than nobody').to.deep.equal({ type: 'send', index: 1, closest: far.slice(2) })
    expect(sweep.next().type, 'for the next it is tried again').to.equal('explore')
  })

  it('looks up each key when no lookup can be relied on', () => {
    expect(sweep({ seed: 5, keys: 100, k: 20, peers: 1000, peerBits: 0, keyBits: 0, lost: 1 }).lookups).to.equal(100)
  })
})
