import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { readable, readableHead, readableKey } from '../../src/dump/readable.ts'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { parseRecordKey } from '../../src/record/key-text.ts'
import fc from '../helpers/fast-check.ts'

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

describe('readableKey', () => {
  for (const [name, key, text, encoding] of [
    ['names as they are', utf8('/kv/grüße'), '/kv/grüße', 'utf-8'],
    ['what is not printable escaped', utf8('/kv/a\nb%41'), '/kv/a%0Ab%2541', 'key-text'],
    ['hashes in base58', immutableKeyOf(utf8('hello world')), '/immutable/QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4', 'key-text'],
    ['the bytes of a malformed key escaped', Uint8Array.of(...utf8('/pk/'), 0xff), '%2Fpk/%FF', 'key-text'],
    ['a name like an escaped key told apart from it', utf8('%2Fpk/x'), '%2Fpk/x', 'utf-8'],
    ['what is no key as base64', Uint8Array.of(0x12, 0x20, 0xff), 'EiD/', 'base64']
  ] as const) {
    it(`shows ${name}`, () => {
      expect(readableKey(key)).to.deep.equal({ text, encoding })
    })
  }

  it('loses nothing', () => {
    fc.assert(fc.property(fc.constantFrom('', '/kv/', '/pk/', '/immutable/', '/mutable/'), fc.uint8Array({ maxLength: 64 }), (prefix, rest) => {
      const key = Uint8Array.of(...utf8(prefix), ...rest)
      const { text, encoding } = readableKey(key)
      const read = { 'utf-8': utf8, 'key-text': parseRecordKey, base64: (base64: string) => fromString(base64, 'base64pad') }[encoding]
      expect(read(text)).to.deep.equal(key)
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
