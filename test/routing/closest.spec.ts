import { expect } from 'aegir/chai'
import { compare } from 'uint8arrays/compare'
import { commonPrefixLength, distance } from '../../src/keyspace/distance.ts'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { numbers, tinyContact, tinyKey } from '../helpers/tiny.ts'
import { SeededRandom } from './seeded-random.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'
import type { InsertResult, RemoveResult } from '../../src/routing/routing-table.ts'

/** What a random table is made from; `seed` decides the rest. */
interface Recipe {
  seed: number
  keyBytes: 1 | 32
  k: number
  prefixLength: number
  splitThreshold: number
  peers: number
  steps: number
}

const recipes: fc.Arbitrary<Recipe> = finiteOr(20).chain(k => fc.record({
  seed: fc.nat(),
  keyBytes: fc.constantFrom<1 | 32>(1, 32),
  k: fc.constant(k),
  prefixLength: fc.oneof(fc.nat(8), fc.constant(Infinity)),
  splitThreshold: finiteOr(Math.min(k, 30)).map(threshold => Math.min(threshold, k)),
  peers: fc.integer({ min: 1, max: 60 }),
  steps: fc.nat(100)
}))

/** 1 … `max`, or one time in five `Infinity`. */
function finiteOr (max: number): fc.Arbitrary<number> {
  return fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max }) }, { weight: 1, arbitrary: fc.constant(Infinity) })
}

/** A random key that begins, by chance, like `self`: without that a table of 256 bits stays shallow. */
function keyNear (self: Key, random: SeededRandom): Key {
  const bytes = random.bytes(self.byteLength)
  bytes.set(self.subarray(0, random.below(self.byteLength)))
  bytes[random.below(self.byteLength)] ^= 1 << random.below(8)
  return keyFromBytes(bytes)
}

/** A routing table, and beside it a plain list of who should be in it. */
class Mirrored {
  readonly random: SeededRandom
  readonly table: RoutingTable
  readonly peers: Contact[]
  members: Contact[] = []

  constructor ({ seed, keyBytes, peers, ...shape }: Recipe) {
    this.random = new SeededRandom(seed)
    const self = keyFromBytes(this.random.bytes(keyBytes))
    this.table = new RoutingTable({ self, ...shape })
    this.peers = Array.from({ length: peers }, (_, i) => ({ id: Uint8Array.of(i), key: keyNear(self, this.random), addrs: [] }))
  }

  step (now: number): void {
    const peer = this.peers[this.random.below(this.peers.length)]
    const dice = this.random.below(10)
    if (dice < 6) {
      this.#inserted(peer, this.table.insert(peer, now))
    } else if (dice < 8) {
      this.#agree(this.table.seen(peer.key, now), peer)
    } else {
      this.#removed(peer, this.table.remove(peer.key))
    }
  }

  #inserted (peer: Contact, result: InsertResult): void {
    this.#agree(result.type === 'updated', peer)
    if (result.type === 'inserted') {
      this.members.push(peer)
    }
  }

  #removed (peer: Contact, result: RemoveResult): void {
    this.#agree(result.removed, peer)
    this.members = this.members.filter(member => compare(member.key, peer.key) !== 0)
    if (result.replacement != null) {
      this.members.push(result.replacement)
    }
  }

  /** Does the table know `peer` exactly if the list does? */
  #agree (known: boolean, peer: Contact): void {
    // the assertion itself is slow, and this runs a million times
    if (known !== this.members.some(member => compare(member.key, peer.key) === 0)) {
      expect.fail(`the table ${known ? 'knows' : 'does not know'} ${peer.key.join('.')}, the list says otherwise`)
    }
  }

  closest (target: Key, count: number): Contact[] {
    return this.members
      .map(contact => ({ contact, distance: distance(contact.key, target) }))
      .sort((a, b) => compare(a.distance, b.distance))
      .slice(0, count)
      .map(({ contact }) => contact)
  }
}

function mirrored (recipe: Recipe): Mirrored {
  const both = new Mirrored(recipe)
  for (let now = 1; now <= recipe.steps; now++) {
    both.step(now)
  }
  return both
}

/** Compared by key: a peer may have come twice under two ids of one 8-bit key. */
function keysOf (contacts: readonly Contact[]): string {
  return contacts.map(contact => contact.key.join('.')).join(' ')
}

describe('RoutingTable.closest', () => {
  it('orders by XOR distance, not by the keys', () => {
    const table = new RoutingTable({ self: tinyKey(0) })
    for (const byte of [0b0001, 0b0010, 0b0100, 0b0111]) {
      table.insert(tinyContact(byte), 1)
    }

    expect(numbers(table.closest(tinyKey(0b0110), 20))).to.deep.equal([0b0111, 0b0100, 0b0010, 0b0001])
    expect(numbers(table.closest(tinyKey(0b0110), 2))).to.deep.equal([0b0111, 0b0100])
    expect(table.closest(tinyKey(0b0110), 0)).to.deep.equal([])
  })

  it('goes on in farther buckets until it has enough', () => {
    const table = new RoutingTable({ self: tinyKey(0), k: 1 })
    for (const byte of [0b10000001, 0b01000001, 0b00100001]) {
      table.insert(tinyContact(byte), 1)
    }

    expect(numbers(table.closest(tinyKey(0b01100000), 2))).to.deep.equal([0b01000001, 0b00100001])
    expect(numbers(table.closest(tinyKey(0b11111111), 3))).to.deep.equal([0b10000001, 0b01000001, 0b00100001])
  })

  it(`is exact: ${repetitions(10_000)} random tables against a sorted array`, function () {
    this.timeout(20_000)
    fc.assert(fc.property(recipes, (recipe) => {
      const both = mirrored(recipe)
      const target = keyNear(both.table.self, both.random)
      const count = both.random.below(recipe.peers + 2)

      expect(both.table.size).to.equal(both.members.length)
      expect(keysOf(both.table.closest(target, count))).to.equal(keysOf(both.closest(target, count)))
    }), { numRuns: repetitions(10_000), seed: 20020307 })
  })
})

describe('RoutingTable: what holds after any steps', () => {
  it(`holds in every bucket of ${repetitions(500)} random tables`, function () {
    this.timeout(20_000)
    fc.assert(fc.property(recipes, (recipe) => {
      const { table } = mirrored(recipe)
      const buckets = [...table.buckets()]

      // the buckets divide the keyspace, and exactly one of them is ours
      const bits = 8 * recipe.keyBytes
      expect(buckets.reduce((keys, bucket) => keys + (1n << BigInt(bits - bucket.prefixLength)), 0n)).to.equal(1n << BigInt(bits))
      expect(buckets.filter(bucket => bucket.containsSelf)).to.have.lengthOf(1)

      for (const bucket of buckets) {
        const all = [...bucket.contacts, ...bucket.replacements]
        expect(bucket.containsSelf).to.equal(commonPrefixLength(table.self, bucket.prefix) >= bucket.prefixLength)
        expect(all.every(entry => commonPrefixLength(entry.key, bucket.prefix) >= bucket.prefixLength)).to.equal(true)
        expect(new Set(all.map(entry => entry.key.join('.')))).to.have.property('size', all.length)

        const maySplit = bucket.containsSelf || bucket.prefixLength < recipe.prefixLength
        expect(bucket.contacts.length).to.be.at.most(maySplit ? recipe.splitThreshold : recipe.k)
        expect(bucket.replacements.length).to.be.at.most(maySplit || recipe.k === Infinity ? 0 : recipe.k)
        expect(bucket.replacements.length === 0 || bucket.contacts.length === recipe.k).to.equal(true)

        for (const entries of [bucket.contacts, bucket.replacements]) {
          expect(entries.every((entry, i) => i === 0 || entries[i - 1].lastSeen < entry.lastSeen)).to.equal(true)
        }
      }
    }), { numRuns: repetitions(500), seed: 20020307 })
  })

  it('splits a bucket deeper than its prefixLength only if it is ours', () => {
    fc.assert(fc.property(recipes, (recipe) => {
      const { table } = mirrored(recipe)

      for (const { prefix, prefixLength } of table.buckets()) {
        // whose half it is: a bucket of one bit less
        const mayHaveSplit = commonPrefixLength(table.self, prefix) >= prefixLength - 1 || prefixLength <= recipe.prefixLength
        expect(mayHaveSplit).to.equal(true)
      }
    }), { numRuns: repetitions(300), seed: 20020307 })
  })

  it('splits a bucket only when it would hold more than the threshold, or k if that is less', () => {
    fc.assert(fc.property(recipes, fc.integer({ min: 1, max: 30 }), (recipe, splitThreshold) => {
      const most = Math.min(splitThreshold, recipe.k)
      const { peers, table: { self } } = new Mirrored({ ...recipe, splitThreshold })
      const table = new RoutingTable({ self, k: recipe.k, prefixLength: recipe.prefixLength, splitThreshold })
      const newcomers = new Map(peers.filter(({ key }) => compare(key, self) !== 0).map(peer => [peer.key.join('.'), peer]))
      const results = [...newcomers.values()].map(peer => table.insert(peer, 1))

      expect(results.slice(0, most).every(({ type }) => type === 'inserted')).to.equal(true)
      expect([...table.buckets()].length > 1).to.equal(newcomers.size > most)
    }), { numRuns: repetitions(300), seed: 20020307 })
  })

  it('never asks for a check, nor turns anybody away, when every bucket splits or none is ever full', () => {
    fc.assert(fc.property(recipes, fc.boolean(), (recipe, splits) => {
      const both = mirrored({ ...recipe, ...(splits ? { prefixLength: Infinity } : { k: Infinity }) })

      for (const peer of both.peers) {
        expect(both.table.insert(peer, recipe.steps + 1).type).to.be.oneOf(['inserted', 'updated', 'self'])
      }
    }), { numRuns: repetitions(300), seed: 20020307 })
  })
})
