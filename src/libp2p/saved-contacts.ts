import { taggedPeers } from './contact-tags.ts'
import type { TaggedPeersInit } from './contact-tags.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { ContactStore } from '../store/contact-store.ts'

/**
 * The contacts that `store` keeps; if it has none, those that the other implementation
 * left in the peer store, tagged, when it ran here before.
 */
export class SavedContacts implements ContactStore {
  readonly #store: ContactStore
  readonly #tagged: TaggedPeersInit

  constructor (store: ContactStore, tagged: TaggedPeersInit) {
    this.#store = store
    this.#tagged = tagged
  }

  async load (): Promise<PeerInfo[]> {
    const saved = await this.#store.load()
    return saved.length > 0 ? saved : this.#loadTagged()
  }

  async save (contacts: readonly PeerInfo[]): Promise<void> {
    await this.#store.save(contacts)
  }

  async #loadTagged (): Promise<PeerInfo[]> {
    const peers = await taggedPeers(this.#tagged)
    return peers.map(({ id, addresses }) => ({
      id: id.toMultihash().bytes,
      addrs: addresses.map(({ multiaddr }) => multiaddr.bytes)
    }))
  }
}
