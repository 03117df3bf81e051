import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'aegir/chai'
import { base16 } from 'multiformats/bases/base16'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { formatRecordKey, InvalidKeyError, isRecordKeyText, parseRecordKey } from '../../src/record/key-text.ts'
import { MAX_SALT_BYTES, mutableKeyOf } from '../../src/record/mutable-key.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { utf8 } from './fixtures.ts'

const SEED = 20260101
const { publicKey } = await generateKeyPair('Ed25519')
const PEER = peerIdFromPublicKey(publicKey).toString()
const HELLO = utf8('hello world')

/** The multihash, and the CIDv1 of raw bytes, that IPFS has for the bytes "hello world". */
const HELLO_MULTIHASH = 'QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4'
const HELLO_CID = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'

/** Any bytes, and such as nearly or wholly are the keys of a kind. */
const keys = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 40 }).map(utf8),
  fc.string({ unit: fc.constantFrom('%', '2', '5', 'f', 'F', '/', 'x', '\u0000', '\u202e', 'ß', '€', '👋'), maxLength: 12 }).map(utf8),
  fc.tuple(
    fc.constantFrom('/kv/', '/pk/', '/immutable/', '/mutable/', '/ipns/', '/immutable', '/', '%2Fpk/', '%2fmutable/'),
    fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => Uint8Array.of(0x12, 32, ...digest)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(raw => Uint8Array.of(0, 36, 8, 1, 18, 32, ...raw)),
      fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 70 })).map(([raw, salt]) => Uint8Array.of(...raw, 0x2f, ...salt))
    )
  ).map(([prefix, rest]) => Uint8Array.of(...utf8(prefix), ...rest))
)

describe('record/key-text', () => {
  it('turns every key into one line of printable text, and back', () => {
    fc.assert(fc.property(keys, key => {
      const text = formatRecordKey(key)
      expect(text).to.match(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u)
      expect(parseRecordKey(text)).to.equalBytes(key)
    }), { seed: SEED, numRuns: repetitions(3000) })
  })

  it('turns every mutable key into its own form, and back', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: MAX_SALT_BYTES }), (raw, salt) => {
      const key = Uint8Array.of(...utf8('/mutable/'), ...raw, 0x2f, ...salt)
      const text = formatRecordKey(key)
      expect(text).to.match(/^\/mutable\/12D3Koo\w+\//)
      expect(parseRecordKey(text)).to.equalBytes(key)
    }), { seed: SEED })
  })

  it('has characters of any length as they are, and escapes behind them', () => {
    for (const character of ['x', 'ß', '\u07c0', 'अ', '€', '！', '👋']) {
      const key = utf8(`/kv/${character}%41`)
      expect(formatRecordKey(key)).to.equal(`/kv/${character}%2541`)
      expect(parseRecordKey(`/kv/${character}%2541`)).to.equalBytes(key)
    }
  })

  describe('of immutable values', () => {
    const key = immutableKeyOf(HELLO)

    it('is the multihash, as CIDs have it', () => {
      expect(formatRecordKey(key)).to.equal(`/immutable/${HELLO_MULTIHASH}`)
    })

    const multihash = base58btc.baseDecode(HELLO_MULTIHASH)
    for (const [title, text] of [
      ['the multihash in base58', HELLO_MULTIHASH],
      ['a CIDv1 of raw bytes', HELLO_CID],
      ['the same in base36', CID.parse(HELLO_CID).toString(base36)],
      ['the same in upper case', HELLO_CID.toUpperCase()],
      ['the multihash in base58 with its prefix', base58btc.encode(multihash)],
      ['the multihash in hex with its prefix', base16.encode(multihash)]
    ]) {
      it(`is read from ${title}`, () => {
        expect(parseRecordKey(`/immutable/${text}`)).to.equalBytes(key)
      })
    }
  })

  describe('of mutable values', () => {
    for (const [title, salt, text] of [
      ['a name', utf8('profile'), 'profile'],
      ['no name', new Uint8Array(), ''],
      ['a name with slashes, spaces and other scripts', utf8('a/b//ß 👋/'), 'a/b//ß 👋/'],
      ['a name with per cent signs', utf8('100% of 5%a %41'), '100% of 5%a %2541'],
      ['a name with control characters', utf8('a\n\u202eb\u2028'), 'a%0A%E2%80%AEb%E2%80%A8'],
      ['bytes that are no text', Uint8Array.of(0xff, 0x41, 0xc3, 0x80, 0xc3, 0x25, 0x41, 0x31), '%FFAÀ%C3%25A1']
    ] as const) {
      it(`is the peer id of its writer, and ${title}`, () => {
        const key = mutableKeyOf(publicKey, salt)
        expect(formatRecordKey(key)).to.equal(`/mutable/${PEER}/${text}`)
        expect(parseRecordKey(`/mutable/${PEER}/${text}`)).to.equalBytes(key)
      })
    }

    it('is read without the last slash, and with the peer id as CID', () => {
      const key = mutableKeyOf(publicKey)
      expect(parseRecordKey(`/mutable/${PEER}`)).to.equalBytes(key)
      expect(parseRecordKey(`/mutable/${publicKey.toCID().toString(base36)}/`)).to.equalBytes(key)
    })

    it('is read with escapes in lower case, and of what needs none', () => {
      expect(parseRecordKey(`/mutable/${PEER}/%c3%9f%78`)).to.equalBytes(mutableKeyOf(publicKey, utf8('ßx')))
    })
  })

  describe('of public keys', () => {
    it('is the peer id, inlined or hashed', async () => {
      const rsa = Uint8Array.of(0x12, 32, ...sha256(HELLO))
      const longest = Uint8Array.of(0, 42, ...new Uint8Array(42).fill(7))
      for (const [multihash, peer] of [[publicKey.toMultihash().bytes, PEER], [rsa, HELLO_MULTIHASH], [longest, base58btc.baseEncode(longest)]] as const) {
        const key = Uint8Array.of(...utf8('/pk/'), ...multihash)
        expect(formatRecordKey(key)).to.equal(`/pk/${peer}`)
        expect(parseRecordKey(`/pk/${peer}`)).to.equalBytes(key)
        expect(parseRecordKey(`/pk/${CID.createV1(0x72, Digest.decode(multihash)).toString()}`)).to.equalBytes(key)
      }
    })
  })

  describe('of all else', () => {
    for (const [title, key, text] of [
      ['a name in the open namespace', utf8('/kv/greeting'), '/kv/greeting'],
      ['a name with an escape in it', utf8('/kv/a%2Fb%'), '/kv/a%252Fb%'],
      ['a key without a namespace', Uint8Array.of(0, 0x41), '%00A'],
      ['an IPNS name', Uint8Array.of(...utf8('/ipns/'), 0, 1, 0x61), '/ipns/%00%01a'],
      ['an immutable key without a hash', utf8('/immutable/x'), '%2Fimmutable/x'],
      ['a mutable key with too long a salt', utf8(`/mutable/${'A'.repeat(32)}/${'b'.repeat(65)}`), `%2Fmutable/${'A'.repeat(32)}/${'b'.repeat(65)}`],
      ['a public key without a peer', utf8('/pk/'), '%2Fpk/'],
      ['a public key whose size is not that of its multihash', Uint8Array.of(...utf8('/pk/'), 0, 3, 0x61, 0x62), '%2Fpk/%00%03ab'],
      ['a public key too long to be inlined', Uint8Array.of(...utf8('/pk/'), 0, 43, ...new Uint8Array(43).fill(0x61)), `%2Fpk/%00+${'a'.repeat(43)}`],
      ['a cut hash', immutableKeyOf(HELLO).subarray(0, 14), '%2Fimmutable/%12 %B9']
    ] as const) {
      it(`is ${title}`, () => {
        expect(formatRecordKey(key)).to.equal(text)
        expect(parseRecordKey(text)).to.equalBytes(key)
      })
    }
  })

  const malformed: Array<[string, string, RegExp]> = [
    ['no hash', '/immutable/', /\/immutable\/Qm…/],
    ['a cut hash', `/immutable/${HELLO_MULTIHASH.slice(0, -1)}`, /\/immutable\/Qm…/],
    ['a hash and a path', `/immutable/${HELLO_MULTIHASH}/a`, /\/immutable\/Qm…/],
    ['letters that base58 does not have', `/immutable/${HELLO_MULTIHASH.replace('a', '0')}`, /\/immutable\/Qm…/],
    ['a CID of something else than raw bytes', `/immutable/${CID.createV1(0x70, CID.parse(HELLO_CID).multihash).toString()}`, /CIDv1 of it as raw bytes/],
    ['another hash of 32 bytes', `/immutable/${base58btc.baseEncode(Uint8Array.of(0x16, 32, ...new Uint8Array(32)))}`, /SHA2-256/],
    ['another hash', `/immutable/${base58btc.baseEncode(Uint8Array.of(0x13, 64, ...new Uint8Array(64)))}`, /SHA2-256/],
    ['a peer id', `/immutable/${PEER}`, /\/immutable\/Qm…/],
    ['no writer', '/mutable/', /\/mutable\/12D3Koo…\/name/],
    ['a writer that is no peer id', '/mutable/profile', /\/mutable\/12D3Koo…\/name/],
    ['a writer without an inlined key', `/mutable/${HELLO_MULTIHASH}/profile`, /an Ed25519 public key/],
    ['a writer with another kind of key', `/mutable/${base58btc.baseEncode(Uint8Array.of(0, 37, 8, 2, 18, 33, 2, ...new Uint8Array(32)))}/profile`, /an Ed25519 public key/],
    ['a name too long', `/mutable/${PEER}/${'é'.repeat(33)}`, /at most 64 bytes/],
    ['no peer id', '/pk/me', /\/pk\/12D3Koo…/],
    ['a peer id whose size is wrong', `/pk/${base58btc.baseEncode(Uint8Array.of(0, 3, 0x61, 0x62))}`, /\/pk\/12D3Koo…/],
    ['a peer id of another hash', `/pk/${base58btc.baseEncode(Uint8Array.of(0x11, 20, ...new Uint8Array(20)))}`, /\/pk\/12D3Koo…/],
    ['a peer id whose digest has another size than it says', `/pk/${base58btc.baseEncode(Uint8Array.of(0x12, 31, ...new Uint8Array(32)))}`, /\/pk\/12D3Koo…/],
    ['a peer id and more', `/pk/${PEER}/`, /\/pk\/12D3Koo…/],
    ['control characters', '/pk/\u001b[31m', /^"\/pk\/%1B\[31m" is no record key/]
  ]
  for (const [title, text, message] of malformed) {
    it(`says what a key looks like: ${title}`, () => {
      expect(() => parseRecordKey(text)).to.throw(InvalidKeyError, message)
    })
  }

  it('refuses a text too long for a key without decoding it', () => {
    // base58 takes the square of the length: this would take minutes
    expect(() => parseRecordKey(`/immutable/${'Q'.repeat(200_000)}`)).to.throw(InvalidKeyError, /^"\/immutable\/Q{189}…" is no/)
  }).timeout(10_000)

  it('tells record keys from names in the open namespace', () => {
    const texts = ['/immutable/x', '/mutable/', `/mutable/${PEER}/a`, '/pk/x', '/kv/greeting', '/kv/']
    expect(texts.filter(isRecordKeyText)).to.deep.equal(texts)
    const names = ['greeting', '', '/', '/kv', 'kv/x', '/other/x', '%2Fpk/x', ' /kv/x', '/immutable']
    expect(names.filter(isRecordKeyText)).to.deep.equal([])
  })

  it('is not in doubt of a CID in any base', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), digest => {
      const multihash = Uint8Array.of(0x12, 32, ...digest)
      const key = Uint8Array.of(...utf8('/immutable/'), ...multihash)
      for (const text of [base58btc.baseEncode(multihash), base64url.encode(multihash), CID.createV1(0x55, Digest.decode(multihash)).toString(base58btc)]) {
        expect(parseRecordKey(`/immutable/${text}`)).to.equalBytes(key)
      }
    }), { seed: SEED })
  })

  it('reads any text or says why not, and what it reads has one text', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.tuple(fc.constantFrom('/pk/', '/immutable/', '/mutable/'), fc.string()).map(parts => parts.join(''))), text => {
      let key: Uint8Array
      try {
        key = parseRecordKey(text)
      } catch (err) {
        expect(err).to.be.an.instanceOf(InvalidKeyError)
        return
      }
      expect(parseRecordKey(formatRecordKey(key))).to.equalBytes(key)
    }), { seed: SEED, numRuns: repetitions(1000) })
  })
})
