import { expect } from 'aegir/chai'
import { crc32c } from '../../src/store/crc32c.ts'
import fc from '../helpers/fast-check.ts'

/** RFC 3720, appendix B.4, and the check value of the catalogue of CRCs. */
const VECTORS: Array<[string, Uint8Array, number]> = [
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 rising bytes', new Uint8Array(32).map((_, i) => i), 0x46dd794e],
  ['32 falling bytes', new Uint8Array(32).map((_, i) => 31 - i), 0x113fdb5c],
  ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0]
]

describe('crc32c', () => {
  for (const [name, bytes, crc] of VECTORS) {
    it(`is ${crc.toString(16)} for ${name}`, () => {
      expect(crc32c(bytes)).to.equal(crc)
    })
  }

  it('goes on from what comes before', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
      expect(crc32c(b, crc32c(a))).to.equal(crc32c(Uint8Array.of(...a, ...b)))
    }), { seed: 1 })
  })
})
