import type { PeerInfo } from '../keyspace/contact.ts'
import type { ValueRecord } from '../record/record.ts'

/** What one peer asks of another. Decoding yields only legal ones: handlers never check again. */
export type Request =
  /** Are you there? (deprecated on libp2p networks) */
  | { readonly type: 'ping' }
  /** Who is closest to SHA-256 of `target`, any non-empty byte string? */
  | { readonly type: 'find-node', readonly target: Uint8Array }
  /** What is at `key` (`/<namespace>/…`), and who is closest to it? */
  | { readonly type: 'get-value', readonly key: Uint8Array }
  /** Keep this record. */
  | { readonly type: 'put-value', readonly record: ValueRecord }
  /** Who provides `key`, a multihash of at most 80 bytes, and who is closest to it? */
  | { readonly type: 'get-providers', readonly key: Uint8Array }
  /** `providers` provide `key`. Never answered. */
  | { readonly type: 'add-provider', readonly key: Uint8Array, readonly providers: readonly PeerInfo[] }

/** The answer to a request of the same `type`. */
export type Response =
  | { readonly type: 'ping' }
  | { readonly type: 'find-node', readonly closer: readonly PeerInfo[] }
  | { readonly type: 'get-value', readonly key: Uint8Array, readonly record?: ValueRecord | undefined, readonly closer: readonly PeerInfo[] }
  | { readonly type: 'put-value', readonly record: ValueRecord }
  | { readonly type: 'get-providers', readonly key: Uint8Array, readonly providers: readonly PeerInfo[], readonly closer: readonly PeerInfo[] }

/** The response that answers a request of type `T`. */
export type ResponseTo<T extends Request['type']> = Extract<Response, { type: T }>
