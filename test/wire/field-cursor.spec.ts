import { expect } from 'aegir/chai'
import { FieldCursor } from '../../src/wire/field-cursor.ts'
import fc from '../helpers/fast-check.ts'
import { bytes, field, scalar, tag } from '../helpers/protobuf.ts'
import { SEED } from './arbitraries.ts'

const numbers = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(127, 128, 2047, 2048, 2 ** 29 - 1), fc.integer({ min: 1, max: 2 ** 29 - 1 }))
const lengths = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(126, 127, 128, 129, 255, 256, 16_255, 16_256, 16_383, 16_384))
const values = fc.oneof(fc.constantFrom(0, 1, 126, 127, 128, 255, 16_256, 16_383, 16_384), fc.nat({ max: Number.MAX_SAFE_INTEGER }))

/** A field as it lies in a message, and what is to be found: its number, and the number or the bytes in it. */
const fields = fc.oneof(
  fc.tuple(numbers, values).map(([number, value]) => ({ number, raw: scalar(number, value), found: value })),
  fc.tuple(numbers, lengths).map(([number, length]) => ({ number, raw: field(number, new Uint8Array(length).fill(number)), found: new Uint8Array(length).fill(number) })),
  fc.tuple(numbers, fc.constantFrom([1, 8], [5, 4])).map(([number, [wireType, length]]) => ({ number, raw: bytes(tag(number, wireType), new Uint8Array(length).fill(0xff)), found: undefined }))
)

describe('wire/field-cursor', () => {
  it('finds the fields of a message that lies among others, as they were written', () => {
    fc.assert(fc.property(fc.array(fields, { maxLength: 6 }), fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (list, before, after) => {
      const message = bytes(...list.map(({ raw }) => raw))
      const all = bytes(before, message, after)
      const cursor = new FieldCursor(all, before.byteLength, before.byteLength + message.byteLength)
      for (const { number, found } of list) {
        expect(cursor.next()).to.equal(true)
        expect(cursor.field).to.equal(number)
        if (typeof found === 'number') {
          expect(cursor.varint()).to.equal(found)
        } else if (found != null) {
          cursor.expectBytes()
          expect(all.subarray(cursor.start, cursor.end)).to.equalBytes(found)
        }
      }
      expect(cursor.next()).to.equal(false)
    }), { seed: SEED })
  })
})
