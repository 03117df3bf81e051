import type { PeerInfo } from '../keyspace/contact.ts'

/** Where the contacts of the routing table lie while the node does not run. */
export interface ContactStore {
  /** What was saved last; nothing if nothing was, or if it cannot be read. */
  load (): Promise<PeerInfo[]>
  /** Keep these, most useful first, in place of what was saved before. */
  save (contacts: readonly PeerInfo[]): Promise<void>
}
