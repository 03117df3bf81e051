import { expect } from 'aegir/chai'
import { commonPrefixLength } from '../../src/keyspace/distance.ts'
import { keyFromBytes, keyOf } from '../../src/keyspace/key.ts'
import { MAX_REFRESH_PREFIX, isDue, preimageIn, refreshTargets } from '../../src/routing/refresh.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { tinyContact, tinyKey } from '../helpers/tiny.ts'
import { SeededRandom } from './seeded-random.ts'
import type { Key } from '../../src/keyspace/key.ts'

const HOUR = 3_600_000

function randomBytes (seed: number): (bytes: number) => Uint8Array {
  const random = new SeededRandom(seed)
  return bytes => random.bytes(bytes)
}

/** `self` with these bits flipped. */
function flipped (self: Key, ...bits: number[]): Key {
  const key = keyFromBytes(Uint8Array.from(self))
  bits.forEach(bit => { key[bit >>> 3] ^= 0x80 >>> (bit & 7) })
  return key
}

/** A table whose bucket of our own has a prefix of `depth` bits. */
function deepTable (depth: number): RoutingTable {
  const random = new SeededRandom(depth)
  const self = keyFromBytes(random.bytes(32))
  const table = new RoutingTable({ self, k: 1 })
  for (let bit = 0; bit < depth; bit++) {
    insert(table, flipped(self, bit))
  }
  // one more, deeper than all, splits the last bucket
  insert(table, flipped(self, 255))
  return table
}

function insert (table: RoutingTable, key: Key): void {
  table.insert({ id: key, key, addrs: [] }, 1)
}

describe('preimageIn', () => {
  it('hashes into every bucket that is worth a refresh', () => {
    const buckets = [...deepTable(MAX_REFRESH_PREFIX).buckets()]
    expect(Math.max(...buckets.map(bucket => bucket.prefixLength))).to.equal(MAX_REFRESH_PREFIX)

    for (const bucket of buckets) {
      const preimage = preimageIn(bucket, randomBytes(1))
      expect(commonPrefixLength(keyOf(preimage), bucket.prefix)).to.be.at.least(bucket.prefixLength)
    }
  })

  it('has the form of a PeerId: a SHA-256 multihash', () => {
    const [bucket] = deepTable(1).buckets()
    const preimage = preimageIn(bucket, randomBytes(1))

    expect([...preimage.subarray(0, 2)]).to.deep.equal([0x12, 0x20])
    expect(preimage).to.have.property('byteLength', 34)
  })

  it('takes another preimage when the randomness is another', () => {
    const [bucket] = deepTable(1).buckets()

    expect(preimageIn(bucket, randomBytes(1))).to.not.deep.equal(preimageIn(bucket, randomBytes(2)))
  })

  it('ends even when the randomness is none', () => {
    for (const bucket of deepTable(6).buckets()) {
      const preimage = preimageIn(bucket, bytes => new Uint8Array(bytes).fill(0xff))
      expect(commonPrefixLength(keyOf(preimage), bucket.prefix)).to.be.at.least(bucket.prefixLength)
    }
  })
})

describe('isDue', () => {
  const table = new RoutingTable({ self: tinyKey(0) })
  const [bucket] = table.buckets()

  it('is every bucket that no lookup ever went through', () => {
    expect(isDue(bucket, { now: 0, interval: HOUR })).to.equal(true)
  })

  it('is a bucket whose last lookup is an interval ago', () => {
    table.touched(tinyKey(1), 5)
    expect(isDue(bucket, { now: HOUR + 4, interval: HOUR })).to.equal(false)
    expect(isDue(bucket, { now: HOUR + 5, interval: HOUR })).to.equal(true)
  })

  it('is one whose last lookup lies ahead, since the clock was set back', () => {
    table.touched(tinyKey(1), 24 * HOUR)
    expect(isDue(bucket, { now: 24 * HOUR - 5, interval: HOUR })).to.equal(false)
    expect(isDue(bucket, { now: 5, interval: HOUR })).to.equal(true)
  })
})

describe('refreshTargets', () => {
  it('finds one for each bucket that is due', () => {
    const table = new RoutingTable({ self: tinyKey(0), k: 1 })
    for (const byte of [0b10000001, 0b01000001, 0b00100001]) {
      table.insert(tinyContact(byte), 1)
    }
    table.touched(tinyKey(0b01000000), 10)

    const targets = [...refreshTargets(table.buckets(), { now: 20, interval: HOUR, random: randomBytes(1) })]
    // 00* and 1* are due, 01* is not
    expect(targets.map(target => keyOf(target)[0] >>> 6).map(head => head >= 0b10 ? '1*' : `0${head}*`)).to.deep.equal(['00*', '1*'])
  })

  it('leaves out the buckets too deep for it', () => {
    const table = deepTable(MAX_REFRESH_PREFIX + 3)
    const targets = [...refreshTargets(table.buckets(), { now: 0, interval: HOUR, random: randomBytes(1) })]

    expect([...table.buckets()]).to.have.lengthOf(MAX_REFRESH_PREFIX + 4)
    expect(targets).to.have.lengthOf(MAX_REFRESH_PREFIX)
  })

  it('has one target for all buckets that are too deep and far from us, until a lookup went through one of them', () => {
    const self = keyFromBytes(new Uint8Array(32))
    const table = new RoutingTable({ self, k: 1, prefixLength: Infinity })
    // 1111 1111 1111 000…, down to different depths, and one near us
    const ones = Array.from({ length: MAX_REFRESH_PREFIX }, (_, bit) => bit)
    const far = [flipped(self, ...ones), flipped(self, ...ones, 18), flipped(self, ...ones, 14, 15, 16)]
    ;[...far, flipped(self, 200)].forEach(key => { insert(table, key) })
    const targets = (): number[] => [...refreshTargets(table.buckets(), { now: HOUR, interval: HOUR, random: randomBytes(1) })]
      .map(target => commonPrefixLength(keyOf(target), far[0]))

    const deep = [...table.buckets()].filter(({ prefixLength }) => prefixLength > MAX_REFRESH_PREFIX)
    expect(deep.filter(({ prefix }) => commonPrefixLength(prefix, far[0]) >= MAX_REFRESH_PREFIX)).to.have.lengthOf(8)
    // 0*, 10*, 110* …, and those together, without the hashes that the depth of the first of them would take
    expect(targets().map(cpl => Math.min(cpl, MAX_REFRESH_PREFIX))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(targets()[MAX_REFRESH_PREFIX]).to.be.below(18)

    table.touched(far[2], HOUR)
    expect(targets().every(cpl => cpl < MAX_REFRESH_PREFIX)).to.equal(true)
  })

  it('has one target for each bucket that may split down to a prefix length', () => {
    const random = new SeededRandom(3)
    const self = keyFromBytes(random.bytes(32))
    const table = new RoutingTable({ self, k: Infinity, prefixLength: 4, splitThreshold: 1 })
    Array.from({ length: 200 }, () => keyFromBytes(random.bytes(32))).forEach(key => { insert(table, key) })
    const buckets = [...table.buckets()]
    expect(buckets.filter(({ prefixLength }) => prefixLength === 4)).to.have.lengthOf.at.least(15)

    const targets = [...refreshTargets(buckets, { now: 0, interval: HOUR, random: randomBytes(1) })]
    expect(targets).to.have.lengthOf(buckets.length)
    targets.forEach((target, i) => {
      expect(commonPrefixLength(keyOf(target), buckets[i].prefix)).to.be.at.least(buckets[i].prefixLength)
    })
  })

  it('leaves out a bucket that a lookup went through meanwhile', () => {
    const table = deepTable(3)
    const targets = refreshTargets(table.buckets(), { now: 0, interval: HOUR, random: randomBytes(1) })
    targets.next()
    for (const bucket of table.buckets()) {
      table.touched(bucket.prefix, 0)
    }

    expect(targets.next()).to.have.property('done', true)
  })
})
