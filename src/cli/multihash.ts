import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { fromString } from 'uint8arrays/from-string'
import { UsageError } from './errors.ts'

/** For `--help`. */
export const CID_HELP = 'what it is about: a CID (Qm…, bafy…), or the SHA-256 of the content as 64 hex digits'

/** What providers are asked about. */
export interface Content {
  /** Providers are kept by it. */
  readonly multihash: Uint8Array
  /** As it was given. */
  readonly name: string
}

/**
 * What a CID names, or a SHA-256: all CIDs of one hash are one to a DHT.
 *
 * @throws {UsageError} it is neither
 */
export function parseContent (text: string): Content {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return { multihash: Digest.create(sha256.code, fromString(text.toLowerCase(), 'hex')).bytes, name: text }
  }
  try {
    return { multihash: CID.parse(text).multihash.bytes, name: text }
  } catch (cause) {
    throw new UsageError(`${JSON.stringify(text)} is no CID: give one like Qm… or bafy…, or the 64 hex digits that sha256sum prints`, { cause })
  }
}
