import * as varint from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { FieldCursor } from '../wire/field-cursor.ts'
import { isTimestamp } from '../wire/timestamp.ts'
import { decodeRecord, encodeRecord } from '../wire/wire-record.ts'
import { CorruptRowError } from './errors.ts'
import type { StoredValue } from './value-store.ts'

/**
 * The field of a row that tells from when on its value is no longer served:
 * milliseconds since the Unix epoch, as a varint. Only rows have it, never a message;
 * other implementations skip it, as protobuf demands. It is none of those that
 * rust-libp2p adds to a record (666, the publisher, and 777, its life in whole seconds).
 */
const EXPIRES_FIELD = 7770
const EXPIRES_TAG = varint.encode(EXPIRES_FIELD * 8)

/** The life of no value: a row that is written with it in place of `ttl` tells its own. */
export const TOLD = -1

/** Fields of a record that hold bytes or text. */
const BYTES_FIELDS: readonly number[] = [1, 2, 5]

/**
 * A value as a row: a `Record` message, as `@libp2p/kad-dht` keeps it, and, unless the
 * value lives for `ttl` milliseconds from when it was received, until when it does.
 *
 * @throws {RangeError} `timeReceived` is before the year 0 or after 9999, or `expires` is not from 0 to 2^53
 */
export function encodeValueRow (value: StoredValue, ttl: number): Uint8Array {
  const record = encodeRecord(value)
  const expires = Math.floor(value.expires)
  if (!isTimestamp(value.timeReceived) || !(expires >= 0 && expires <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`a value from ${value.timeReceived} until ${value.expires} cannot be written: give milliseconds since 1970`)
  }
  return expires === Math.floor(value.timeReceived) + ttl ? record : concat([record, EXPIRES_TAG, varint.encode(expires)])
}

/**
 * The value in the row of `key`. A large one lies in the memory of the row.
 *
 * @throws {CorruptRowError} the row is none, is about another key, or has no time that can be read
 */
export function decodeValueRow (row: Uint8Array, key: Uint8Array, ttl: number): StoredValue {
  try {
    const expires = readExpires(row)
    const { timeReceived, ...record } = decodeRecord(row, key, Number.MAX_SAFE_INTEGER)
    if (timeReceived == null) {
      throw new CorruptRowError('its time cannot be read')
    }
    return { ...record, timeReceived, expires: expires ?? timeReceived + ttl }
  } catch (cause) {
    throw cause instanceof CorruptRowError ? cause : new CorruptRowError('it is no record of its key', { cause })
  }
}

/** Until when the row says that its value lives. Walks the row, which must be a sound record: the generated decoder trusts what it reads. */
export function readExpires (row: Uint8Array): number | undefined {
  let expires: number | undefined
  const cursor = new FieldCursor(row, 0, row.byteLength)
  while (cursor.next()) {
    if (BYTES_FIELDS.includes(cursor.field)) {
      cursor.expectBytes()
    }
    if (cursor.field === EXPIRES_FIELD) {
      expires = cursor.varint()
    }
  }
  if (expires != null && expires > Number.MAX_SAFE_INTEGER) {
    throw new CorruptRowError('its expiry is no time')
  }
  return expires
}
