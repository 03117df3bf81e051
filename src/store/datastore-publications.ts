import { getRow, deleteRow, putRow, readRows } from './datastore-rows.ts'
import { StoreNotOpenError } from './errors.ts'
import { IndexedPublicationStore } from './indexed-publications.ts'
import { noLog } from './log.ts'
import { DEFAULT_PREFIX, parseValueRow, publicationRowKey } from './row-keys.ts'
import { decodeValueRow, encodeValueRow, TOLD } from './value-row.ts'
import type { PublicationRows } from './indexed-publications.ts'
import type { Log } from './log.ts'
import type { Publication, PublicationStore, PublicationTimes } from './publication-store.ts'
import type { Datastore } from 'interface-datastore'

/** What a {@link DatastorePublicationStore} is made of. */
export interface DatastorePublicationStoreInit {
  /** Where the rows lie. Nobody else may write publications to it while the store is open. */
  readonly datastore: Datastore
  /** What the rows' keys begin with. Default `/dht`. */
  readonly prefix?: string | undefined
  /** Gets a line for every row that is dropped because it cannot be read. */
  readonly log?: Log | undefined
}

/**
 * The publisher's list on a datastore: values with their life, in rows of the form that values
 * have, at `<prefix>/published/<key>`. It comes back after a restart.
 *
 * @example
 *
 * ```typescript
 * import { MemoryDatastore } from 'datastore-core'
 * import { DatastorePublicationStore } from 'kadmium/engine'
 *
 * const publications = new DatastorePublicationStore({ datastore: new MemoryDatastore() })
 * await publications.open()
 * ```
 */
export class DatastorePublicationStore implements PublicationStore {
  readonly #init: DatastorePublicationStoreInit
  #opening: Promise<void> | undefined
  #store: IndexedPublicationStore | undefined

  constructor (init: DatastorePublicationStoreInit) {
    this.#init = init
  }

  /**
   * Read what is there, once: everything else waits for this. Rows that cannot be read are deleted.
   *
   * @throws {DatastoreError} the rows cannot be listed; it may be called again
   */
  async open (): Promise<void> {
    this.#opening ??= this.#load().catch(err => {
      this.#opening = undefined
      throw err
    })
    await this.#opening
  }

  /** @throws {DatastoreError} the row cannot be read */
  async get (key: Uint8Array): Promise<Publication | undefined> {
    return this.#opened().get(key)
  }

  /**
   * Resolves once the datastore has it.
   *
   * @throws {DatastoreError} the datastore refused it; what was there before still is
   */
  async put (publication: Publication): Promise<void> {
    await this.#opened().put(publication)
  }

  /** @throws {DatastoreError} it is still there */
  async delete (key: Uint8Array): Promise<void> {
    await this.#opened().delete(key)
  }

  times (): Iterable<PublicationTimes> {
    return this.#opened().times()
  }

  async #load (): Promise<void> {
    const { datastore, prefix = DEFAULT_PREFIX, log = noLog } = this.#init
    const times: PublicationTimes[] = []
    await readRows(datastore, `${prefix}/published`, log, ({ name, value }) => {
      const { key, published, life } = decode(value, parseValueRow(name))
      times.push({ key, published, life })
    })
    this.#store = new IndexedPublicationStore(publicationRows(datastore, prefix), times, log)
  }

  #opened (): IndexedPublicationStore {
    if (this.#store == null) {
      throw new StoreNotOpenError('the publication store is not open: await store.open() first')
    }
    return this.#store
  }
}

function publicationRows (datastore: Datastore, prefix: string): PublicationRows {
  return {
    async get (key) {
      const row = await getRow(datastore, publicationRowKey(prefix, key))
      return row == null ? undefined : decode(row, key)
    },
    async put ({ key, value, published, life }) {
      const row = encodeValueRow({ key, value, timeReceived: published, expires: published + life }, TOLD)
      await putRow(datastore, publicationRowKey(prefix, key), row)
    },
    async delete (key) {
      await deleteRow(datastore, publicationRowKey(prefix, key))
    }
  }
}

function decode (row: Uint8Array, key: Uint8Array): Publication {
  const { value, timeReceived: published, expires } = decodeValueRow(row, key, TOLD)
  return { key, value, published, life: Math.max(0, expires - published) }
}
