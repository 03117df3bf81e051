import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { InvalidRecordError, ValueTooLargeError } from '../../src/record/invalid-record.ts'
import { MAX_SALT_BYTES, mutableKeyOf } from '../../src/record/mutable-key.ts'
import { MutableValue } from '../../src/record/mutable-value.ts'
import { MAX_MUTABLE_ENVELOPE_BYTES, mutableRecords, openMutableValue, sealMutableValue } from '../../src/record/mutable.ts'
import { Quorum } from '../../src/record/quorum.ts'
import fc from '../helpers/fast-check.ts'
import { contactNamed, utf8 } from './fixtures.ts'

const CAP = 300
const SEED = 20260101
const LAST = Number.MAX_SAFE_INTEGER
const mutable = mutableRecords(CAP)

/** The keys of RFC 8032, 7.1, TEST 1 and TEST 2. */
const mine = await generateKeyPairFromSeed('Ed25519', hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'))
const theirs = await generateKeyPairFromSeed('Ed25519', hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))

const salts = fc.uint8Array({ maxLength: MAX_SALT_BYTES })
const sequences = fc.oneof(fc.constantFrom(0, 1, LAST), fc.maxSafeNat())
const data = fc.uint8Array({ maxLength: CAP })

function hex (text: string): Uint8Array {
  return fromString(text, 'hex')
}

function keyOf (salt = '', { publicKey } = mine): Uint8Array {
  return mutableKeyOf(publicKey, utf8(salt))
}

async function validate (key: Uint8Array, value: Uint8Array): Promise<void> {
  await mutable.validate({ key, value }, 0)
}

async function refuses (key: Uint8Array, value: Uint8Array, message = ''): Promise<void> {
  await expect(validate(key, value)).to.eventually.be.rejectedWith(InvalidRecordError, message)
}

/** An envelope nobody signed: what is best does not depend on it. */
function unsigned (sequence: number, text: string, last = 0): Uint8Array {
  return MutableValue.encode({ sequence, data: new TextEncoder().encode(text), signature: new Uint8Array(64).fill(last, 63) })
}

describe('record/mutable', () => {
  // of another implementation of Ed25519 and of this layout, so that the format cannot drift
  const vectors = [
    { salt: '', sequence: 0, text: '', value: '1a4092245dbc6b7decddf2be343d7e11fd0c312cf9f982156fc0f59104c30c3c5f8641c6554f2498514e512fe30050092e30ab3cd2732b77474cc7dc3aa222a5c40d' },
    { salt: 'foobar', sequence: 1, text: 'Hello World!', value: '0801120c48656c6c6f20576f726c64211a403df06f04e38e44589454a50634f163343040786f72aa80bb7d33830d900aa576ca5f27592888f203a5c0c94456bea7856c2022e8daaddce911376d45d480ea01' },
    { salt: 'a/b', sequence: LAST, text: 'x'.repeat(200), value: `08ffffffffffffff0f12c801${'78'.repeat(200)}1a40559e9d59aa852e76449b06f0fd918e7c5acb40bd6f0406596708faa51ad04946f66feb2fa75276f0ffa022034271cf231195ccea120d20eb85285673edecba0a` }
  ]
  for (const { salt, sequence, text, value } of vectors) {
    it(`has this key and value for the salt "${salt}" and the sequence ${sequence}`, async () => {
      const key = hex(`2f6d757461626c652fd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a2f${[...utf8(salt)].map(byte => byte.toString(16)).join('')}`)
      expect(keyOf(salt)).to.equalBytes(key)
      expect(await sealMutableValue(mine, key, { sequence, data: utf8(text) })).to.equalBytes(hex(value))
      await validate(key, hex(value))
    })
  }

  it('accepts and opens what it sealed', async () => {
    await fc.assert(fc.asyncProperty(salts, sequences, data, async (salt, sequence, data) => {
      const key = mutableKeyOf(mine.publicKey, salt)
      const value = await sealMutableValue(mine, key, { sequence, data })
      await validate(key, value)
      const opened = openMutableValue(value)
      expect(opened.sequence).to.equal(sequence)
      expect(opened.data).to.equalBytes(data)
      expect(opened.signature).to.have.lengthOf(64)
      expect(value.byteLength).to.be.at.most(data.byteLength + MAX_MUTABLE_ENVELOPE_BYTES)
      expect(value.buffer.byteLength, 'what it keeps alive').to.equal(value.byteLength)
    }), { seed: SEED })
  })

  it('refuses any changed byte of value or key', async () => {
    await fc.assert(fc.asyncProperty(salts, sequences, data, fc.nat(), fc.integer({ min: 1, max: 255 }), async (salt, sequence, data, at, flip) => {
      const key = mutableKeyOf(mine.publicKey, salt)
      const value = await sealMutableValue(mine, key, { sequence, data })
      const changed = at % (key.byteLength + value.byteLength)
      if (changed < key.byteLength) {
        key[changed] ^= flip
      } else {
        value[changed - key.byteLength] ^= flip
      }
      await refuses(key, value)
    }), { seed: SEED, numRuns: 500 })
  })

  it('refuses a signature for another key, salt, sequence or data', async () => {
    const key = keyOf('salt')
    const version = { sequence: 7, data: utf8('data') }
    const value = await sealMutableValue(mine, key, version)
    const { signature } = MutableValue.decode(value)
    const notSigned = 'not of the public key in its key'
    await validate(key, value)
    await refuses(keyOf('salt', theirs), value, notSigned)
    await refuses(keyOf('Salt'), value, notSigned)
    await refuses(keyOf(), value, notSigned)
    await refuses(key, MutableValue.encode({ sequence: 8, data: new TextEncoder().encode('data'), signature }), notSigned)
    await refuses(key, MutableValue.encode({ sequence: 7, data: new TextEncoder().encode('Data'), signature }), notSigned)
  })

  it('refuses bytes moved from one part to another', async () => {
    const sealed = await sealMutableValue(mine, keyOf('ab'), { sequence: 0, data: utf8('cd') })
    const { signature } = MutableValue.decode(sealed)
    await refuses(keyOf('abc'), MutableValue.encode({ data: new TextEncoder().encode('d'), signature }), 'not of the public key')
    await refuses(keyOf('a'), MutableValue.encode({ data: new TextEncoder().encode('bcd'), signature }), 'not of the public key')
  })

  it('refuses a signature that the key made for something else', async () => {
    const signature = new Uint8Array(await mine.sign(utf8('data')))
    await refuses(keyOf(), MutableValue.encode({ sequence: 0, data: new TextEncoder().encode('data'), signature }), 'not of the public key')
  })

  it('refuses a key that is none, or of no point of the curve', async () => {
    const value = await sealMutableValue(mine, keyOf(), { sequence: 0, data: utf8('x') })
    await refuses(utf8('/mutable/x'), value, 'must be /mutable/')
    await refuses(Uint8Array.of(...utf8('/mutable/'), ...new Uint8Array(32).fill(0xff), 0x2f), value)
  })

  it('opens any bytes or throws InvalidRecordError', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom([0x08], [0x12], [0x1a], [0x1a, 0x40], [0x22]), fc.uint8Array({ maxLength: 66 })), { maxLength: 4 })
      .map(list => Uint8Array.from(list.flatMap(([tag, body]) => [...tag, ...body])))
    const whole = fc.tuple(sequences, fc.uint8Array({ maxLength: 9 }), fc.integer({ min: 62, max: 66 }), fc.uint8Array({ maxLength: 1 }))
      .map(([sequence, data, size, rest]) => Uint8Array.of(...MutableValue.encode({ sequence, data: data.slice(), signature: new Uint8Array(size) }), ...rest))
    let opened = 0
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), parts, whole), value => {
      try {
        const { sequence, data, signature } = openMutableValue(value)
        opened++
        expect(MutableValue.encode({ sequence, data: data.slice(), signature: signature.slice() })).to.equalBytes(value)
      } catch (err) {
        expect(err).to.be.an.instanceOf(InvalidRecordError)
      }
    }), { seed: SEED, numRuns: 3000 })
    expect(opened).to.be.greaterThan(100)
  })

  it('has one form for each version', async () => {
    const value = await sealMutableValue(mine, keyOf(), { sequence: 7, data: utf8('x') })
    const [sequence, data, signature] = [value.subarray(0, 2), value.subarray(2, 5), value.subarray(5)]
    const forms = [[...data, ...sequence, ...signature], [...value, ...data], [...value, 0x22, 0], [0x08, 0x87, 0x00, ...data, ...signature], [...sequence, 0x12, 0x81, 0x00, 0x78, ...signature]]
    for (const form of forms) {
      await refuses(keyOf(), Uint8Array.from(form), 'envelope')
    }
    await refuses(keyOf(), Uint8Array.of(...sequence, ...data), 'has 0 bytes, not 64')
    await refuses(keyOf(), new Uint8Array(1000).fill(0x0b))
    await validate(keyOf(), value)
  })

  it('opens no sequence that is no safe integer', () => {
    const varints = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map(number => {
      const digits: number[] = []
      for (let rest = number; rest > 0n; rest >>= 7n) {
        digits.push(Number(rest & 0x7fn) + (rest > 0x7fn ? 0x80 : 0))
      }
      return digits
    })
    fc.assert(fc.property(varints, varint => {
      expect(() => openMutableValue(Uint8Array.of(0x08, ...varint, 0x1a, 0x40, ...new Uint8Array(64)))).to.throw(InvalidRecordError, 'no envelope')
    }), { seed: SEED, examples: [[[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]], [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]]] })
    expect(openMutableValue(Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a, 0x40, ...new Uint8Array(64))).sequence).to.equal(LAST)
  })

  it('accepts data of exactly the cap', async () => {
    await validate(keyOf(), await sealMutableValue(mine, keyOf(), { sequence: 1, data: new Uint8Array(CAP) }))
    const value = await sealMutableValue(mine, keyOf(), { sequence: 1, data: new Uint8Array(CAP + 1) })
    await expect(validate(keyOf(), value)).to.eventually.be.rejectedWith(ValueTooLargeError, 'a value of 301 bytes: at most 300')
  })

  it('adds no more than it says', async () => {
    const size = 2_097_152 // the first whose length takes four bytes
    const value = await sealMutableValue(mine, keyOf(), { sequence: LAST, data: new Uint8Array(size) })
    expect(value.byteLength).to.equal(size + MAX_MUTABLE_ENVELOPE_BYTES)
  })

  it('seals no sequence that is none, and nothing for another key', async () => {
    for (const sequence of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      await expect(sealMutableValue(mine, keyOf(), { sequence, data: utf8('x') })).to.eventually.be.rejectedWith(RangeError, 'no sequence')
    }
    const version = { sequence: 0, data: utf8('x') }
    await expect(sealMutableValue(mine, keyOf('', theirs), version)).to.eventually.be.rejectedWith(InvalidRecordError, 'of another public key')
    await expect(sealMutableValue(mine, utf8('/kv/x'), version)).to.eventually.be.rejectedWith(InvalidRecordError, 'must be /mutable/')
  })

  it('prefers the greatest sequence, then the greater data, then the greater signature', () => {
    const ordered = [unsigned(0, 'zzz'), unsigned(1, 'a', 9), unsigned(1, 'aa'), unsigned(1, 'b', 1), unsigned(1, 'b', 2), unsigned(200, ''), unsigned(LAST - 1, 'z'), unsigned(LAST, 'a')]
    for (let i = 1; i < ordered.length; i++) {
      expect(mutable.select(keyOf(), [ordered[i - 1], ordered[i]])).to.equal(1)
      expect(mutable.select(keyOf(), [ordered[i], ordered[i - 1]])).to.equal(0)
    }
    expect(mutable.select(keyOf(), ordered)).to.equal(ordered.length - 1)
    expect(mutable.select(keyOf(), [ordered[0]])).to.equal(0)
  })

  it('comes to the same best in any order of answers', async () => {
    const answers = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constantFrom('', 'a', 'b', 'ab'), fc.nat({ max: 2 })).map(([sequence, text, last]) => unsigned(sequence, text, last)), { minLength: 1, maxLength: 8 })
    const fold = async (values: Uint8Array[]): Promise<Uint8Array | undefined> => {
      const quorum = new Quorum(async pair => mutable.select(keyOf(), pair))
      for (const [i, value] of values.entries()) {
        await quorum.add(contactNamed(String(i)), value)
      }
      return quorum.best
    }
    await fc.assert(fc.asyncProperty(answers.chain(list => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), async ([list, shuffled]) => {
      const best = list[mutable.select(keyOf(), list)]
      expect(shuffled[mutable.select(keyOf(), shuffled)]).to.equalBytes(best)
      expect(await fold(list)).to.equalBytes(best)
      expect(await fold(shuffled)).to.equalBytes(best)
    }), { seed: SEED, numRuns: 500 })
  })
})
