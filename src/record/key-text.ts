import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { concat } from 'uint8arrays/concat'
import { compareBytes } from './compare-bytes.ts'
import { escapeBytes, unescapeBytes } from './escape.ts'
import { multihashText, parsePeerText, parseSha256Text } from './multihash-text.ts'
import { isPeerMultihash, isSha256 } from './multihash.ts'
import { MAX_SALT_BYTES, mutableKeyOf, parseMutableKey } from './mutable-key.ts'

/** A text that begins like a record key and is none. The message shows what one looks like. */
export class InvalidKeyError extends Error {
  override name = 'InvalidKeyError'
}

/** How the keys of a namespace are written whose bytes are no text. */
interface KeyForm {
  /** What keys begin with, as bytes and as text. */
  readonly prefix: string
  /** What follows the prefix in the text of `key`; undefined if that is not well-formed. */
  format (key: Uint8Array): string | undefined
  /** The key for what follows the prefix in a text; undefined if that is not well-formed. */
  parse (rest: string): Uint8Array | undefined
  /** For errors. */
  readonly looks: string
}

const FORMS: readonly KeyForm[] = [
  multihashForm('/immutable/', isSha256, parseSha256Text, '/immutable/Qm…, where Qm… is the SHA2-256 multihash of the value in base58, or a CIDv1 of it as raw bytes'),
  {
    prefix: '/mutable/',
    format: formatMutable,
    parse: parseMutable,
    looks: `/mutable/12D3Koo…/name, where 12D3Koo… is an Ed25519 public key as a peer id, and the name has at most ${MAX_SALT_BYTES} bytes`
  },
  multihashForm('/pk/', isPeerMultihash, parsePeerText, '/pk/12D3Koo…, where 12D3Koo… is a peer id')
]

/** What the multihash of an Ed25519 public key begins with: code and size, then type and size of the key (libp2p specs, peer-ids). */
const INLINE_ED25519 = Uint8Array.of(0, 36, 8, 1, 18, 32)

/** Characters of a text that an error shows: more than any that is well-formed needs. */
const MAX_SHOWN = 200

/** What names in the open namespace begin with, as record keys. */
const OPEN_PREFIX = '/kv/'

/**
 * A record key as one line of text, which {@link parseRecordKey} turns back into the very
 * same bytes, whatever they are:
 *
 * - `/immutable/Qm…`: the multihash in base58btc
 * - `/mutable/12D3Koo…/name`: the public key as a PeerId, then the salt; without a salt it ends with the slash
 * - `/pk/12D3Koo…`: the PeerId
 * - `/kv/name` and all others: as they read
 *
 * Bytes that are no printable UTF-8 stand as `%` and two hex digits, as does a `%` before
 * two hex digits (`%25`). So does the first slash of a key that begins like one of the
 * first three and is not well-formed: `%2Fpk/…`.
 *
 * @example
 *
 * ```typescript
 * import { generateKeyPair } from '@libp2p/crypto/keys'
 * import { formatRecordKey, mutableKeyOf } from 'kadmium/engine'
 *
 * const { publicKey } = await generateKeyPair('Ed25519')
 * formatRecordKey(mutableKeyOf(publicKey, new TextEncoder().encode('profile'))) // /mutable/12D3Koo…/profile
 * ```
 */
export function formatRecordKey (key: Uint8Array): string {
  const form = FORMS.find(({ prefix }) => startsWith(key, toBytes(prefix)))
  if (form == null) {
    return escapeBytes(key)
  }
  const rest = form.format(key)
  return rest == null ? `%2F${escapeBytes(key.subarray(1))}` : `${form.prefix}${rest}`
}

/**
 * The record key that a text stands for, as {@link formatRecordKey} writes it. It also
 * reads, in `/immutable/…`, a CIDv1 of raw bytes and a multihash with a multibase prefix; a
 * PeerId as CIDv1; and `/mutable/12D3Koo…` without the last slash.
 *
 * @throws {InvalidKeyError} it begins with `/immutable/`, `/mutable/` or `/pk/`, and does not go on like that
 */
export function parseRecordKey (text: string): Uint8Array {
  const form = FORMS.find(({ prefix }) => text.startsWith(prefix))
  if (form == null) {
    return unescapeBytes(text)
  }
  const key = form.parse(text.slice(form.prefix.length))
  if (key == null) {
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
    throw new InvalidKeyError(`"${escapeBytes(toBytes(shown))}" is no record key: give one like ${form.looks}`)
  }
  return key
}

/**
 * Does `text` begin like the key of a kind of values that every node knows, so that
 * {@link parseRecordKey} is to read it? Else it is a name in the open namespace.
 */
export function isRecordKeyText (text: string): boolean {
  return FORMS.some(({ prefix }) => text.startsWith(prefix)) || text.startsWith(OPEN_PREFIX)
}

/** Keys that are a prefix and a multihash. */
function multihashForm (prefix: string, isOne: (multihash: Uint8Array) => boolean, parseText: (text: string) => Uint8Array | undefined, looks: string): KeyForm {
  return {
    prefix,
    looks,

    format (key): string | undefined {
      const multihash = key.subarray(prefix.length)
      return isOne(multihash) ? multihashText(multihash) : undefined
    },

    parse (rest): Uint8Array | undefined {
      const multihash = parseText(rest)
      return multihash == null ? undefined : concat([toBytes(prefix), multihash])
    }
  }
}

function formatMutable (key: Uint8Array): string | undefined {
  try {
    const { publicKey, salt } = parseMutableKey(key)
    return `${multihashText(publicKey.toMultihash().bytes)}/${escapeBytes(salt)}`
  } catch {
    return undefined // not well-formed
  }
}

function parseMutable (rest: string): Uint8Array | undefined {
  const [peer] = rest.split('/', 1)
  const multihash = parsePeerText(peer)
  const salt = unescapeBytes(rest.slice(peer.length + 1))
  if (multihash == null || !startsWith(multihash, INLINE_ED25519) || salt.byteLength > MAX_SALT_BYTES) {
    return undefined
  }
  const publicKey = publicKeyFromRaw(multihash.subarray(INLINE_ED25519.byteLength))
  return publicKey.type === 'Ed25519' ? mutableKeyOf(publicKey, salt) : undefined
}

function startsWith (bytes: Uint8Array, prefix: Uint8Array): boolean {
  return compareBytes(bytes.subarray(0, prefix.byteLength), prefix) === 0
}

function toBytes (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
