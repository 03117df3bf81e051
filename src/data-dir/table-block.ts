import * as varint from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { crc32c } from '../store/crc32c.ts'

/** Bytes behind each block: one for its kind, four for its checksum. */
export const TRAILER_BYTES = 5

/** Added to a checksum before it is stored, since what is checked may hold checksums itself (LevelDB, `util/crc32c.h`). */
const MASK_DELTA = 0xa282ead8

/** Where a block lies in its table, its trailer not counted. */
export interface BlockHandle {
  readonly offset: number
  readonly size: number
}

/** A pair in a block. */
export interface BlockEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Does the block lie within the table, with the checksum that it had when it was written? */
export function isSound (table: Uint8Array, { offset, size }: BlockHandle): boolean {
  const end = offset + size + TRAILER_BYTES
  if (!Number.isSafeInteger(end) || end > table.byteLength) {
    return false
  }
  const stored = new DataView(table.buffer, table.byteOffset).getUint32(end - 4, true)
  return stored === masked(crc32c(table.subarray(offset, end - 4)))
}

/** Is a block that is sound compressed? The byte behind it is its kind: 0 if it is not. */
export function isCompressed (table: Uint8Array, { offset, size }: BlockHandle): boolean {
  return table[offset + size] !== 0
}

/** A handle, and where it ends. */
export function readHandle (bytes: Uint8Array, at: number): { handle: BlockHandle, end: number } {
  const offset = varint.decode(bytes, at)
  const middle = at + varint.encodingLength(offset)
  const size = varint.decode(bytes, middle)
  return { handle: { offset, size }, end: middle + varint.encodingLength(size) }
}

export function encodeHandle ({ offset, size }: BlockHandle): Uint8Array {
  return concat([varint.encode(offset), varint.encode(size)])
}

/**
 * The pairs of a block, in order.
 *
 * @throws {RangeError} it is none
 */
export function readEntries (block: Uint8Array): BlockEntry[] {
  const restarts = new DataView(block.buffer, block.byteOffset + block.byteLength - 4).getUint32(0, true)
  const end = block.byteLength - 4 - 4 * restarts
  const entries: BlockEntry[] = []
  let key = new Uint8Array(0)
  let at = 0
  const next = (): number => {
    const number = varint.decode(block, at)
    at += varint.encodingLength(number)
    return number
  }
  while (at < end) {
    const [shared, unshared, length] = [next(), next(), next()]
    key = concat([key.subarray(0, shared), block.subarray(at, at + unshared)])
    at += unshared + length
    if (at > end) {
      throw new RangeError('a block is cut off')
    }
    entries.push({ key, value: block.subarray(at - length, at) })
  }
  return entries
}

/** A block of `entries` and its trailer: not compressed, and no key shares the beginning of the one before it, as in LevelDB's own indexes. */
export function encodeBlock (entries: readonly BlockEntry[]): Uint8Array {
  const starts: number[] = []
  const parts: Uint8Array[] = []
  let length = 0
  for (const { key, value } of entries) {
    const part = concat([varint.encode(0), varint.encode(key.byteLength), varint.encode(value.byteLength), key, value])
    starts.push(length)
    parts.push(part)
    length += part.byteLength
  }
  // a block has one restart at the least
  const restarts = starts.length === 0 ? [0] : starts
  const block = concat([...parts, ...restarts.map(uint32), uint32(restarts.length), new Uint8Array(1)])
  return concat([block, uint32(masked(crc32c(block)))])
}

function uint32 (number: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, number, true)
  return bytes
}

function masked (crc: number): number {
  return ((crc >>> 15 | crc << 17) + MASK_DELTA) >>> 0
}
