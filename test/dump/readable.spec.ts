import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { readable, readableHead } from '../../src/dump/readable.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('readable', () => {
  it('shows text as it is, line ends and other scripts included', () => {
    expect(readable(utf8('grüße\n\tДа 👋'))).to.deep.equal({ text: 'grüße\n\tДа 👋', encoding: 'utf-8' })
  })

  for (const [name, bytes] of [
    ['a NUL', Uint8Array.of(0)],
    ['an escape sequence', utf8('\u001b[31m')],
    ['text that reorders what is read', utf8('gpj.\u202etac')],
    ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe)]
  ] as const) {
    it(`shows ${name} as base64`, () => {
      const { text, encoding } = readable(bytes)
      expect(encoding).to.equal('base64')
      expect(fromString(text, 'base64pad')).to.deep.equal(bytes)
    })
  }

  it('loses nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      const { text, encoding } = readable(bytes)
      expect(encoding === 'utf-8' ? utf8(text) : fromString(text, 'base64pad')).to.deep.equal(bytes)
    }), { seed: 1 })
  })
})

describe('readableHead', () => {
  it('shows what is short whole', () => {
    expect(readableHead(utf8('short'), 5)).to.deep.equal({ text: 'short', encoding: 'utf-8' })
  })

  it('cuts between characters, not within one', () => {
    expect(readableHead(utf8('aaß and more'), 3)).to.deep.equal({ text: 'aa', encoding: 'utf-8' })
  })

  it('keeps a character that ends where it cuts', () => {
    expect(readableHead(utf8('aaß and more'), 4)).to.deep.equal({ text: 'aaß', encoding: 'utf-8' })
  })

  it('cuts between characters of any length', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }).filter(text => !/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u.test(text)), fc.nat(40), (text, max) => {
      const head = readableHead(utf8(text), max)
      expect(head.encoding).to.equal('utf-8')
      expect(text.startsWith(head.text)).to.equal(true)
      expect(utf8(head.text).byteLength).to.be.within(Math.min(max - 3, utf8(text).byteLength), max)
    }), { seed: 1 })
  })

  it('cuts other bytes where it must', () => {
    expect(readableHead(Uint8Array.of(0, 1, 2, 3), 2)).to.deep.equal({ text: 'AAE=', encoding: 'base64' })
  })
})
