import type { ValueRecord } from '../record/record.ts'

/** A record and how long it may be served. */
export interface StoredValue extends ValueRecord {
  /** When we got it: milliseconds since the Unix epoch. */
  readonly timeReceived: number
  /** From when on it is no longer served: milliseconds since the Unix epoch. */
  readonly expires: number
}

/** How long a record may be served, without the record. */
export type ValueLife = Pick<StoredValue, 'key' | 'expires'>

/** Whom to count a value against. */
export interface PutValueOptions {
  /** The id of the peer that makes us keep it; without, it counts against nobody. */
  readonly from?: Uint8Array | undefined
}

/** How much a value store holds, and what has become of the rest since it was made. */
export interface ValueCounts {
  /** Values; those past their life are among them until they are collected. */
  readonly values: number
  /** Bytes of their keys and values. */
  readonly bytes: number
  /** Writes that were refused: the store was full, or the peer had as much of it as one may have. */
  readonly refused: { readonly full: number, readonly perPeer: number }
  /** Values that were dropped past their life. None is dropped before. */
  readonly expired: number
  /** Rows that were dropped because they cannot be read. */
  readonly corrupt: number
}

/** Where values lie. Rows past their life are never returned. */
export interface ValueStore {
  /** Absent in stores that do not count, and in one on a datastore before it is open. Cheap to read. */
  readonly counts?: ValueCounts | undefined
  /** The live record at `key`. */
  get (key: Uint8Array): Promise<StoredValue | undefined>
  /**
   * Write a record, replacing the one at its key.
   *
   * @throws {StoreFullError} its limits leave no room
   */
  put (value: StoredValue, options?: PutValueOptions): Promise<void>
  /** All live records, in no given order. */
  values (): AsyncIterable<StoredValue>
  /** The lives of all live records, in no given order. Absent in stores that would have to read the records for that. */
  lives?(): Iterable<ValueLife>
  /**
   * Drop the values past their life, and look at no others. Absent in stores that do it
   * by themselves.
   *
   * @returns how many
   */
  collect?(): Promise<number>
}
