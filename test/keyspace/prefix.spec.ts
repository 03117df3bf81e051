import { expect } from 'aegir/chai'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { isWithin, rangeWithin, withBitFlipped } from '../../src/keyspace/prefix.ts'
import fc from '../helpers/fast-check.ts'
import { bits, tinyKey } from '../helpers/tiny.ts'

describe('prefixes', () => {
  it('hold the keys that share their bits', () => {
    const prefix = { key: tinyKey(0b10110000), bits: 3 }
    expect(isWithin(prefix, tinyKey(0b10100000))).to.equal(true)
    expect(isWithin(prefix, tinyKey(0b10111111))).to.equal(true)
    expect(isWithin(prefix, tinyKey(0b10011111))).to.equal(false)
    expect(isWithin({ ...prefix, bits: 0 }, tinyKey(0))).to.equal(true)
    expect(isWithin({ ...prefix, bits: 8 }, tinyKey(0b10110001))).to.equal(false)
    expect(isWithin({ ...prefix, bits: 8 }, prefix.key)).to.equal(true)
  })

  it('have a sibling behind each bit', () => {
    const key = tinyKey(0b10110000)
    expect([0, 3, 7].map(index => bits(withBitFlipped(key, index)))).to.deep.equal(['00110000', '10100000', '10110001'])
    expect(bits(key)).to.equal('10110000')
  })

  it('find their keys among sorted ones', () => {
    const byte = fc.nat(255)
    fc.assert(fc.property(fc.array(byte), byte, fc.nat(8), (numbers, number, length) => {
      const sorted = numbers.map(tinyKey).sort((a, b) => compareDistance(tinyKey(0), a, b))
      const prefix = { key: tinyKey(number), bits: length }
      const { start, end } = rangeWithin(sorted, prefix)
      expect(sorted.slice(start, end)).to.deep.equal(sorted.filter(key => isWithin(prefix, key)))
    }), { seed: 1, numRuns: 500 })
  })
})
