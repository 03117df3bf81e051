import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { compareBytes } from './compare-bytes.ts'
import { isPeerMultihash, isSha256 } from './multihash.ts'

/** What a CIDv1 of bytes as they are begins with, and one of a public key (multiformats, CID). */
const RAW_CID = Uint8Array.of(1, 0x55)
const KEY_CID = Uint8Array.of(1, 0x72)

/** Characters of a text that can name a multihash: in hex, a CID of the longest has less. */
const MAX_CHARACTERS = 128

/** The bases that CIDs and PeerIds are written in, each with a prefix of its own. */
const BASES = [base58btc, base32, base32upper, base36, base36upper, base16, base16upper, base64url]

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
