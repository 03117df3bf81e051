import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError } from './invalid-record.ts'
import type { Ed25519PublicKey } from '@libp2p/interface'

/** The namespace of values that the holder of a key may replace. */
export const MUTABLE = 'mutable'

/** Bytes of a salt at the most (BEP 44, Mutable Items). */
export const MAX_SALT_BYTES = 64

const PREFIX = new TextEncoder().encode(`/${MUTABLE}/`)
const SLASH = 0x2f

/** Bytes of an Ed25519 public key (RFC 8032, 5.1.5). */
const PUBLIC_KEY_BYTES = 32

/** Where the salt begins. */
const SALT_OFFSET = PREFIX.byteLength + PUBLIC_KEY_BYTES + 1

/** What the key of a mutable value says: who may write it, and which of their values it is. */
export interface MutableKey {
  readonly publicKey: Ed25519PublicKey
  /** Any bytes, up to 64. */
  readonly salt: Uint8Array
}

/**
 * The key of a value that the holder of `publicKey` may replace: `/mutable/`, the 32
 * bytes of the key, `/`, and all that follows is the salt, slashes or not.
 *
 * @param publicKey - of whoever writes the value
 * @param salt - tells their values apart: text, as UTF-8, or any bytes; by default none
 * @throws {RangeError} no Ed25519 public key, or a salt of more than 64 bytes
 */
export function mutableKeyOf (publicKey: Ed25519PublicKey, salt: string | Uint8Array = ''): Uint8Array {
  if (publicKey.raw.byteLength !== PUBLIC_KEY_BYTES) {
    throw new RangeError(`a public key of ${publicKey.raw.byteLength} bytes: mutable values need an Ed25519 key, of ${PUBLIC_KEY_BYTES}`)
  }
  const bytes = typeof salt === 'string' ? new TextEncoder().encode(salt) : salt
  if (!(bytes.byteLength <= MAX_SALT_BYTES)) { // nor what has no bytes
    throw new RangeError(`a salt of ${bytes.byteLength} bytes, at most ${MAX_SALT_BYTES} are allowed: put its hash in its place`)
  }
  return Uint8Array.of(...PREFIX, ...publicKey.raw, SLASH, ...bytes)
}

/**
 * What {@link mutableKeyOf} put into `key`.
 *
 * @throws {InvalidRecordError} nothing that it could have made
 */
export function parseMutableKey (key: Uint8Array): MutableKey {
  const isMutable = compareBytes(key.subarray(0, PREFIX.byteLength), PREFIX) === 0
  if (!isMutable || key[SALT_OFFSET - 1] !== SLASH || key.byteLength > SALT_OFFSET + MAX_SALT_BYTES) {
    throw new InvalidRecordError(`the key of a /mutable/ record must be /mutable/, an Ed25519 public key in ${PUBLIC_KEY_BYTES} bytes, / and up to ${MAX_SALT_BYTES} bytes of salt`)
  }
  return { publicKey: ed25519Of(key.subarray(PREFIX.byteLength, SALT_OFFSET - 1)), salt: key.slice(SALT_OFFSET) }
}

function ed25519Of (raw: Uint8Array): Ed25519PublicKey {
  const publicKey = publicKeyFromRaw(raw)
  if (publicKey.type !== 'Ed25519') {
    throw new InvalidRecordError(`the public key in a /mutable/ record is ${publicKey.type}, not Ed25519`)
  }
  return publicKey
}
