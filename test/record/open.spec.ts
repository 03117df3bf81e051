import { expect } from 'aegir/chai'
import { InvalidRecordError, ValueTooLargeError } from '../../src/record/invalid-record.ts'
import { OpenValue } from '../../src/record/open-value.ts'
import { MAX_CLOCK_AHEAD_MS, MAX_ENVELOPE_BYTES, openRecords, openValue } from '../../src/record/open.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { recordOf, sealOpenValue, utf8 } from './fixtures.ts'

const NOW = 1_700_000_000_000
const CAP = 1000
const SEED = 20260101
const open = openRecords(CAP)
const times = fc.oneof(fc.nat(), fc.maxSafeNat())

function validate (value: Uint8Array): void {
  void open.validate(recordOf('/kv/x', value), NOW)
}

function best (...values: Uint8Array[]): Uint8Array {
  return values[open.select(utf8('/kv/x'), values)]
}

describe('record/open', () => {
  it('opens what it sealed', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), times, (data, time) => {
      const opened = openValue(sealOpenValue(data, time))
      expect(opened.time).to.equal(time)
      expect(opened.data).to.equalBytes(data)
    }), { seed: SEED })
    expect(openValue(sealOpenValue(utf8('x'), NOW + 0.7)).time).to.equal(NOW)
  })

  it('seals as protobuf writes it, and so for every peer alike', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), times, (data, time) => {
      expect(sealOpenValue(data, time)).to.equalBytes(OpenValue.encode({ time, data: data.slice() }))
    }), { seed: SEED, examples: [[new Uint8Array(), 0], [new Uint8Array(), NOW], [utf8('x'), 0]] })
  })

  it('seals nothing at a time that is none', () => {
    for (const now of [-1, NaN, Infinity, 2 ** 53]) {
      expect(() => sealOpenValue(utf8('x'), now)).to.throw(RangeError, 'no time')
    }
  })

  it('opens any bytes or throws InvalidRecordError', () => {
    const tags = fc.array(fc.tuple(fc.constantFrom(0x08, 0x12, 0x1a), fc.uint8Array({ maxLength: 12 })), { maxLength: 3 })
      .map(parts => Uint8Array.from(parts.flatMap(([tag, body]) => [tag, ...body])))
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 30 }), tags), value => {
      try {
        const { time, data } = openValue(value)
        expect(sealOpenValue(data, time)).to.equalBytes(value)
      } catch (err) {
        expect(err).to.be.an.instanceOf(InvalidRecordError)
      }
    }), { seed: SEED, numRuns: repetitions(10_000) })
  })

  it('has one form for each time and data', () => {
    const value = sealOpenValue(utf8('x'), NOW)
    const time = value.subarray(0, 7)
    const data = value.subarray(7)
    const forms = [[...data, ...time], [...value, ...data], [...value, 0x1a, 0], [...time, 0x12, 0x81, 0x00, 0x78], [0x08, 0x80, 0x00, ...data], [0x09, ...value.subarray(1)], [...new Array(1000).fill(0x0b)]]
    for (const form of forms) {
      expect(() => { validate(Uint8Array.from(form)) }).to.throw(InvalidRecordError)
    }
    validate(value)
  })

  it('accepts data of exactly the cap, whenever written', () => {
    for (const time of [0, 1, NOW]) {
      validate(sealOpenValue(new Uint8Array(CAP), time))
      expect(() => { validate(sealOpenValue(new Uint8Array(CAP + 1), time)) }).to.throw(ValueTooLargeError, 'at most 1000')
    }
  })

  it('adds no more than it says', () => {
    for (const [size, time] of [[0, 0], [CAP, NOW], [2_097_151, Number.MAX_SAFE_INTEGER], [2_097_152, Number.MAX_SAFE_INTEGER]]) {
      expect(sealOpenValue(new Uint8Array(size), time).byteLength).to.be.at.most(size + MAX_ENVELOPE_BYTES)
    }
    expect(sealOpenValue(new Uint8Array(2_097_152), Number.MAX_SAFE_INTEGER).byteLength).to.equal(2_097_152 + MAX_ENVELOPE_BYTES)
  })

  it('refuses a time more than ten minutes ahead', () => {
    validate(sealOpenValue(utf8('x'), NOW + MAX_CLOCK_AHEAD_MS))
    expect(() => { validate(sealOpenValue(utf8('x'), NOW + MAX_CLOCK_AHEAD_MS + 1)) }).to.throw(InvalidRecordError, 'from now')
    expect(MAX_CLOCK_AHEAD_MS).to.equal(600_000)
  })

  it('prefers the newest', () => {
    const [old, young] = [sealOpenValue(utf8('zzz'), NOW - 1), sealOpenValue(utf8('a'), NOW)]
    expect(best(old, young)).to.equal(young)
    expect(best(young, old)).to.equal(young)
    expect(best(sealOpenValue(utf8('a'), 200), sealOpenValue(utf8('a'), 100))).to.equalBytes(sealOpenValue(utf8('a'), 200))
  })

  it('prefers the same one everywhere, whatever the order', () => {
    const values = fc.array(fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.nat({ max: 3 })).map(([data, time]) => sealOpenValue(data, time)), { minLength: 1, maxLength: 8 })
    fc.assert(fc.property(values.chain(list => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([list, shuffled]) => {
      expect(best(...shuffled)).to.equalBytes(best(...list))
    }), { seed: SEED, numRuns: 1000 })
  })
})
