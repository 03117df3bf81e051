import type { QueryEvent } from './events.ts'
import type { SelectFn, ValidateFn } from './init.ts'
import type { AbortOptions, PeerId, RoutingOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What can be said of the routing table. */
export interface RoutingTable {
  /** Contacts in it. */
  size: number
}

/** How to set a mode. */
export interface SetModeOptions extends AbortOptions {
  /** Set the mode even if it is set already. */
  force?: boolean | undefined
}

/** What a query for a value takes. */
export interface GetValueOptions extends RoutingOptions {
  /** Stop after so many values. Default 0: ask all of the k closest, which finds the best there is. Kubo uses 16. */
  quorum?: number | undefined
}

/** What a query for providers takes. */
export interface FindProvidersOptions extends RoutingOptions {
  /** Stop after so many providers. Default: `k`; 0: ask all of the k closest. */
  limit?: number | undefined
}

/**
 * The service. Queries are sequences of events; leaving the loop ends the query, and so does
 * the stop of the node, without an error. They take `{ signal, onProgress, useCache, useNetwork }`.
 */
export interface KadDHT {
  /** Contacts in a bucket, peers that a lookup is for, peers that keep a value. */
  readonly k: number

  /** Requests that a query has in flight. */
  readonly a: number

  /** Paths that share them. */
  readonly d: number

  /** By namespace: which values are valid. May be added to at any time. */
  readonly validators: Record<string, ValidateFn>

  /** By namespace: which of several values is the best. May be added to at any time. */
  readonly selectors: Record<string, SelectFn>

  /**
   * The value at `key`: one VALUE event with the best, at the end; none if nobody has one. Those
   * before it are given to `onProgress`. Peers that were behind are corrected afterwards.
   *
   * @throws {InvalidOptionError} the key is not `/<namespace>/<rest>`, or has more than 4,096 bytes
   */
  get(key: Uint8Array, options?: GetValueOptions): AsyncIterable<QueryEvent>

  /**
   * The providers of a CID (of its multihash), in PROVIDER events as they come in. None of one
   * whose multihash has more than 80 bytes, as that of a CID with its data inside may: peers keep no such records.
   */
  findProviders(key: CID, options?: FindProvidersOptions): AsyncIterable<QueryEvent>

  /**
   * Where a peer is: one FINAL_PEER event.
   *
   * @throws {NotFoundError} nobody who answered knows, or the node was stopped
   */
  findPeer(id: PeerId, options?: RoutingOptions): AsyncIterable<QueryEvent>

  /**
   * The k peers closest to SHA-256 of `key`, in FINAL_PEER events at the end, closest first.
   *
   * @throws {InvalidOptionError} the key is empty, or has more than 15 KiB
   */
  getClosestPeers(key: Uint8Array, options?: RoutingOptions): AsyncIterable<QueryEvent>

  /**
   * Tell the k closest peers that we provide a CID, now and again before they forget.
   *
   * @throws {InvalidOptionError} its multihash has more than 80 bytes
   */
  provide(key: CID, options?: RoutingOptions): AsyncIterable<QueryEvent>

  /** Provide a CID no longer, also from the next start on: those that were told forget it when its life is over. */
  cancelReprovide(key: CID, options?: AbortOptions): Promise<void>

  /**
   * Keep a value here and at the k closest peers. One whose namespace has no validator here is not kept here, and sent
   * unchecked: those who have one judge it.
   *
   * @throws {InvalidOptionError} the key is empty, or has more than 4,096 bytes
   * @throws {InvalidRecordError} its namespace refuses it, or it has none: keys are `/<namespace>/<rest>`
   * @throws {OutdatedRecordError} a better one is kept here
   * @throws {ValueTooLargeError} it has more than `maxValueSize` bytes
   */
  put(key: Uint8Array, value: Uint8Array, options?: RoutingOptions): AsyncIterable<QueryEvent>

  /** Do we answer requests? */
  getMode(): 'client' | 'server'

  /** Answer requests (`server`) or only ask. */
  setMode(mode: 'client' | 'server', options?: SetModeOptions): Promise<void>

  /** Look up ourselves and a key in every bucket. Resolves when that is done. */
  refreshRoutingTable(options?: AbortOptions): Promise<void>
}

/** A {@link KadDHT} of one network. */
export interface SingleKadDHT extends KadDHT {
  /** The peers known that serve the DHT. */
  routingTable: RoutingTable
}

/** What `kadDHT` makes: a {@link SingleKadDHT}, and what the other implementation has not. */
export interface PublishingKadDHT extends SingleKadDHT {
  /** Keep the value at `key` alive no longer: it is there until its life is over. Returns whether `republish` kept it alive. */
  unpublish(key: Uint8Array): Promise<boolean>
}
