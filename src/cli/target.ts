import { peerIdFromString } from '@libp2p/peer-id'
import { formatRecordKey } from '../record/key-text.ts'
import { UsageError } from './errors.ts'
import { parseKey } from './record-key.ts'

/** What to look for: its SHA-256 is the point of the keyspace. */
export interface Target {
  readonly bytes: Uint8Array
  /** For people. */
  readonly name: string
}

/**
 * A PeerId is that peer; anything else is the key of a value, as `put` and `get` take it.
 *
 * @throws {InvalidKeyError} it begins like a record key, and is none
 * @throws {UsageError} it is 64 hex digits: requests carry what is hashed, not the hash
 */
export function parseTarget (text: string): Target {
  const peer = peerIdBytes(text)
  if (peer != null) {
    return { bytes: peer, name: `the peer ${text}` }
  }
  if (text === '') {
    throw new UsageError('nothing to look for: give a peer id, or the key of a value')
  }
  if (/^[0-9a-f]{64}$/i.test(text)) {
    throw new UsageError('requests carry what is hashed, not the 64 hex digits of its hash: give a peer id (12D3Koo…) or the key of a value')
  }
  const key = parseKey(text)
  const bytes = typeof key === 'string' ? new TextEncoder().encode(`/kv/${key}`) : key
  return { bytes, name: formatRecordKey(bytes) }
}

function peerIdBytes (text: string): Uint8Array | undefined {
  try {
    return peerIdFromString(text).toMultihash().bytes
  } catch {
    return undefined // no PeerId
  }
}
