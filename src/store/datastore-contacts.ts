import { Key } from 'interface-datastore/key'
import { getRow, putRow } from './datastore-rows.ts'
import { MAX_SAVED_CONTACTS } from './limits.ts'
import { noLog } from './log.ts'
import { DEFAULT_PREFIX } from './row-keys.ts'
import { decodePeers, encodePeers, savable } from './saved-peers.ts'
import { Turns } from './turns.ts'
import type { ContactStore } from './contact-store.ts'
import type { Log } from './log.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Datastore } from 'interface-datastore'

/** What a {@link DatastoreContactStore} is made of. */
export interface DatastoreContactStoreInit {
  /** Where the row lies. */
  readonly datastore: Datastore
  /** What the row's key begins with. Default `/dht`. */
  readonly prefix?: string | undefined
  /** Gets a line when the row cannot be read. */
  readonly log?: Log | undefined
}

/** Contacts in one row of a datastore, `<prefix>/contacts`: the first 1,000, each with the addresses that can be used. */
export class DatastoreContactStore implements ContactStore {
  readonly #datastore: Datastore
  readonly #key: Key
  readonly #log: Log
  readonly #turns = new Turns()

  constructor ({ datastore, prefix = DEFAULT_PREFIX, log = noLog }: DatastoreContactStoreInit) {
    this.#datastore = datastore
    this.#key = new Key(`${prefix}/contacts`)
    this.#log = log
  }

  async load (): Promise<PeerInfo[]> {
    try {
      const row = await getRow(this.#datastore, this.#key)
      return row == null ? [] : decodePeers(row).slice(0, MAX_SAVED_CONTACTS)
    } catch (err) {
      this.#log('the saved contacts cannot be read: %e', err)
      return []
    }
  }

  /** @throws {DatastoreError} the datastore refused them */
  async save (contacts: readonly PeerInfo[]): Promise<void> {
    const row = encodePeers(contacts.slice(0, MAX_SAVED_CONTACTS).map(savable))
    await this.#turns.take('contacts', async () => putRow(this.#datastore, this.#key, row))
  }
}
