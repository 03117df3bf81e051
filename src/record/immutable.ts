import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError, ValueTooLargeError } from './invalid-record.ts'
import { isSha256, sha256MultihashOf } from './multihash.ts'
import type { RecordKind } from './validator.ts'

const NAMESPACE = 'immutable'
const PREFIX = new TextEncoder().encode(`/${NAMESPACE}/`)

/**
 * The only key that `value` can have: `/immutable/` and then the SHA2-256 multihash
 * of the value, in binary.
 */
export function immutableKeyOf (value: Uint8Array): Uint8Array {
  return Uint8Array.of(...PREFIX, ...sha256MultihashOf(value))
}

/**
 * `/immutable/<multihash>`: the value is whatever hashes to its key, so nobody needs to
 * be trusted and nobody can change it (BEP 44, Immutable Items; with SHA2-256 in the
 * place of SHA-1). No other hash is accepted: else one value would have several keys.
 * Only one value is valid for a key, so the first is the best.
 *
 * @param maxValueSize - bytes of value that are accepted
 */
export function immutableRecords (maxValueSize: number): RecordKind {
  return {
    namespace: NAMESPACE,
    lasting: true,

    validate ({ key, value }): void {
      if (!isSha256(key.subarray(PREFIX.byteLength))) {
        throw new InvalidRecordError('the key of an /immutable/ record must end with a SHA2-256 multihash in binary: 18, 32 and the digest')
      }
      if (value.byteLength > maxValueSize) {
        throw new ValueTooLargeError(`a value of ${value.byteLength} bytes: at most ${maxValueSize} are kept`)
      }
      if (compareBytes(key, immutableKeyOf(value)) !== 0) {
        throw new InvalidRecordError('the value of an /immutable/ record does not hash to its key')
      }
    },

    select (): number {
      return 0
    }
  }
}
