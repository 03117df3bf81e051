import { expect } from 'aegir/chai'
import { encode } from 'it-length-prefixed'
import { InvalidMessageError } from '../../src/wire/errors.ts'
import { prefixLength, readPrefix } from '../../src/wire/frame.ts'
import { varint } from '../helpers/protobuf.ts'

const MAX = 300

describe('wire/frame', () => {
  it('row 1: a length prefix of eleven 0x80 bytes', () => {
    expect(() => readPrefix(new Uint8Array(11).fill(0x80), MAX)).to.throw(InvalidMessageError, 'more than 4 bytes')
    expect(() => readPrefix(new Uint8Array(4).fill(0x80), MAX)).to.throw(InvalidMessageError, 'more than 4 bytes')
  })

  it('row 2: an overlong prefix', () => {
    expect(() => readPrefix(Uint8Array.of(0x80, 0x00), MAX)).to.throw(InvalidMessageError, 'overlong')
    expect(() => readPrefix(Uint8Array.of(0x81, 0x80, 0x00, 1), MAX)).to.throw(InvalidMessageError, 'overlong')
  })

  it('row 3: length 2^40', () => {
    expect(() => readPrefix(varint(2n ** 40n), MAX)).to.throw(InvalidMessageError)
  })

  it('row 4: length 2^53', () => {
    expect(() => readPrefix(varint(2n ** 53n), MAX)).to.throw(InvalidMessageError)
  })

  it('refuses a frame over the limit before its body comes', () => {
    expect(() => readPrefix(varint(MAX + 1), MAX)).to.throw(InvalidMessageError, 'a frame of 301 bytes, at most 300')
    expect(() => readPrefix(varint(2 ** 28 - 1), MAX)).to.throw(InvalidMessageError, `a frame of ${2 ** 28 - 1} bytes`)
    expect(readPrefix(varint(MAX), MAX)).to.equal(MAX)
  })

  it('row 6: the end of what came inside the prefix', () => {
    for (const prefix of [[], [0x80], [0xff, 0xff, 0xff]]) {
      expect(readPrefix(Uint8Array.from(prefix), MAX)).to.equal(undefined)
    }
  })

  it('row 18: an empty frame is a frame', () => {
    expect(readPrefix(Uint8Array.of(0), MAX)).to.equal(0)
    expect(readPrefix(Uint8Array.of(0, 0x80, 0x80, 0x80, 0x80), MAX)).to.equal(0)
  })

  it('reads every length, and says how long its prefix is, as they are written', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const [prefix] = encode([new Uint8Array(length)], { maxDataLength: Infinity })
      const bytes = prefix.subarray()
      expect(readPrefix(bytes, length)).to.equal(length)
      expect(readPrefix(Uint8Array.of(...bytes, 0xff, 0), length)).to.equal(length)
      expect(prefixLength(length)).to.equal(prefix.byteLength)
    }
    expect(readPrefix(varint(2 ** 28 - 1), Infinity)).to.equal(2 ** 28 - 1)
    expect(prefixLength(2 ** 28 - 1)).to.equal(4)
  })
})
