import { deleteRow, getRow, hasRow, putRow, readRows } from './datastore-rows.ts'
import { StoreNotOpenError } from './errors.ts'
import { IndexedValueStore, roomOf } from './indexed-values.ts'
import { noLog } from './log.ts'
import { DEFAULT_PREFIX, parseValueRow, valueRowKey } from './row-keys.ts'
import { tallied } from './row-tally.ts'
import { ValueIndex } from './value-index.ts'
import { decodeValueRow, encodeValueRow, readExpires, TOLD } from './value-row.ts'
import type { ValueRows } from './indexed-values.ts'
import type { Log } from './log.ts'
import type { ValueLimits } from './value-index.ts'
import type { PutValueOptions, StoredValue, ValueCounts, ValueLife, ValueStore } from './value-store.ts'
import type { Clock } from '../clock/clock.ts'
import type { Datastore } from 'interface-datastore'

/** Stands for the peers that gave us values in earlier runs: the rows of these tell how long they live. */
const EARLIER = ''

/** What a {@link DatastoreValueStore} is made of. */
export interface DatastoreValueStoreInit {
  /** Where the rows lie. Nobody else may write values to it while the store is open, unless it is `shared`. */
  readonly datastore: Datastore
  /** What the rows' keys begin with. Default `/dht`. */
  readonly prefix?: string | undefined
  /** The source of time. */
  readonly clock: Clock
  /** Milliseconds that a value lives, from when it was received, whose row does not tell: all that `@libp2p/kad-dht` wrote. */
  readonly ttl: number
  /** How many values, and bytes, there may be. */
  readonly limits?: ValueLimits | undefined
  /**
   * May others write values too, as Helia's IPNS does? Then a value that is not known costs a read, and only the rows of values
   * that peers gave us are deleted when their lives are over: others stay, unserved, for whoever wrote them. Default false.
   */
  readonly shared?: boolean | undefined
  /** Gets a line for every row that is dropped because it cannot be read. */
  readonly log?: Log | undefined
}

/**
 * Values on a datastore, in rows that `@libp2p/kad-dht` 16 reads and whose own it reads.
 * An index in memory knows which are there and when they expire.
 *
 * More values than the limits allow may be there when it is opened; they stay, and none
 * is added before enough have expired. They count against no peer.
 *
 * @example
 *
 * ```typescript
 * import { MemoryDatastore } from 'datastore-core'
 * import { DatastoreValueStore, systemClock } from 'kadmium/engine'
 *
 * const values = new DatastoreValueStore({ datastore: new MemoryDatastore(), clock: systemClock, ttl: 48 * 3_600_000 })
 * await values.open()
 * ```
 */
export class DatastoreValueStore implements ValueStore {
  readonly #init: DatastoreValueStoreInit
  #opening: Promise<void> | undefined
  #store: IndexedValueStore | undefined

  constructor (init: DatastoreValueStoreInit) {
    this.#init = init
  }

  get counts (): ValueCounts | undefined {
    return this.#store?.counts
  }

  /**
   * Read what is there, once: everything else waits for this. Rows that cannot be read are deleted.
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

  /** @throws {DatastoreError} the row cannot be read */
  async get (key: Uint8Array): Promise<StoredValue | undefined> {
    return this.#opened().get(key)
  }

  /**
   * Write a record, replacing the one at its key. Resolves once the datastore has it.
   *
   * @throws {StoreFullError} its limits leave no room
   * @throws {DatastoreError} the datastore refused it; what was there before still is
   */
  async put (value: StoredValue, options?: PutValueOptions): Promise<void> {
    await this.#opened().put(value, options)
  }

  /**
   * Forget the value at `key`. Harmless if there is none.
   *
   * @throws {DatastoreError} it is still there
   */
  async delete (key: Uint8Array): Promise<void> {
    await this.#opened().delete(key)
  }

  values (): AsyncIterable<StoredValue> {
    return this.#opened().values()
  }

  lives (): Iterable<ValueLife> {
    return this.#opened().lives()
  }

  /**
   * Drop the values that have expired. Those that the datastore does not let go of are
   * dropped the next time.
   *
   * @returns how many
   */
  async collect (): Promise<number> {
    return this.#opened().collect()
  }

  async #load (): Promise<void> {
    const { datastore, prefix = DEFAULT_PREFIX, clock, ttl, limits, log = noLog, shared } = this.#init
    const index = new ValueIndex(limits)
    const tally = { expired: 0, corrupt: 0 }
    await readRows(datastore, `${prefix}/record`, log, tallied(tally, ({ name, value: row }) => {
      const value = decodeValueRow(row, parseValueRow(name), ttl)
      index.set({ ...roomOf(value), from: readExpires(row) == null ? undefined : EARLIER }, value.expires)
    }))
    this.#store = new IndexedValueStore({ clock, rows: valueRows(datastore, prefix, ttl), index, log, shared, tally })
  }

  #opened (): IndexedValueStore {
    if (this.#store == null) {
      throw new StoreNotOpenError('the value store is not open: await store.open() first')
    }
    return this.#store
  }
}

function valueRows (datastore: Datastore, prefix: string, ttl: number): ValueRows {
  return {
    async get (key) {
      const row = await getRow(datastore, valueRowKey(prefix, key))
      return row == null ? undefined : decodeValueRow(row, key, ttl)
    },
    async has (key) {
      return hasRow(datastore, valueRowKey(prefix, key))
    },
    async put (value, isOfPeer) {
      await putRow(datastore, valueRowKey(prefix, value.key), encodeValueRow(value, isOfPeer ? TOLD : ttl))
    },
    async delete (key) {
      await deleteRow(datastore, valueRowKey(prefix, key))
    }
  }
}
