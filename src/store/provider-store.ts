import type { PeerInfo } from '../keyspace/contact.ts'

/** Who provides what. Rows past their life are never returned. */
export interface ProviderStore {
  /** Remember that `provider` provides the multihash `key`, from now on for the record's life. */
  add (key: Uint8Array, provider: PeerInfo): Promise<void>
  /** The live providers of `key`, latest first. */
  get (key: Uint8Array): Promise<PeerInfo[]>
}
