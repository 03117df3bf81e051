import { encodeUint8Array, encodingLength } from 'uint8-varint'
import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError, ValueTooLargeError } from './invalid-record.ts'
import { OpenValue } from './open-value.ts'
import type { RecordKind } from './validator.ts'

/** Milliseconds that the clock of a writer may be ahead of ours. */
export const MAX_CLOCK_AHEAD_MS = 10 * 60_000

/**
 * Bytes that an envelope adds to its data at most: two tags, a time of 8 bytes (as
 * safe integers have), a length of 4.
 *
 * So a node that accepts data of `n` bytes lets records of `n + MAX_ENVELOPE_BYTES`
 * bytes in from the wire, and {@link openRecords} then counts the data exactly.
 */
export const MAX_ENVELOPE_BYTES = 14

/** Of the envelope's data: field number and wire type 2, which is bytes. */
const DATA_TAG = 2 << 3 | 2

/** Its verdicts need no waiting. */
export interface OpenRecords extends RecordKind {
  select (key: Uint8Array, values: readonly Uint8Array[]): number
}

/**
 * `/kv/<any name>`: anyone may write, the newest write wins.
 *
 * The value is an envelope of the time of writing and the data. Of two that were
 * written in the same millisecond the one with the greater bytes wins, so that
 * all peers agree. A time more than {@link MAX_CLOCK_AHEAD_MS} ahead is refused: nobody
 * can win for good.
 *
 * @param maxValueSize - bytes of data that are accepted
 */
export function openRecords (maxValueSize: number): OpenRecords {
  return {
    namespace: 'kv',

    validate ({ value }, now): void {
      const { time, data } = openValue(value)
      if (data.byteLength > maxValueSize) {
        throw new ValueTooLargeError(`a value of ${data.byteLength} bytes: at most ${maxValueSize} are kept`)
      }
      if (time - now > MAX_CLOCK_AHEAD_MS) {
        throw new InvalidRecordError(`a value written ${time - now} ms from now: set the clock of its writer, or ours`)
      }
    },

    select (_key, values): number {
      let best = 0
      for (let i = 1; i < values.length; i++) {
        if (compareOpenValues(values[i], values[best]) > 0) {
          best = i
        }
      }
      return best
    }
  }
}

/**
 * Copies the data of a `/kv/` record, whose time of writing is not known yet. Gives the record's value, written at `now`
 * (milliseconds since the Unix epoch), in the same memory: to be called once. It throws a RangeError if `now` is
 * negative or no safe integer.
 */
export function sealerOf (data: Uint8Array): (now: number) => Uint8Array {
  const { byteLength } = data
  const bytes = new Uint8Array(MAX_ENVELOPE_BYTES + byteLength) // with room in front for the rest of the envelope
  bytes.set(data, MAX_ENVELOPE_BYTES)
  return now => {
    const head = headOf(Math.floor(now), byteLength)
    const begin = MAX_ENVELOPE_BYTES - head.byteLength
    bytes.set(head, begin)
    return bytes.subarray(begin)
  }
}

/**
 * What {@link sealerOf} put into `value`, of which the data is a part.
 *
 * @throws {InvalidRecordError} nothing that it could have made: one time and data have one envelope
 */
export function openValue (value: Uint8Array): { time: number, data: Uint8Array } {
  let opened: OpenValue
  let head: Uint8Array
  try {
    opened = OpenValue.decode(value)
    head = headOf(opened.time, opened.data.byteLength)
  } catch (err) {
    throw new InvalidRecordError('the value of a /kv/ record is no envelope', { cause: err })
  }
  // the head ends with the length of the data: where both are as they should be, nothing else is there
  if (value.byteLength !== head.byteLength + opened.data.byteLength || compareBytes(value.subarray(0, head.byteLength), head) !== 0) {
    throw new InvalidRecordError('the envelope of a /kv/ record is not in its only form')
  }
  return opened
}

/** An envelope in its only form up to its data, of which there are `size` bytes. Large data is not to be written only to be compared. */
function headOf (time: number, size: number): Uint8Array {
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new RangeError(`${time} is no time: milliseconds since the Unix epoch are expected`)
  }
  const fields = OpenValue.encode({ time })
  if (size === 0) {
    return fields
  }
  const head = new Uint8Array(fields.byteLength + 1 + encodingLength(size))
  head.set(fields)
  head[fields.byteLength] = DATA_TAG
  encodeUint8Array(size, head, fields.byteLength + 1)
  return head
}

function compareOpenValues (a: Uint8Array, b: Uint8Array): number {
  return OpenValue.decode(a).time - OpenValue.decode(b).time || compareBytes(a, b)
}
