import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError } from './invalid-record.ts'
import { peerMultihashOf } from './multihash.ts'
import type { RecordKind } from './validator.ts'

/** Bytes of `/pk/`. */
export const PREFIX_BYTES = 4

/**
 * `/pk/<multihash of a PeerId>`: the value is the public key of that peer, as libp2p's
 * protobuf. Only one value is valid for a key, so the first is the best.
 */
export const publicKeyRecords: RecordKind = {
  namespace: 'pk',
  lasting: true,

  validate ({ key, value }): void {
    if (compareBytes(key.subarray(PREFIX_BYTES), peerMultihashOf(value)) !== 0) {
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
