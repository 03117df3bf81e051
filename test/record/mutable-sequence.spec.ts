import { expect } from 'aegir/chai'
import { checkReplaces, SequenceMismatchError } from '../../src/record/mutable-sequence.ts'
import fc from '../helpers/fast-check.ts'
import { utf8 } from './fixtures.ts'
import type { MutableVersion } from '../../src/record/mutable.ts'

const SEED = 20260101
const sequences = fc.oneof(fc.nat({ max: 3 }), fc.maxSafeNat())
const versions = fc.record({ sequence: sequences, data: fc.uint8Array({ maxLength: 1 }) })

function version (sequence: number, data = 'x'): MutableVersion {
  return { sequence, data: utf8(data) }
}

function mismatch (next: MutableVersion, kept: MutableVersion | undefined, cas?: number): SequenceMismatchError | undefined {
  try {
    checkReplaces(next, kept, cas)
    return undefined
  } catch (err) {
    if (err instanceof SequenceMismatchError) {
      return err
    }
    throw err
  }
}

describe('record/mutable-sequence', () => {
  it('lets anything be the first, unless it is to replace another', () => {
    fc.assert(fc.property(versions, sequences, (next, cas) => {
      expect(mismatch(next, undefined)).to.equal(undefined)
      expect(mismatch(next, undefined, 0)).to.equal(undefined)
      fc.pre(cas !== 0)
      expect(mismatch(next, undefined, cas)?.found).to.equal(0)
    }), { seed: SEED })
  })

  it('lets a greater sequence replace a lesser, never the other way round', () => {
    fc.assert(fc.property(versions, versions, (a, b) => {
      fc.pre(a.sequence !== b.sequence)
      const [old, young] = a.sequence < b.sequence ? [a, b] : [b, a]
      expect(mismatch(young, old)).to.equal(undefined)
      expect(mismatch(young, old, old.sequence)).to.equal(undefined)
      expect(mismatch(old, young)?.found).to.equal(young.sequence)
      expect(mismatch(old, young, young.sequence)?.found).to.equal(young.sequence)
    }), { seed: SEED })
  })

  it('refuses whatever was written on top of another sequence', () => {
    fc.assert(fc.property(versions, versions, sequences, (next, kept, cas) => {
      fc.pre(cas !== kept.sequence)
      expect(mismatch(next, kept, cas)?.found).to.equal(kept.sequence)
    }), { seed: SEED })
  })

  it('lets the same version be written again, but no other of its sequence', () => {
    expect(mismatch(version(5), version(5))).to.equal(undefined)
    expect(mismatch(version(5), version(5), 5)).to.equal(undefined)
    expect(mismatch(version(5, 'y'), version(5))?.found).to.equal(5)
    expect(mismatch(version(5, 'y'), version(5), 5)?.found).to.equal(5)
  })

  it('tells the second of two who add one to the same count', () => {
    const read = version(4, '4')
    const [mine, theirs] = [version(5, '5'), version(5, '5')]
    expect(mismatch(mine, read, 4)).to.equal(undefined)
    expect(mismatch(theirs, mine, 4)?.found).to.equal(5)
  })

  it('says what it found and what to do', () => {
    expect(mismatch(version(8), version(7), 6)?.message).to.equal('sequence 6 was to be replaced, but 7 was found: get the value again, and write with 7 as cas')
    expect(mismatch(version(6), version(7))?.message).to.equal('sequence 6 cannot replace 7, which is newer: get the value again, and write with a sequence over 7')
    expect(mismatch(version(7, 'y'), version(7))?.message).to.equal('other data was found with sequence 7 already: get the value again, and write with a sequence over 7')
    expect(mismatch(version(2 ** 53), version(2 ** 53 - 1))?.message).to.equal('nothing can replace sequence 9007199254740991, the greatest there is: use another salt, or another key pair')
    expect(mismatch(version(6), version(7))?.name).to.equal('SequenceMismatchError')
  })
})
