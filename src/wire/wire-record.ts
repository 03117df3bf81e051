import { withArrayBuffer } from 'uint8arrays/with-array-buffer'
import { namespaceOf } from '../record/namespace.ts'
import { bytesEqual } from './bytes-equal.ts'
import { InvalidMessageError } from './errors.ts'
import { Record } from './message.ts'
import { formatTimestamp, parseTimestamp } from './timestamp.ts'
import type { ValueRecord } from '../record/record.ts'

/** The largest life that the wire can tell, seconds. */
const MAX_TTL_S = 0xffff_ffff

/** A record as a `Record` message. Its life is told in whole seconds, rounded down, at least one. */
export function encodeRecord ({ key, value, timeReceived, ttl }: ValueRecord): Uint8Array<ArrayBuffer> {
  return Record.encode({
    key: withArrayBuffer(key),
    value: withArrayBuffer(value),
    timeReceived: timeReceived == null ? '' : formatTimestamp(timeReceived),
    ttl: ttl == null ? undefined : Math.min(Math.max(1, Math.floor(ttl / 1000)), MAX_TTL_S)
  })
}

/**
 * The record that a well-formed message carries about `key`. A `timeReceived` that
 * cannot be read is left out: it is a stranger's and decides nothing. So is a life of 0
 * seconds, with which rust-libp2p says that it does not tell.
 *
 * @throws {InvalidMessageError} it is for another key, or its value larger than `maxRecordSize`
 */
export function decodeRecord (raw: Uint8Array, key: Uint8Array, maxRecordSize: number): ValueRecord {
  const record = Record.decode(raw)
  if (!bytesEqual(record.key, key)) {
    throw new InvalidMessageError('the key of the record is not that of the message')
  }
  if (record.value.byteLength > maxRecordSize) {
    throw new InvalidMessageError(`a value of ${record.value.byteLength} bytes, at most ${maxRecordSize} are kept`)
  }
  const timeReceived = parseTimestamp(record.timeReceived)
  return {
    key: record.key.slice(), // the frame they came in is let go
    value: record.value.slice(),
    ...timeReceived == null ? {} : { timeReceived },
    ...record.ttl == null || record.ttl === 0 ? {} : { ttl: record.ttl * 1000 }
  }
}

/** @throws {InvalidMessageError} `key` is not `/<namespace>/<rest>` */
export function assertValueKey (key: Uint8Array): void {
  if (namespaceOf(key) == null) {
    throw new InvalidMessageError('the key of a value must be /<namespace>/<rest>, both non-empty, the namespace UTF-8')
  }
}
