import type { ValueRecord } from '../record/record.ts'

/** A record and how long it may be served. */
export interface StoredValue extends ValueRecord {
  /** When we got it: milliseconds since the Unix epoch. */
  readonly timeReceived: number
  /** From when on it is no longer served: milliseconds since the Unix epoch. */
  readonly expires: number
}

/** Where values lie. Rows past their life are never returned. */
export interface ValueStore {
  /** The live record at `key`. */
  get (key: Uint8Array): Promise<StoredValue | undefined>
  /**
   * Write a record, replacing the one at its key.
   *
   * @throws {StoreFullError} its limits leave no room
   */
  put (value: StoredValue): Promise<void>
  /** All live records, in no given order. */
  values (): AsyncIterable<StoredValue>
  /**
   * Drop the records past their life.
   *
   * @returns how many
   */
  collect? (): Promise<number>
}
