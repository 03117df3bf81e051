import { taggedPeers } from './contact-tags.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { ContactStore } from '../store/contact-store.ts'
import type { PeerStore } from '@libp2p/interface'

/**
 * The contacts that `store` keeps; if it has none, those that the other implementation
 * left in the peer store, tagged, when it ran here before.
 */
export class SavedContacts implements ContactStore {
  readonly #store: ContactStore
  readonly #peerStore: Pick<PeerStore, 'all'>

  constructor (store: ContactStore, peerStore: Pick<PeerStore, 'all'>) {
    this.#store = store
    this.#peerStore = peerStore
  }

  async load (): Promise<PeerInfo[]> {
    const saved = await this.#store.load()
    return saved.length > 0 ? saved : this.#tagged()
  }

  async save (contacts: readonly PeerInfo[]): Promise<void> {
    await this.#store.save(contacts)
  }

  async #tagged (): Promise<PeerInfo[]> {
    const peers = await taggedPeers(this.#peerStore)
    return peers.map(({ id, addresses }) => ({
      id: id.toMultihash().bytes,
      addrs: addresses.map(({ multiaddr }) => multiaddr.bytes)
    }))
  }
}
