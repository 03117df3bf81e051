import type { PeerInfo } from '../keyspace/contact.ts'

/** A multihash that somebody provides. */
export interface ProvidedKey {
  /** The multihash. */
  readonly key: Uint8Array
  /** When the record was written last: milliseconds since the Unix epoch. */
  readonly added: number
}

/** How much a provider store holds, and what has become of the rest since it was made. */
export interface ProviderCounts {
  /** Records of others; those past their life are among them until they are collected. */
  readonly rows: number
  /** Our own records, which nothing limits. */
  readonly own: number
  /** Multihashes that others provide. */
  readonly keys: number
  /** Others who provide something. */
  readonly providers: number
  /** Records that gave way: there were too many, or of too many multihashes, or of their multihash, or of their provider. */
  readonly evicted: { readonly rows: number, readonly keys: number, readonly perKey: number, readonly perPeer: number }
  /** Records that were collected past their life. */
  readonly expired: number
  /** Rows that were dropped because they cannot be read. */
  readonly corrupt: number
}

/** Who provides what. */
export interface ProviderStore {
  /** Absent in stores that do not count, and in one on a datastore before it is open. Cheap to read. */
  readonly counts?: ProviderCounts | undefined

  /**
   * Remember that `provider` provides the multihash `key`, for the record's life from now
   * on, or from `since` on: whole milliseconds since the Unix epoch. Without addresses that can be used, those known before are kept.
   */
  add (key: Uint8Array, provider: PeerInfo, since?: number): Promise<void>
  /** The live providers of `key`, latest first; without addresses when those known are too old, or none are. */
  get (key: Uint8Array): Promise<PeerInfo[]>
  /** Forget that the peer `id` provides `key`. Harmless if it does not. */
  remove (key: Uint8Array, id: Uint8Array): Promise<void>
  /**
   * What the peer `id` provides, in no given order. Rows past their life are among them:
   * a publisher's own list outlives its downtime.
   */
  providedBy (id: Uint8Array): Iterable<ProvidedKey> | AsyncIterable<ProvidedKey>
  /**
   * Drop the rows past their life, but for those of this node itself.
   *
   * @returns how many
   */
  collect (): Promise<number>
}
