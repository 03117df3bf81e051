import { expect } from 'aegir/chai'
import { toString } from 'uint8arrays/to-string'
import { bitAt, commonPrefixLength, compareDistance, distance, sameKey } from '../../src/keyspace/distance.ts'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import fc from '../helpers/fast-check.ts'
import { bits, tinyKey } from '../helpers/tiny.ts'
import type { Key } from '../../src/keyspace/key.ts'

const SEED = { seed: 20020307 }

/** Keys of one length, 1 … 32 bytes, that often begin with the same bits. */
function keys (count: number): fc.Arbitrary<Key[]> {
  return fc.integer({ min: 1, max: 32 }).chain(length =>
    fc.array(
      fc.uint8Array({ minLength: length, maxLength: length })
        .chain(bytes => fc.nat(length).map(same => keyFromBytes(bytes.fill(0xa5, 0, same)))),
      { minLength: count, maxLength: count }
    )
  )
}

function asInteger (bytes: Uint8Array): bigint {
  return BigInt(`0x${toString(bytes, 'hex')}`)
}

function d (a: Key, b: Key): bigint {
  return asInteger(distance(a, b))
}

describe('distance', () => {
  it('is the XOR, read as an integer: 0101 and 0011 are 0110 = 6 apart', () => {
    expect(d(tinyKey(0b0101), tinyKey(0b0011))).to.equal(6n)
  })

  it('is the XOR of the integers', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => d(a, b) === (asInteger(a) ^ asInteger(b))), SEED)
  })

  it('is zero between a key and itself, and between no others', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => d(a, a) === 0n && (d(a, b) === 0n) === (asInteger(a) === asInteger(b))), SEED)
  })

  it('is symmetric', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => d(a, b) === d(b, a)), SEED)
  })

  it('keeps the triangle inequality', () => {
    fc.assert(fc.property(keys(3), ([a, b, c]) => d(a, c) <= d(a, b) + d(b, c)), SEED)
  })

  it('is unidirectional: from a key there is exactly one at each distance', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => asInteger(distance(a, keyFromBytes(distance(a, b)))) === asInteger(b)), SEED)
  })
})

describe('compareDistance', () => {
  it('orders as the distances do', () => {
    fc.assert(fc.property(keys(3), ([target, a, b]) => {
      const [toA, toB] = [d(target, a), d(target, b)]
      return Math.sign(compareDistance(target, a, b)) === Number(toA > toB) - Number(toA < toB)
    }), SEED)
  })
})

describe('sameKey', () => {
  it('is true for equal bytes only', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => sameKey(a, b) === (asInteger(a) === asInteger(b)) && sameKey(a, keyFromBytes(Uint8Array.from(a)))), SEED)
  })
})

describe('commonPrefixLength and bitAt', () => {
  it('count the bits before the first that differs', () => {
    expect(commonPrefixLength(tinyKey(0b10110000), tinyKey(0b10111111))).to.equal(4)
    expect(commonPrefixLength(tinyKey(0b00000000), tinyKey(0b10000000))).to.equal(0)
    expect(commonPrefixLength(tinyKey(0b10110000), tinyKey(0b10110000))).to.equal(8)
  })

  it('agree with the keys written in binary', () => {
    fc.assert(fc.property(keys(2), ([a, b]) => {
      const common = [...bits(a), '$'].findIndex((bit, i) => bit !== bits(b)[i])
      expect(commonPrefixLength(a, b)).to.equal(common)
      expect(Array.from(bits(a), (_, i) => bitAt(a, i)).join('')).to.equal(bits(a))
    }), SEED)
  })
})
