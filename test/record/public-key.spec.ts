import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { InvalidRecordError } from '../../src/record/invalid-record.ts'
import { publicKeyRecords } from '../../src/record/public-key.ts'
import { utf8 } from './fixtures.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { PublicKey } from '@libp2p/interface'

function pkRecord (publicKey: PublicKey): ValueRecord {
  return { key: Uint8Array.of(...utf8('/pk/'), ...peerIdFromPublicKey(publicKey).toMultihash().bytes), value: publicKeyToProtobuf(publicKey) }
}

function refuses (record: ValueRecord, message: string): void {
  expect(() => publicKeyRecords.validate(record, 0)).to.throw(InvalidRecordError, message)
}

describe('record/public-key', () => {
  for (const type of ['Ed25519', 'secp256k1', 'RSA'] as const) {
    it(`accepts an ${type} key under its peer id, and that only`, async () => {
      const [{ publicKey }, { publicKey: other }] = await Promise.all([generateKeyPair(type), generateKeyPair(type)])
      const record = pkRecord(publicKey)
      publicKeyRecords.validate(record, 0)
      refuses({ key: record.key, value: pkRecord(other).value }, 'not the public key of the peer')
      refuses({ key: record.key, value: Uint8Array.of(...record.value, 0x1a, 0) }, 'not the public key of the peer')
      refuses({ key: record.key, value: new Uint8Array() }, 'not the public key of the peer')
    })
  }

  it('row 26: refuses another peer\'s key', async () => {
    const [mine, theirs] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    refuses({ key: pkRecord(theirs.publicKey).key, value: pkRecord(mine.publicKey).value }, 'not the public key of the peer')
  })

  it('refuses what is no key, though its hash is right', () => {
    for (const value of [utf8('hello'), Uint8Array.of(8, 9, 0x12, 1, 1), new Uint8Array(0)]) {
      refuses({ key: Uint8Array.of(...utf8('/pk/'), 0, value.byteLength, ...value), value }, 'no public key')
    }
  })

  it('takes the first', () => {
    expect(publicKeyRecords.select(utf8('/pk/x'), [utf8('a'), utf8('a')])).to.equal(0)
  })
})
