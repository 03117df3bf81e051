import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { compareBytes } from './compare-bytes.ts'

/** Multihash codes, and bytes of a SHA2-256 digest (multiformats, multicodec table). */
const IDENTITY = 0x00
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** Bytes up to which a public key is its own multihash (libp2p specs, peer-ids). */
const MAX_INLINE_KEY_BYTES = 42

/** What a CIDv1 of bytes as they are begins with, and one of a public key (multiformats, CID). */
const RAW_CID = Uint8Array.of(1, 0x55)
const KEY_CID = Uint8Array.of(1, 0x72)

/** Characters of a text that can name a multihash: in hex, a CID of the longest has less. */
const MAX_CHARACTERS = 128

/** The bases that CIDs and PeerIds are written in, each with a prefix of its own. */
const BASES = [base58btc, base32, base32upper, base36, base36upper, base16, base16upper, base64url]

/** Is it the multihash of bytes hashed with SHA2-256? */
export function isSha256 (multihash: Uint8Array): boolean {
  return multihash.byteLength === 2 + DIGEST_BYTES && multihash[0] === SHA2_256 && multihash[1] === DIGEST_BYTES
}

/** Has it the form of a PeerId: a SHA2-256, or an inlined public key? */
export function isPeerMultihash (multihash: Uint8Array): boolean {
  const size = multihash.byteLength - 2
  return isSha256(multihash) || (multihash[0] === IDENTITY && multihash[1] === size && size <= MAX_INLINE_KEY_BYTES)
}

/** A multihash as text: in base58btc, without a multibase prefix, as PeerIds and CIDv0 are. */
export function multihashText (multihash: Uint8Array): string {
  return base58btc.baseEncode(multihash)
}

/**
 * The SHA2-256 multihash that `text` names: as {@link multihashText} has it, in any base
 * with its multibase prefix, or within a CIDv1 of raw bytes. A CIDv1 of anything else
 * names what its blocks mean, not these bytes.
 */
export function parseSha256Text (text: string): Uint8Array | undefined {
  const multihash = parseMultihash(text, RAW_CID)
  return multihash != null && isSha256(multihash) ? multihash : undefined
}

/** The multihash of the PeerId `text`: `12D3Koo…`, `Qm…`, or a CIDv1 of a public key. */
export function parsePeerText (text: string): Uint8Array | undefined {
  const multihash = parseMultihash(text, KEY_CID)
  return multihash != null && isPeerMultihash(multihash) ? multihash : undefined
}

function parseMultihash (text: string, cidPrefix: Uint8Array): Uint8Array | undefined {
  if (text.length > MAX_CHARACTERS) {
    return undefined
  }
  // neither 1 nor Q, with which multihashes in bare base58 begin, is the prefix of a base
  const codec = BASES.find(({ prefix }) => text.startsWith(prefix))
  try {
    const bytes = codec == null ? base58btc.baseDecode(text) : codec.decode(text)
    const isCid = compareBytes(bytes.subarray(0, cidPrefix.byteLength), cidPrefix) === 0
    return isCid ? bytes.subarray(cidPrefix.byteLength) : bytes
  } catch {
    return undefined // characters that its base does not have
  }
}
