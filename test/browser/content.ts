import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'

/** The bytes of a text. */
export function utf8 (text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** The CID of a text. */
export async function cidOf (text: string): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(utf8(text)))
}
