import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'
import type { LookupEnd } from '../lookup/lookup.ts'
import type { Request, Response, ResponseTo } from '../wire/rpc.ts'

/**
 * What happens while an operation runs, in the order it happens. Passed to the
 * operation's `onProgress`; not even built when nobody listens.
 */
export type DhtEvent =
  /** A request goes out; where some are silent, a lookup asks a few peers twice. `hop`: 1 for a peer we knew, one more than the peer that named it otherwise. */
  | { readonly type: 'asking', readonly peer: PeerInfo, readonly request: Request['type'], readonly hop: number }
  /** It was answered, after `ms` milliseconds. */
  | { readonly type: 'answered', readonly peer: PeerInfo, readonly request: Request['type'], readonly ms: number, readonly response: Response }
  /** It failed, or the operation goes on without it: a lookup still takes an answer that comes before its end. */
  | { readonly type: 'failed', readonly peer: PeerInfo, readonly request: Request['type'], readonly error: Error }
  /** A value came in; `best`: it is better than all before; `agreeing`: so many have the best by now. `peer` is undefined when it lay in our own store. */
  | { readonly type: 'value', readonly peer: PeerInfo | undefined, readonly value: Uint8Array, readonly best: boolean, readonly agreeing: number }
  /** A peer gave a value that its namespace refuses; it counts as none. */
  | { readonly type: 'invalid-value', readonly peer: PeerInfo, readonly error: Error }
  /** Providers came in that were not known before. `peer` is undefined when we knew them ourselves. */
  | { readonly type: 'providers', readonly peer: PeerInfo | undefined, readonly providers: readonly PeerInfo[] }
  /** The lookup is over: `closest` are the at most k closest peers that answered, closest first. */
  | { readonly type: 'closest', readonly closest: readonly Contact[], readonly reason: OperationEnd }
  /** A peer keeps the value, and `response` has the record as it repeats it, unless `answered` told that before; or it was told the provider record. */
  | { readonly type: 'stored', readonly peer: PeerInfo, readonly request: 'put-value' | 'add-provider', readonly response?: ResponseTo<'put-value'> | undefined }
  /** A bootstrap address answered. */
  | { readonly type: 'bootstrapped', readonly addr: Uint8Array, readonly peer: PeerInfo }
  /** A bootstrap address did not answer. */
  | { readonly type: 'bootstrap-failed', readonly addr: Uint8Array, readonly error: Error }
  /** The part of the keyspace around `key` was looked up to fill the routing table. */
  | { readonly type: 'refreshed', readonly key: Key, readonly contacts: number }

/** Why an operation's lookup ended; `deadline`: the time was up, and what it has is partial. */
export type OperationEnd = LookupEnd | 'deadline'

/** Given events as they happen. An error it throws fails the operation. */
export type OnProgress = (event: DhtEvent) => void

/** What every operation takes. */
export interface OperationOptions {
  /** Abort the operation: it rejects with the signal's reason, what is in flight is given up. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds after which the operation ends with what it has: a number from 0, or `Infinity`. Default: the operation's own.
   * It bounds what others take; a kind of values or a store of the program's own that is slow is waited for, until `signal` is aborted.
   */
  readonly timeout?: number | undefined
  /** Told what happens while it happens. */
  readonly onProgress?: OnProgress | undefined
}
