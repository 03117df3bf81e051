import { expect } from 'aegir/chai'
import { decode, encode } from 'it-length-prefixed'
import { InvalidMessageError } from '../../src/wire/errors.ts'
import { frameDecoder, prefixLength } from '../../src/wire/frame.ts'
import { bytes, frame, varint } from '../helpers/protobuf.ts'
import { requests } from './fixtures.ts'

const MAX = 300

function read (...chunks: Uint8Array[]): Uint8Array[] {
  return [...decode(chunks, frameDecoder(MAX))].map(list => list.subarray())
}

function bodies (length: number): Uint8Array {
  return new Uint8Array(length).fill(1)
}

describe('wire/frame', () => {
  it('row 1: a length prefix of eleven 0x80 bytes', () => {
    expect(() => read(new Uint8Array(11).fill(0x80))).to.throw(InvalidMessageError, 'more than 4 bytes')
    expect(() => read(new Uint8Array(4).fill(0x80))).to.throw(InvalidMessageError, 'more than 4 bytes')
  })

  it('row 2: an overlong prefix', () => {
    expect(() => read(Uint8Array.of(0x80, 0x00))).to.throw(InvalidMessageError, 'overlong')
    expect(() => read(Uint8Array.of(0x81, 0x80, 0x00, 1))).to.throw(InvalidMessageError, 'overlong')
  })

  it('row 3: length 2^40', () => {
    expect(() => read(varint(2n ** 40n))).to.throw(InvalidMessageError)
  })

  it('row 4: length 2^53', () => {
    expect(() => read(varint(2n ** 53n))).to.throw(InvalidMessageError)
  })

  it('refuses a frame over the limit before its body comes', () => {
    expect(() => read(varint(MAX + 1))).to.throw(InvalidMessageError, 'a frame of 301 bytes')
    expect(() => read(varint(2 ** 28 - 1))).to.throw(InvalidMessageError, `a frame of ${2 ** 28 - 1} bytes`)
    expect(read(frame(bodies(MAX)))).to.deep.equal([bodies(MAX)])
  })

  it('row 6: the end of the stream inside the prefix', () => {
    expect(() => read(Uint8Array.of(0x80))).to.throw('Unexpected end of input')
  })

  it('row 7: the end of the stream inside the body', () => {
    expect(() => read(Uint8Array.of(5, 1))).to.throw('Unexpected end of input')
  })

  it('row 18: an empty frame is a frame', () => {
    expect(read(Uint8Array.of(0), Uint8Array.of(0))).to.deep.equal([bodies(0), bodies(0)])
  })

  it('row 51: three requests in one chunk, or byte by byte', () => {
    const three = [requests.ping.bytes, requests.findNode.bytes, requests.getValue.bytes]
    const stream = bytes(...three.map(body => frame(body)))
    expect(read(stream)).to.deep.equal(three)
    expect(read(...Array.from(stream, byte => Uint8Array.of(byte)))).to.deep.equal(three)
  })

  it('says how long a prefix is, as they are written', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const [prefix] = encode([new Uint8Array(length)], { maxDataLength: Infinity })
      expect(prefixLength(length)).to.equal(prefix.byteLength)
    }
    expect(prefixLength(2 ** 28 - 1)).to.equal(4)
  })

  it('keeps its state apart from other decoders', () => {
    const [one, other] = [frameDecoder(MAX), frameDecoder(10)]
    expect(one.lengthDecoder).to.not.equal(other.lengthDecoder)
    expect(() => [...decode([frame(bodies(11))], other)]).to.throw(InvalidMessageError)
    expect(one.maxDataLength).to.equal(MAX)
  })
})
