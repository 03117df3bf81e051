import { ownBytes } from '../keyspace/whereabouts.ts'
import { CorruptRowError, DatastoreError } from './errors.ts'
import type { Log } from './log.ts'
import type { Datastore, Key } from 'interface-datastore'

/** A row of a datastore. */
export interface Row {
  readonly key: Key
  /** The key without the prefix that was asked for, and the slash behind it. */
  readonly name: string
  readonly value: Uint8Array
}

/**
 * The value of the row `key`, undefined if there is none.
 *
 * @throws {DatastoreError}
 */
export async function getRow (datastore: Datastore, key: Key): Promise<Uint8Array | undefined> {
  try {
    return plain(await datastore.get(key))
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'NotFoundError') {
      return undefined
    }
    throw failure('read', key, cause)
  }
}

/**
 * Is there a row `key`? Where there is none this costs less than to read it, of which datastores make an error.
 *
 * @throws {DatastoreError}
 */
export async function hasRow (datastore: Datastore, key: Key): Promise<boolean> {
  try {
    return await datastore.has(key)
  } catch (cause) {
    throw failure('read', key, cause)
  }
}

/**
 * Write a row. A datastore in memory keeps it as it is given: were it a few bytes of a pool, it would keep alive all of that, 64 KiB in Node.js 24.
 *
 * @throws {DatastoreError}
 */
export async function putRow (datastore: Datastore, key: Key, value: Uint8Array): Promise<void> {
  try {
    await datastore.put(key, ownBytes(value))
  } catch (cause) {
    throw failure('write', key, cause)
  }
}

/** @throws {DatastoreError} */
export async function deleteRow (datastore: Datastore, key: Key): Promise<void> {
  try {
    await datastore.delete(key)
  } catch (cause) {
    throw failure('delete', key, cause)
  }
}

/**
 * All rows below `prefix`, each given to `read`. Those that it refuses with a
 * {@link CorruptRowError} are logged, and deleted when all have been read.
 *
 * @throws {DatastoreError} they cannot be listed
 */
export async function readRows (datastore: Datastore, prefix: string, log: Log, read: (row: Row) => void): Promise<void> {
  const corrupt: Key[] = []
  for await (const row of rows(datastore, prefix)) {
    try {
      read(row)
    } catch (err) {
      if (!(err instanceof CorruptRowError)) {
        throw err
      }
      corrupt.push(row.key)
      log('dropping the corrupt row %s: %e', row.key, err)
    }
  }
  await deleteQuietly(datastore, corrupt, log)
}

/**
 * The keys of all rows below `prefix`.
 *
 * @throws {DatastoreError} they cannot be listed
 */
export async function * rowKeys (datastore: Datastore, prefix: string): AsyncGenerator<Omit<Row, 'value'>> {
  // without a slash at its end, as datastores expect it; rows beside the folder may come too
  for await (const key of listed(prefix, () => datastore.queryKeys({ prefix }))) {
    const name = nameOf(key, prefix)
    if (name != null) {
      yield { key, name }
    }
  }
}

async function * rows (datastore: Datastore, prefix: string): AsyncGenerator<Row> {
  for await (const { key, value } of listed(prefix, () => datastore.query({ prefix }))) {
    const name = nameOf(key, prefix)
    if (name != null) {
      yield { key, name, value: plain(value) }
    }
  }
}

async function * listed<T> (prefix: string, query: () => Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield * query()
  } catch (cause) {
    throw new DatastoreError(`the datastore could not list ${prefix}: ${text(cause)}`, { cause })
  }
}

function nameOf (key: Key, prefix: string): string | undefined {
  const path = key.toString()
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined
}

/** Delete rows that nobody needs; those that cannot be deleted are logged. */
export async function deleteQuietly (datastore: Datastore, keys: readonly Key[], log: Log): Promise<void> {
  for (const key of keys) {
    try {
      await deleteRow(datastore, key)
    } catch (err) {
      log('a useless row stays: %e', err)
    }
  }
}

/** Some datastores give a `Buffer`, whose `slice` is no copy. */
function plain ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function failure (what: string, key: Key, cause: unknown): DatastoreError {
  return new DatastoreError(`the datastore could not ${what} the row ${key.toString().slice(0, 120)}: ${text(cause)}`, { cause })
}

function text (err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}
