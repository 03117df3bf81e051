import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { InvalidRecordError } from '../../src/record/invalid-record.ts'
import { MAX_SALT_BYTES, MUTABLE, mutableKeyOf, parseMutableKey } from '../../src/record/mutable-key.ts'
import { namespaceOf } from '../../src/record/namespace.ts'
import fc from '../helpers/fast-check.ts'
import { utf8 } from './fixtures.ts'

const SEED = 20260101
const { publicKey } = await generateKeyPair('Ed25519')
const PREFIX = utf8('/mutable/')

describe('record/mutable-key', () => {
  it('parses what it made, of any salt', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: MAX_SALT_BYTES }), salt => {
      const key = mutableKeyOf(publicKey, salt)
      expect(namespaceOf(key)).to.equal(MUTABLE)
      const parsed = parseMutableKey(key)
      expect(parsed.publicKey.raw).to.equalBytes(publicKey.raw)
      expect(parsed.salt).to.equalBytes(salt)
    }), { seed: SEED })
    expect(parseMutableKey(mutableKeyOf(publicKey)).salt.byteLength).to.equal(0)
    for (const salt of ['/', '//', 'a/b', '/a/', '/mutable/']) {
      expect(parseMutableKey(mutableKeyOf(publicKey, utf8(salt))).salt).to.equalBytes(utf8(salt))
    }
  })

  it('parses a public key with slashes', () => {
    const raw = new Uint8Array(32).fill(0x2f)
    const parsed = parseMutableKey(Uint8Array.of(...PREFIX, ...raw, 0x2f, 0x2f))
    expect(parsed.publicKey.raw).to.equalBytes(raw)
    expect(parsed.salt).to.equalBytes(utf8('/'))
  })

  it('parses any bytes or throws InvalidRecordError', () => {
    const ours = fc.tuple(fc.uint8Array({ minLength: 30, maxLength: 34 }), fc.uint8Array({ maxLength: 70 }))
      .map(([raw, salt]) => Uint8Array.of(...PREFIX, ...raw, 0x2f, ...salt))
    let parsed = 0
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), ours), key => {
      try {
        const { publicKey, salt } = parseMutableKey(key)
        parsed++
        expect(mutableKeyOf(publicKey, salt)).to.equalBytes(key)
      } catch (err) {
        expect(err).to.be.an.instanceOf(InvalidRecordError)
      }
    }), { seed: SEED, numRuns: 5000 })
    expect(parsed).to.be.greaterThan(100)
  })

  it('refuses what is no key of a mutable value', () => {
    const raw = publicKey.raw
    const keys = [[], PREFIX, [...PREFIX, ...raw], [...PREFIX, ...raw.subarray(1), 0x2f], [...PREFIX, ...raw, 0x2e], [...utf8('/mutabLe/'), ...raw, 0x2f], [...PREFIX, ...raw, 0x2f, ...new Uint8Array(MAX_SALT_BYTES + 1)]]
    for (const key of keys) {
      expect(() => parseMutableKey(Uint8Array.from(key))).to.throw(InvalidRecordError, 'up to 64 bytes of salt')
    }
  })

  it('takes text for its UTF-8, and no salt of another kind', () => {
    for (const salt of ['', 'home', 'work', 'über']) {
      expect(mutableKeyOf(publicKey, salt)).to.equalBytes(mutableKeyOf(publicKey, utf8(salt)))
    }
    const others: any[] = [['h'], 5, {}]
    for (const salt of others) {
      expect(() => mutableKeyOf(publicKey, salt)).to.throw(RangeError)
    }
  })

  it('makes no key of a salt that is too long', () => {
    expect(mutableKeyOf(publicKey, new Uint8Array(MAX_SALT_BYTES)).byteLength).to.equal(9 + 32 + 1 + 64)
    expect(() => mutableKeyOf(publicKey, new Uint8Array(MAX_SALT_BYTES + 1))).to.throw(RangeError, 'a salt of 65 bytes')
  })

  it('makes no key of what is no Ed25519 key', async () => {
    const { publicKey: other } = await generateKeyPair('secp256k1')
    // @ts-expect-error of another type
    expect(() => mutableKeyOf(other)).to.throw(RangeError, 'a public key of 33 bytes')
  })
})
