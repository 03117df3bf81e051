import { concat } from 'uint8arrays/concat'
import { bytesEqual } from '../wire/bytes-equal.ts'
import { encodeBlock, encodeHandle, isCompressed, isSound, readEntries, readHandle, TRAILER_BYTES } from './table-block.ts'
import type { BlockEntry, BlockHandle } from './table-block.ts'

/** Bytes at the end of a table. */
const FOOTER_BYTES = 48

/** The last bytes of a finished table. */
const MAGIC = new Uint8Array([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb])

/** Where a table has its metaindex that has none: too short for a block, so LevelDB does without. */
const NO_METAINDEX: BlockHandle = { offset: 0, size: 0 }

/** What a check of a table found. */
export type TableCheck =
  /** All is as it was written; or it has no end, which LevelDB sees by itself. */
  | { readonly type: 'sound' }
  /** Some of its blocks are not: `mended` is the same table, of the same size, without them. */
  | { readonly type: 'damaged', readonly blocks: number, readonly lost: number, readonly mended: Uint8Array }
  /** Its index is sound, and compressed, as a repair writes it: its blocks cannot be checked. */
  | { readonly type: 'compressed' }
  /** It is sound, and there is nothing in it: so it is left when all of its blocks were damaged. */
  | { readonly type: 'empty' }

/**
 * Check every block of a LevelDB table (its `doc/table_format.md`) against its checksum:
 *
 * ```
 * [data block]… [filter block] [metaindex block] [index block] [footer]
 * ```
 *
 * LevelDB does so only when told to, which its binding for Node.js cannot; and what it
 * makes of a damaged block may end the process. A table without its damaged blocks is one
 * whose index names only the others. It keeps its size, by which LevelDB finds its footer.
 */
export function checkTable (table: Uint8Array): TableCheck {
  if (!bytesEqual(table.subarray(-MAGIC.byteLength), MAGIC)) {
    return { type: 'sound' }
  }
  const parts = attempt(() => readParts(table))
  if (parts == null) {
    return { type: 'damaged', blocks: 1, lost: 1, mended: withIndex(new Uint8Array(table.byteLength), 0, [], NO_METAINDEX) }
  }
  const { blocks, index, metaindex, hasSoundFilter } = parts
  if (blocks == null) {
    return { type: 'compressed' }
  }
  const sound = blocks.filter(({ handle }) => isSound(table, handle))
  if (hasSoundFilter && sound.length === blocks.length) {
    return { type: blocks.length === 0 ? 'empty' : 'sound' }
  }
  const mended = withIndex(table.slice(), index.offset, sound.map(({ entry }) => entry), hasSoundFilter ? metaindex : NO_METAINDEX)
  return { type: 'damaged', blocks: blocks.length, lost: blocks.length - sound.length, mended }
}

interface Parts {
  readonly index: BlockHandle
  readonly metaindex: BlockHandle
  readonly hasSoundFilter: boolean
  /** Undefined if the index is compressed. */
  readonly blocks: ReadonlyArray<{ readonly entry: BlockEntry, readonly handle: BlockHandle }> | undefined
}

/** @throws {RangeError} without its index, nothing of a table can be found */
function readParts (table: Uint8Array): Parts {
  const { handle: metaindex, end } = readHandle(table, table.byteLength - FOOTER_BYTES)
  const { handle: index } = readHandle(table, end)
  if (!isSound(table, index)) {
    throw new RangeError('the index is damaged')
  }
  const blocks = isCompressed(table, index) ? undefined : entriesOf(table, index).map(entry => ({ entry, handle: readHandle(entry.value, 0).handle }))
  return { index, metaindex, blocks, hasSoundFilter: hasSoundFilter(table, metaindex) }
}

/** Without a filter LevelDB reads a block more now and then. */
function hasSoundFilter (table: Uint8Array, metaindex: BlockHandle): boolean {
  return metaindex.size === 0 || (isSound(table, metaindex) && entriesOf(table, metaindex).every(({ value }) => isSound(table, readHandle(value, 0).handle)))
}

function entriesOf (table: Uint8Array, { offset, size }: BlockHandle): BlockEntry[] {
  return readEntries(table.subarray(offset, offset + size))
}

/** Write the index of these entries into `table`, and a footer that names it. A table that is too short for that becomes an empty file. */
function withIndex (table: Uint8Array, offset: number, entries: readonly BlockEntry[], metaindex: BlockHandle): Uint8Array {
  const index = encodeBlock(entries)
  const footer = table.byteLength - FOOTER_BYTES
  if (offset + index.byteLength > footer) {
    return new Uint8Array(0)
  }
  table.fill(0, footer)
  table.set(index, offset)
  table.set(concat([encodeHandle(metaindex), encodeHandle({ offset, size: index.byteLength - TRAILER_BYTES })]), footer)
  table.set(MAGIC, table.byteLength - MAGIC.byteLength)
  return table
}

function attempt<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof RangeError) {
      return undefined
    }
    throw err
  }
}
