import { peerIdFromString } from '@libp2p/peer-id'
import { namespaceOf } from '../record/namespace.ts'
import { UsageError } from './errors.ts'

/** What to look for: its SHA-256 is the point of the keyspace. */
export interface Target {
  readonly bytes: Uint8Array
  /** For people. */
  readonly name: string
}

/** Namespaces that a node of the command line knows beside the open one. */
const KNOWN = ['kv', 'pk']

/**
 * A PeerId is that peer; anything else is the key of a value, as `put` and `get` take it.
 *
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
  const bytes = new TextEncoder().encode(text)
  const namespace = namespaceOf(bytes)
  const isWhole = namespace != null && KNOWN.includes(namespace)
  return { bytes: isWhole ? bytes : new TextEncoder().encode(`/kv/${text}`), name: isWhole ? text : `/kv/${text}` }
}

function peerIdBytes (text: string): Uint8Array | undefined {
  try {
    return peerIdFromString(text).toMultihash().bytes
  } catch {
    return undefined // no PeerId
  }
}
