import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError } from './invalid-record.ts'
import type { RecordKind } from './validator.ts'

/** Bytes of `/pk/`. */
export const PREFIX_BYTES = 4

/** Bytes up to which a public key is its own multihash (libp2p specs, peer-ids). */
const MAX_INLINE_KEY_BYTES = 42

const IDENTITY = 0x00
const SHA2_256 = 0x12

/**
 * `/pk/<multihash of a PeerId>`: the value is the public key of that peer, as libp2p's
 * protobuf. Only one value is valid for a key, so the first is the best.
 */
export const publicKeyRecords: RecordKind = {
  namespace: 'pk',
  lasting: true,

  validate ({ key, value }): void {
    if (compareBytes(key.subarray(PREFIX_BYTES), multihashOf(value)) !== 0) {
      throw new InvalidRecordError('the value of a /pk/ record is not the public key of the peer in its key')
    }
    try {
      publicKeyFromProtobuf(value)
    } catch (err) {
      throw new InvalidRecordError('the value of a /pk/ record is no public key', { cause: err })
    }
  },

  select (): number {
    return 0
  }
}

/** The multihash that names the holder of a public key. */
function multihashOf (publicKey: Uint8Array): Uint8Array {
  return publicKey.byteLength <= MAX_INLINE_KEY_BYTES
    ? Uint8Array.of(IDENTITY, publicKey.byteLength, ...publicKey)
    : Uint8Array.of(SHA2_256, 32, ...sha256(publicKey))
}
