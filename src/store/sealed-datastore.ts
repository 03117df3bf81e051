import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { fromString } from 'uint8arrays/from-string'
import { crc32c } from './crc32c.ts'
import { noLog } from './log.ts'
import { Turns } from './turns.ts'
import type { Log } from './log.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Batch, Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'

/** Bytes of the checksum in front of each row. */
const SEAL_BYTES = 4

/** What a {@link SealedDatastore} is made of. */
export interface SealedDatastoreInit {
  /** Where the rows lie. Nobody else may write to it. */
  readonly datastore: Datastore
  /** Gets a line for every row that is dropped. */
  readonly log?: Log | undefined
}

/**
 * A datastore that serves only what was written: in front of each row lies a checksum over
 * its key and its value, and a row that does not match is dropped and logged, and reads
 * as absent. It finds what a disk did, not what an adversary did.
 *
 * The checksum is CRC-32C: this is the second line behind the database's own, and SHA-256
 * in JavaScript would take four times as long, more than reading the row does.
 *
 * @example
 *
 * ```typescript
 * import { MemoryDatastore } from 'datastore-core'
 * import { Key } from 'interface-datastore'
 * import { SealedDatastore } from 'kadmium/node'
 *
 * const sealed = new SealedDatastore({ datastore: new MemoryDatastore() })
 * await sealed.put(new Key('/greeting'), new TextEncoder().encode('hello'))
 * ```
 */
export class SealedDatastore extends BaseDatastore {
  readonly #datastore: Datastore
  readonly #log: Log
  /** A damaged row must not be deleted when it is just written anew. */
  readonly #turns = new Turns()

  constructor ({ datastore, log = noLog }: SealedDatastoreInit) {
    super()
    this.#datastore = datastore
    this.#log = log
  }

  override async put (key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    return this.#turns.take(key.toString(), async () => this.#datastore.put(key, seal(key, value), options))
  }

  /** @throws {NotFoundError} there is no row, or none that is as it was written */
  override async get (key: Key, options?: AbortOptions): Promise<Uint8Array> {
    const value = unseal(key, await this.#datastore.get(key, options))
    if (value == null) {
      await this.#drop(key)
      throw new NotFoundError(`the row ${key.toString()} was damaged`)
    }
    return value
  }

  override async has (key: Key, options?: AbortOptions): Promise<boolean> {
    try {
      await this.get(key, options)
      return true
    } catch (err) {
      if (err instanceof Error && err.name === 'NotFoundError') {
        return false
      }
      throw err
    }
  }

  override async delete (key: Key, options?: AbortOptions): Promise<void> {
    await this.#turns.take(key.toString(), async () => this.#datastore.delete(key, options))
  }

  override batch (): Batch {
    const batch = this.#datastore.batch()
    const names = new Set<string>()
    return {
      put: (key, value) => {
        names.add(key.toString())
        batch.put(key, seal(key, value))
      },
      delete: key => {
        names.add(key.toString())
        batch.delete(key)
      },
      commit: async options => {
        await this.#inTurns([...names].sort(), async () => { await batch.commit(options) })
        names.clear()
      }
    }
  }

  override async * _all (query: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    for await (const { key, value: row } of this.#datastore.query({ prefix: query.prefix }, options)) {
      const value = unseal(key, row)
      if (value == null) {
        await this.#drop(key)
      } else {
        yield { key, value }
      }
    }
  }

  /** A key is told only if its row is sound, so rows are read. */
  override async * _allKeys (query: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    for await (const { key } of this._all({ prefix: query.prefix }, options)) {
      yield key
    }
  }

  /** All who take several turns take them in the same order: nobody waits for one who waits for it. */
  async #inTurns (names: readonly string[], work: () => Promise<void>, from = 0): Promise<void> {
    if (from === names.length) {
      await work()
      return
    }
    await this.#turns.take(names[from], async () => this.#inTurns(names, work, from + 1))
  }

  /** Delete a damaged row, unless it was written anew meanwhile. One that cannot be deleted stays, unread. */
  async #drop (key: Key): Promise<void> {
    await this.#turns.take(key.toString(), async () => {
      try {
        if (unseal(key, await this.#datastore.get(key)) == null) {
          this.#log('dropping the row %s: it is not what was written', key)
          await this.#datastore.delete(key)
        }
      } catch (err) {
        if (!(err instanceof Error && err.name === 'NotFoundError')) {
          this.#log('the damaged row %s stays, unused: %e', key, err)
        }
      }
    })
  }
}

function seal (key: Key, value: Uint8Array): Uint8Array {
  const row = new Uint8Array(SEAL_BYTES + value.byteLength)
  new DataView(row.buffer).setUint32(0, checksum(key, value))
  row.set(value, SEAL_BYTES)
  return row
}

/** The value in a row, undefined if the row is not what was written. */
function unseal (key: Key, row: Uint8Array): Uint8Array | undefined {
  if (row.byteLength < SEAL_BYTES) {
    return undefined
  }
  const value = row.subarray(SEAL_BYTES)
  const sum = new DataView(row.buffer, row.byteOffset).getUint32(0)
  return sum === checksum(key, value) ? value : undefined
}

/** The key's end is marked by its length in front, so that no byte can change sides. */
function checksum (key: Key, value: Uint8Array): number {
  const name = fromString(key.toString())
  const length = new Uint8Array([name.byteLength, name.byteLength >>> 8, name.byteLength >>> 16, name.byteLength >>> 24])
  return crc32c(value, crc32c(name, crc32c(length)))
}
