import { expect } from 'aegir/chai'
import { formatTimestamp, parseTimestamp } from '../../src/wire/timestamp.ts'
import fc from '../helpers/fast-check.ts'
import { SEED } from './arbitraries.ts'

describe('wire/timestamp', () => {
  it('writes RFC 3339 with nanoseconds', () => {
    expect(formatTimestamp(0)).to.equal('1970-01-01T00:00:00.000000000Z')
    expect(formatTimestamp(1_709_210_096_789.5)).to.equal('2024-02-29T12:34:56.789000000Z')
  })

  it('writes nothing for what has no four-digit year', () => {
    for (const ms of [NaN, Infinity, -Infinity, 253_402_300_800_000, -62_167_219_200_001, 1e300]) {
      expect(formatTimestamp(ms)).to.equal('')
    }
  })

  it('reads what go writes: as many digits as it takes', () => {
    expect(parseTimestamp('2024-02-29T12:34:56Z')).to.equal(1_709_210_096_000)
    expect(parseTimestamp('2024-02-29T12:34:56.7Z')).to.equal(1_709_210_096_700)
    expect(parseTimestamp('2024-02-29T12:34:56.789123456Z')).to.equal(1_709_210_096_789)
  })

  it('reads nothing else', () => {
    for (const text of ['', 'Z', '2024-02-30T00:00:00Z', '2023-02-29T00:00:00Z', '2024-13-01T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T00:60:00Z', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00', '2024-01-01T00:00:00.Z', '2024-01-01T00:00:00.1234567890Z', '2024-01-01T00:00:00+01:00', '2024-01-01 00:00:00Z', '12024-01-01T00:00:00Z', ' 2024-01-01T00:00:00Z']) {
      expect(parseTimestamp(text), text).to.equal(undefined)
    }
  })

  it('reads what it wrote', () => {
    fc.assert(fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), ms => {
      expect(parseTimestamp(formatTimestamp(ms))).to.equal(ms)
    }), { seed: SEED })
  })
})
