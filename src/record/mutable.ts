import { encode as encodeVarint } from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { withArrayBuffer } from 'uint8arrays/with-array-buffer'
import { ownBytes } from '../keyspace/whereabouts.ts'
import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError, ValueTooLargeError } from './invalid-record.ts'
import { MUTABLE, parseMutableKey } from './mutable-key.ts'
import { MutableValue } from './mutable-value.ts'
import type { RecordKind } from './validator.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** Bytes of an Ed25519 signature (RFC 8032, 5.1.6). */
const SIGNATURE_BYTES = 64

/**
 * Bytes that an envelope adds to its data at most: three tags, a sequence of 8 bytes
 * (as safe integers have), a length of 4, a length of 1 and the signature.
 *
 * So a node that accepts data of `n` bytes lets records of `n + MAX_MUTABLE_ENVELOPE_BYTES`
 * bytes in from the wire, and {@link mutableRecords} then counts the data exactly.
 */
export const MAX_MUTABLE_ENVELOPE_BYTES = 16 + SIGNATURE_BYTES

/** What sets our signatures apart from all others that the same key makes. */
const DOMAIN = new TextEncoder().encode('kadmium-mutable-value')

/** One version of a mutable value. */
export interface MutableVersion {
  /** The greater replaces the lesser: from 0 to `Number.MAX_SAFE_INTEGER`. */
  readonly sequence: number
  readonly data: Uint8Array
}

/** A version, and that the holder of the key wrote it. */
export interface SignedMutableVersion extends MutableVersion {
  readonly signature: Uint8Array
}

/** Its choice needs no waiting; its verdicts may. */
export interface MutableRecords extends RecordKind {
  validate (record: { readonly key: Uint8Array, readonly value: Uint8Array }, now: number): Promise<void>
  select (key: Uint8Array, values: readonly Uint8Array[]): number
}

/**
 * `/mutable/<public key>/<salt>`: only the holder of the key may write, and the greatest
 * sequence number wins (BEP 44, Mutable Items).
 *
 * The value is an envelope of the sequence number, the data and the signature. Of two
 * with the same number the one with the greater data wins, then the one with the
 * greater signature, so that all peers agree.
 *
 * @param maxValueSize - bytes of data that are accepted
 */
export function mutableRecords (maxValueSize: number): MutableRecords {
  return {
    namespace: MUTABLE,
    lasting: true,

    async validate ({ key, value }): Promise<void> {
      const version = openMutableValue(value)
      const { data } = version
      if (data.byteLength > maxValueSize) {
        throw new ValueTooLargeError(`a value of ${data.byteLength} bytes: at most ${maxValueSize} are kept`)
      }
      if (!await isSigned(key, version)) {
        throw new InvalidRecordError('the signature of a /mutable/ record is not of the public key in its key, for this salt, sequence and data')
      }
    },

    select (_key, values): number {
      const versions = values.map(value => MutableValue.decode(value))
      let best = 0
      for (let i = 1; i < versions.length; i++) {
        if (compareVersions(versions[i], versions[best]) > 0) {
          best = i
        }
      }
      return best
    }
  }
}

/**
 * The value of a `/mutable/` record: this version of it, signed.
 *
 * @param privateKey - of the public key in `key`
 * @param key - of the record, as `mutableKeyOf` makes it
 * @param version - what to write; its sequence greater than that of the version it replaces
 * @throws {RangeError} the sequence is negative or no safe integer
 * @throws {InvalidRecordError} `key` is no key of a mutable value, or of another's
 */
export async function sealMutableValue (privateKey: Ed25519PrivateKey, key: Uint8Array, version: MutableVersion): Promise<Uint8Array> {
  checkSequence(version.sequence)
  if (!parseMutableKey(key).publicKey.equals(privateKey.publicKey)) {
    throw new InvalidRecordError('the key of the /mutable/ record is of another public key: make it of the one that signs')
  }
  const signature = await privateKey.sign(signedBytes(key, version))
  return ownBytes(encode({ ...version, signature })) // it may be kept for long, and all of a pool with it
}

/**
 * What {@link sealMutableValue} put into `value`; whose signature it is stays unchecked.
 *
 * @throws {InvalidRecordError} nothing that it could have made: one version and signature have one envelope
 */
export function openMutableValue (value: Uint8Array): SignedMutableVersion {
  let opened: MutableValue
  let resealed: Uint8Array
  try {
    opened = MutableValue.decode(value)
    resealed = encode(opened)
  } catch (err) {
    throw new InvalidRecordError('the value of a /mutable/ record is no envelope', { cause: err })
  }
  if (compareBytes(value, resealed) !== 0) {
    throw new InvalidRecordError('the envelope of a /mutable/ record is not in its only form')
  }
  if (opened.signature.byteLength !== SIGNATURE_BYTES) {
    throw new InvalidRecordError(`the signature of a /mutable/ record has ${opened.signature.byteLength} bytes, not ${SIGNATURE_BYTES}`)
  }
  return opened
}

function checkSequence (sequence: number): void {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new RangeError(`${sequence} is no sequence: a whole number from 0 to ${Number.MAX_SAFE_INTEGER} is expected`)
  }
}

function encode ({ sequence, data, signature }: SignedMutableVersion): Uint8Array {
  return MutableValue.encode({ sequence, data: withArrayBuffer(data), signature: withArrayBuffer(signature) })
}

async function isSigned (key: Uint8Array, version: SignedMutableVersion): Promise<boolean> {
  const { publicKey } = parseMutableKey(key)
  try {
    return await publicKey.verify(signedBytes(key, version), version.signature)
  } catch (err) {
    // some runtimes refuse bytes that are no point of the curve only here
    throw new InvalidRecordError('the public key in a /mutable/ record is none', { cause: err })
  }
}

/**
 * The domain, the key of the record (so the public key and the salt), the sequence and
 * the data, each after its length, so that no two versions of any two values are signed
 * alike (as in libp2p's signed envelopes, RFC 0002).
 */
function signedBytes (key: Uint8Array, { sequence, data }: MutableVersion): Uint8Array {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(sequence))
  return concat([DOMAIN, key, number, data].flatMap(part => [encodeVarint(part.byteLength), part]))
}

function compareVersions (a: SignedMutableVersion, b: SignedMutableVersion): number {
  return a.sequence - b.sequence || compareBytes(a.data, b.data) || compareBytes(a.signature, b.signature)
}
