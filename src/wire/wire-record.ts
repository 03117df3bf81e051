import { KEY_FORM, namespaceOf } from '../record/namespace.ts'
import { bytesEqual } from './bytes-equal.ts'
import { InvalidMessageError } from './errors.ts'
import { FieldCursor } from './field-cursor.ts'
import { fieldLength, writeBytes, writeHeader } from './field-writer.ts'
import { MAX_TARGET_BYTES } from './limits.ts'
import { Record } from './message.ts'
import { formatTimestamp, readTimestamp } from './timestamp.ts'
import { viewOf } from './view.ts'
import type { ValueRecord } from '../record/record.ts'

/** How many times its own bytes a value may keep in memory. */
const MAX_SLACK = 17 / 16

/** The largest life that the wire can tell, seconds. */
const MAX_TTL_S = 0xffff_ffff

const NOTHING = new Uint8Array(0)

/** Tags of a record's key and value: field number and wire type 2, which is bytes. */
const KEY_TAG = 1 << 3 | 2
const VALUE_TAG = 2 << 3 | 2

/** A `Record` message around its value, which may be large and is not copied. */
export interface RecordParts {
  /** What comes before the value. */
  readonly head: Uint8Array
  readonly value: Uint8Array
  /** What comes after it. */
  readonly tail: Uint8Array
  /** Of all three. */
  readonly byteLength: number
}

/** A record as a `Record` message. Its life is told in whole seconds, rounded down, at least one. */
export function recordParts ({ key, value, timeReceived, ttl }: ValueRecord): RecordParts {
  const head = headOf(key, value)
  const tail = tailOf(timeReceived, ttl)
  return { head, value, tail, byteLength: head.byteLength + value.byteLength + tail.byteLength }
}

/** The same in one piece. */
export function encodeRecord (record: ValueRecord): Uint8Array {
  const { head, value, tail, byteLength } = recordParts(record)
  const out = new Uint8Array(byteLength)
  out.set(head)
  out.set(value, head.byteLength)
  out.set(tail, head.byteLength + value.byteLength)
  return out
}

/** The key, and the tag and length of the value, which is left out if it is empty. */
function headOf (key: Uint8Array, value: Uint8Array): Uint8Array {
  const keyLength = fieldLength(key.byteLength)
  const headerLength = value.byteLength === 0 ? 0 : fieldLength(value.byteLength) - value.byteLength
  const head = new Uint8Array(keyLength + headerLength)
  writeBytes(head, 0, KEY_TAG, key)
  if (headerLength > 0) {
    writeHeader(head, keyLength, VALUE_TAG, value.byteLength)
  }
  return head
}

/** What comes after the value: nothing in most that are put. */
function tailOf (timeReceived: number | undefined, ttl: number | undefined): Uint8Array {
  return timeReceived == null && ttl == null
    ? NOTHING
    : Record.encode({
      key: NOTHING,
      value: NOTHING,
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
  const record = readRecord(raw, key)
  if (record.value.byteLength > maxRecordSize) {
    throw new InvalidMessageError(`a value of ${record.value.byteLength} bytes, at most ${maxRecordSize} are kept`)
  }
  return { key: record.key.slice(), value: owned(record.value), ...lifeOf(record) } // the frame they came in is let go
}

/**
 * The same of a record that says again what was `sent`, whose key and value it has.
 *
 * @throws {InvalidMessageError} it says something else
 */
export function decodeEcho (raw: Uint8Array, sent: ValueRecord): ValueRecord {
  const record = readRecord(raw, sent.key)
  if (!bytesEqual(record.value, sent.value)) {
    throw new InvalidMessageError('the record in the answer is not the one that was to be stored')
  }
  return { key: sent.key, value: sent.value, ...lifeOf(record) }
}

/** `bytes` in memory that holds hardly more than them: that in which they are if it does, as it is where a frame with a large value was put together. */
function owned (bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength <= MAX_SLACK * bytes.byteLength ? bytes : bytes.slice()
}

/** Fields of a record that are not there are empty, zero, or undefined. */
interface RecordFields {
  key: Uint8Array
  value: Uint8Array
  timeReceived: number | undefined
  ttl: number
}

function lifeOf ({ timeReceived, ttl }: RecordFields): Pick<ValueRecord, 'timeReceived' | 'ttl'> {
  return {
    ...timeReceived == null ? {} : { timeReceived },
    ...ttl === 0 ? {} : { ttl: ttl * 1000 }
  }
}

/** The record about `key` in a well-formed message, in place. */
function readRecord (raw: Uint8Array, key: Uint8Array): RecordFields {
  const record: RecordFields = { key: NOTHING, value: NOTHING, timeReceived: undefined, ttl: 0 }
  const cursor = new FieldCursor(raw, 0, raw.byteLength)
  while (cursor.next()) {
    switch (cursor.field) {
      case 1:
        record.key = viewOf(raw, cursor.start, cursor.end)
        break
      case 2:
        record.value = viewOf(raw, cursor.start, cursor.end)
        break
      case 5:
        record.timeReceived = readTimestamp(viewOf(raw, cursor.start, cursor.end))
        break
      case 777:
        record.ttl = Math.min(cursor.varint(), MAX_TTL_S)
        break
      default: // go's author and signature, and what others have added
    }
  }
  if (!bytesEqual(record.key, key)) {
    throw new InvalidMessageError('the key of the record is not that of the message')
  }
  return record
}

/** @throws {InvalidMessageError} `key` is not `/<namespace>/<rest>`, or so long that nobody could look for it */
export function assertValueKey (key: Uint8Array): void {
  if (namespaceOf(key) == null) {
    throw new InvalidMessageError(`the key of a value ${KEY_FORM}`)
  }
  if (key.byteLength > MAX_TARGET_BYTES) {
    throw new InvalidMessageError(`the key of a value has ${key.byteLength} bytes, at most ${MAX_TARGET_BYTES} are kept`)
  }
}
