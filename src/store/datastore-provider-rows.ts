import { LruCache } from '../cache/lru-cache.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { deleteQuietly, deleteRow, getRow, putRow } from './datastore-rows.ts'
import { decodeAddrsRow, encodeAddrsRow, encodeProviderRow } from './provider-row.ts'
import { addrsRowKey, providerRowKey } from './row-keys.ts'
import type { ProviderRows } from './indexed-providers.ts'
import type { Log } from './log.ts'
import type { KnownAddrs } from './provider-row.ts'
import type { Datastore } from 'interface-datastore'

export interface DatastoreProviderRowsInit {
  readonly datastore: Datastore
  readonly prefix: string
  /** Providers whose addresses are kept in memory too. */
  readonly cacheSize: number
  readonly log: Log
}

/** Stands for no known addresses: nobody believes any that old. */
const NONE: KnownAddrs = { time: -Infinity, addrs: [] }

/** Provider records and addresses on a datastore. */
export class DatastoreProviderRows implements ProviderRows {
  readonly #init: DatastoreProviderRowsInit
  /** {@link NONE} for who is known to have no row. */
  readonly #addrs: LruCache<KnownAddrs>

  constructor (init: DatastoreProviderRowsInit) {
    this.#init = init
    this.#addrs = new LruCache(init.cacheSize)
  }

  async put (key: Uint8Array, id: Uint8Array, added: number): Promise<void> {
    await putRow(this.#init.datastore, providerRowKey(this.#init.prefix, key, id), encodeProviderRow(added))
  }

  async delete (key: Uint8Array, id: Uint8Array): Promise<void> {
    await deleteRow(this.#init.datastore, providerRowKey(this.#init.prefix, key, id))
  }

  async getAddrs (id: Uint8Array): Promise<KnownAddrs | undefined> {
    const cached = this.#addrs.get(bytesToMapKey(id)) ?? await this.#readAddrs(id)
    return cached === NONE ? undefined : cached
  }

  async putAddrs (id: Uint8Array, known: KnownAddrs): Promise<void> {
    await putRow(this.#init.datastore, addrsRowKey(this.#init.prefix, id), encodeAddrsRow(known.time, { id, addrs: known.addrs }))
    this.#addrs.set(bytesToMapKey(id), known)
  }

  async deleteAddrs (id: Uint8Array): Promise<void> {
    await deleteRow(this.#init.datastore, addrsRowKey(this.#init.prefix, id))
    this.#addrs.set(bytesToMapKey(id), NONE)
  }

  async #readAddrs (id: Uint8Array): Promise<KnownAddrs> {
    const read = await this.#decodeRow(id)
    // what was written while we read is newer
    const known = this.#addrs.get(bytesToMapKey(id)) ?? read
    this.#addrs.set(bytesToMapKey(id), known)
    return known
  }

  async #decodeRow (id: Uint8Array): Promise<KnownAddrs> {
    const { datastore, prefix, log } = this.#init
    const key = addrsRowKey(prefix, id)
    const row = await getRow(datastore, key)
    try {
      return row == null ? NONE : decodeAddrsRow(row, id)
    } catch (err) {
      log('dropping the corrupt row %s: %e', key, err)
      await deleteQuietly(datastore, [key], log)
      return NONE
    }
  }
}
