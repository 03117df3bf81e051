import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { immutableKeyOf, immutableRecords } from '../../src/record/immutable.ts'
import { InvalidRecordError, ValueTooLargeError } from '../../src/record/invalid-record.ts'
import { namespaceOf } from '../../src/record/namespace.ts'
import { Quorum } from '../../src/record/quorum.ts'
import fc from '../helpers/fast-check.ts'
import { contactNamed, utf8 } from './fixtures.ts'

const CAP = 300
const SEED = 20260101
const { namespace, select, validate } = immutableRecords(CAP)
const values = fc.uint8Array({ maxLength: CAP })

function refuses (key: Uint8Array, value: Uint8Array, message: string): void {
  expect(() => validate({ key, value }, 0)).to.throw(InvalidRecordError, message)
}

describe('record/immutable', () => {
  it('has this key for this value', () => {
    // of another implementation of SHA2-256
    expect(immutableKeyOf(utf8('Hello World!'))).to.equalBytes(fromString('2f696d6d757461626c652f12207f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069', 'hex'))
  })

  it('accepts every value at its key', () => {
    fc.assert(fc.property(values, value => {
      const key = immutableKeyOf(value)
      expect(namespaceOf(key)).to.equal(namespace)
      expect(validate({ key, value }, 0)).to.equal(undefined)
    }), { seed: SEED })
  })

  it('refuses any changed byte of value or key', () => {
    fc.assert(fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const record = { key: immutableKeyOf(value), value: value.slice() }
      const changed = at % (record.key.byteLength + value.byteLength)
      if (changed < record.key.byteLength) {
        record.key[changed] ^= flip
      } else {
        record.value[changed - record.key.byteLength] ^= flip
      }
      expect(() => validate(record, 0)).to.throw(InvalidRecordError)
    }), { seed: SEED, numRuns: 1000 })
  })

  it('refuses another value', () => {
    refuses(immutableKeyOf(utf8('a')), utf8('b'), 'does not hash to its key')
    refuses(immutableKeyOf(utf8('a')), utf8(''), 'does not hash to its key')
  })

  it('refuses a key that does not end with a SHA2-256 multihash', () => {
    const key = immutableKeyOf(utf8('a'))
    const ends = [[], [0x12], [0x12, 0x20], key.subarray(11, -1), [...key.subarray(11), 0], key.subarray(13), [0x00, 1, 0x61], [0x13, ...key.subarray(12)], [0x12, 0x1f, ...key.subarray(13)]]
    for (const end of ends) {
      refuses(Uint8Array.of(...utf8('/immutable/'), ...end), utf8('a'), 'SHA2-256 multihash')
    }
    refuses(Uint8Array.of(...utf8('/immutabLe/'), ...key.subarray(11)), utf8('a'), 'does not hash to its key')
  })

  it('accepts a value of exactly the cap', () => {
    const [most, more] = [new Uint8Array(CAP), new Uint8Array(CAP + 1)]
    validate({ key: immutableKeyOf(most), value: most }, 0)
    expect(() => validate({ key: immutableKeyOf(more), value: more }, 0)).to.throw(ValueTooLargeError, 'a value of 301 bytes: at most 300')
  })

  it('has one value for a key, the same for all', async () => {
    const key = immutableKeyOf(utf8('a'))
    expect(select(key, [utf8('a'), utf8('a')])).to.equal(0)
    const quorum = new Quorum(async copies => select(key, copies))
    expect(await quorum.add(contactNamed('a'), utf8('a'))).to.equal('better')
    expect(await quorum.add(contactNamed('b'), utf8('a'))).to.equal('same')
  })
})
