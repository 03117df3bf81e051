import { bytesToMapKey } from '../keyspace/key.ts'
import { DatastoreProviderRows } from './datastore-provider-rows.ts'
import { StoreNotOpenError } from './errors.ts'
import { IndexedProviderStore } from './indexed-providers.ts'
import { PROVIDER_CACHE_SIZE } from './limits.ts'
import { deleteUselessAddrs, loadProviders } from './load-providers.ts'
import { noLog } from './log.ts'
import { ProviderIndex } from './provider-index.ts'
import { DEFAULT_PREFIX } from './row-keys.ts'
import type { ProviderStoreOptions } from './indexed-providers.ts'
import type { ProviderLimits } from './provider-index.ts'
import type { ProvidedKey, ProviderCounts, ProviderStore } from './provider-store.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Datastore } from 'interface-datastore'

/** What a {@link DatastoreProviderStore} is made of. */
export interface DatastoreProviderStoreInit extends ProviderStoreOptions {
  /** Where the rows lie. Nobody else may write provider records to it while the store is open. */
  readonly datastore: Datastore
  /** What the rows' keys begin with. Default `/dht`. */
  readonly prefix?: string | undefined
  /** The source of time. */
  readonly clock: Clock
  /** Our own id: what we provide ourselves is never dropped. */
  readonly self: Uint8Array
  /** Providers whose addresses are kept in memory too. Default 4,096. */
  readonly cacheSize?: number | undefined
  /** How many records there may be. */
  readonly limits?: ProviderLimits | undefined
}

/**
 * Provider records on a datastore, in rows that `@libp2p/kad-dht` 16 reads and whose own
 * it reads; providers' addresses beside them, in rows of their own.
 *
 * @example
 *
 * ```typescript
 * import { MemoryDatastore } from 'datastore-core'
 * import { DatastoreProviderStore, systemClock } from 'kadmium/engine'
 *
 * const self = new Uint8Array(34) // the multihash of our PeerId
 * const providers = new DatastoreProviderStore({ datastore: new MemoryDatastore(), clock: systemClock, self })
 * await providers.open()
 * ```
 */
export class DatastoreProviderStore implements ProviderStore {
  readonly #init: DatastoreProviderStoreInit
  #opening: Promise<void> | undefined
  #store: IndexedProviderStore | undefined

  constructor (init: DatastoreProviderStoreInit) {
    this.#init = init
  }

  get counts (): ProviderCounts | undefined {
    return this.#store?.counts
  }

  /**
   * Read what is there, once: everything else waits for this. Rows that cannot be read,
   * those over the limits and addresses of who provides nothing are deleted.
   *
   * @throws {DatastoreError} the rows cannot be listed; it may be called again
   * @throws {RangeError} a limit is neither a whole number from 0 nor Infinity
   */
  async open (): Promise<void> {
    this.#opening ??= this.#load().catch(err => {
      this.#opening = undefined
      throw err
    })
    await this.#opening
  }

  /**
   * Remember that `provider` provides the multihash `key`, from now on or from `since` on (whole milliseconds since the Unix epoch). Resolves once the datastore has it.
   *
   * @throws {DatastoreError} the datastore refused it; what was there before still is
   */
  async add (key: Uint8Array, provider: PeerInfo, since?: number): Promise<void> {
    await this.#opened().add(key, provider, since)
  }

  async get (key: Uint8Array): Promise<PeerInfo[]> {
    return this.#opened().get(key)
  }

  /** @throws {DatastoreError} it is still there */
  async remove (key: Uint8Array, id: Uint8Array): Promise<void> {
    await this.#opened().remove(key, id)
  }

  providedBy (id: Uint8Array): Iterable<ProvidedKey> {
    return this.#opened().providedBy(id)
  }

  async collect (): Promise<number> {
    return this.#opened().collect()
  }

  async #load (): Promise<void> {
    const { prefix = DEFAULT_PREFIX, cacheSize = PROVIDER_CACHE_SIZE, log = noLog, self, limits } = this.#init
    const tally = { expired: 0, corrupt: 0 }
    const source = { ...this.#init, prefix, log, tally }
    const index = new ProviderIndex(bytesToMapKey(self), limits)
    const displaced = await loadProviders(index, source)
    const store = new IndexedProviderStore({ ...this.#init, rows: new DatastoreProviderRows({ ...source, cacheSize }), index, tally })
    await store.deleteDisplaced(displaced)
    await deleteUselessAddrs(index, source)
    this.#store = store
  }

  #opened (): IndexedProviderStore {
    if (this.#store == null) {
      throw new StoreNotOpenError('the provider store is not open: await store.open() first')
    }
    return this.#store
  }
}
