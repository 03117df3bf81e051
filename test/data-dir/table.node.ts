import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { ClassicLevel } from 'classic-level'
import { concat } from 'uint8arrays/concat'
import { readEntries, readHandle } from '../../src/data-dir/table-block.ts'
import { checkTable } from '../../src/data-dir/table.ts'
import fc from '../helpers/fast-check.ts'
import { SeededRandom } from '../routing/seeded-random.ts'
import type { BlockHandle } from '../../src/data-dir/table-block.ts'

const SEED = 20110412
const ROWS = 300
const FOOTER_BYTES = 48
const MAGIC_BYTES = 8
const TRAILER_BYTES = 5

/** Bytes that LevelDB adds to a key. */
const SEQUENCE_BYTES = 8

/** Where the parts of a table lie. */
interface Layout {
  readonly blocks: readonly BlockHandle[]
  readonly filter: BlockHandle
  readonly metaindex: BlockHandle
  readonly index: BlockHandle
}

/** The table of a database of so many rows. */
async function makeTable (rows: number): Promise<Uint8Array> {
  const dir = await mkdtemp(join(tmpdir(), 'kadmium-data-'))
  try {
    const level = new ClassicLevel<string, Uint8Array>(dir, { valueEncoding: 'view', compression: false })
    const random = new SeededRandom(rows)
    await level.batch(Array.from({ length: rows }, (_, i) => ({ type: 'put' as const, key: `/dht/record/${i}`, value: random.bytes(i) })))
    await level.compactRange('', '\uffff')
    await level.close()
    const [table] = (await readdir(dir)).filter(name => name.endsWith('.ldb'))
    return Uint8Array.from(await readFile(join(dir, table)))
  } finally {
    await rm(dir, { recursive: true })
  }
}

function contentOf (table: Uint8Array, { offset, size }: BlockHandle): Uint8Array {
  return table.subarray(offset, offset + size)
}

function handlesIn (table: Uint8Array, index: BlockHandle): BlockHandle[] {
  return readEntries(contentOf(table, index)).map(({ value }) => readHandle(value, 0).handle)
}

/** What the footer names. */
function handlesOf (table: Uint8Array): { metaindex: BlockHandle, index: BlockHandle } {
  const { handle: metaindex, end } = readHandle(table, table.byteLength - FOOTER_BYTES)
  return { metaindex, index: readHandle(table, end).handle }
}

function layoutOf (table: Uint8Array): Layout {
  const { metaindex, index } = handlesOf(table)
  return { metaindex, index, filter: handlesIn(table, metaindex)[0], blocks: handlesIn(table, index) }
}

/** Keys and values in these blocks. */
function rowsIn (table: Uint8Array, blocks: readonly BlockHandle[]): string[] {
  return blocks.flatMap(block => readEntries(contentOf(table, block)).map(({ key, value }) => {
    return `${new TextDecoder().decode(key.subarray(0, -SEQUENCE_BYTES))} ${Buffer.from(value).toString('hex')}`
  }))
}

function flipped (table: Uint8Array, ...bits: number[]): Uint8Array {
  const damaged = table.slice()
  bits.forEach(bit => { damaged[bit >>> 3] ^= 1 << (bit & 7) })
  return damaged
}

/** Is one of these bits in the block or its trailer? */
function isHit ({ offset, size }: BlockHandle, bits: readonly number[]): boolean {
  return bits.some(bit => bit >>> 3 >= offset && bit >>> 3 < offset + size + TRAILER_BYTES)
}

describe('the check of a LevelDB table', () => {
  let table: Uint8Array
  let layout: Layout

  before(async () => {
    table = await makeTable(ROWS)
    layout = layoutOf(table)
  })

  it('reads what LevelDB wrote, all of it', () => {
    const random = new SeededRandom(ROWS)
    const rows = Array.from({ length: ROWS }, (_, i) => `/dht/record/${i} ${Buffer.from(random.bytes(i)).toString('hex')}`)
    expect(layout.blocks).to.have.lengthOf.at.least(5)
    expect(rowsIn(table, layout.blocks)).to.deep.equal(rows.sort())
    expect(checkTable(table)).to.deep.equal({ type: 'sound' })
  })

  it('reads one that is part of a larger buffer', () => {
    expect(checkTable(concat([new Uint8Array(3), table]).subarray(3))).to.deep.equal({ type: 'sound' })
  })

  it('drops the blocks in which a bit has changed, whichever it is, and keeps all others', () => {
    const { blocks, filter, metaindex, index } = layout
    const bits = fc.array(fc.nat({ max: 8 * index.offset - 1 }), { minLength: 1, maxLength: 3 })
    fc.assert(fc.property(bits, bits => {
      const damaged = flipped(table, ...new Set(bits))
      const sound = blocks.filter(block => !isHit(block, bits))
      const check = checkTable(damaged)
      if (check.type !== 'damaged') {
        expect.fail(check.type)
      }
      expect([check.blocks, check.lost]).to.deep.equal([blocks.length, blocks.length - sound.length])
      expect(check.mended.byteLength).to.equal(table.byteLength)
      expect(checkTable(check.mended)).to.deep.equal({ type: sound.length > 0 ? 'sound' : 'empty' })

      const mended = handlesOf(check.mended)
      const handles = handlesIn(check.mended, mended.index)
      expect(handles).to.deep.equal(sound)
      expect(rowsIn(check.mended, handles)).to.deep.equal(rowsIn(table, sound))
      const isFilterHit = isHit(filter, bits) || isHit(metaindex, bits)
      expect(mended.metaindex).to.deep.equal(isFilterHit ? { offset: 0, size: 0 } : metaindex)
    }), { seed: SEED, numRuns: 300 })
  })

  it('has nothing left of a table whose index is damaged, wherever', () => {
    const { index } = layout
    for (let bit = 8 * index.offset; bit < 8 * (index.offset + index.size + TRAILER_BYTES); bit++) {
      const check = checkTable(flipped(table, bit))
      if (check.type !== 'damaged') {
        expect.fail(check.type)
      }
      expect([check.blocks, check.lost, check.mended.byteLength]).to.deep.equal([1, 1, table.byteLength])
      if (bit % 64 === 0) {
        expect(checkTable(check.mended)).to.deep.equal({ type: 'empty' })
      }
    }
  })

  it('is not misled by a footer, whatever is in it', () => {
    const start = table.byteLength - FOOTER_BYTES
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: FOOTER_BYTES - MAGIC_BYTES }), bytes => {
      const damaged = table.slice()
      damaged.set(bytes, start)
      const check = checkTable(damaged)
      expect(check.type).to.be.oneOf(['sound', 'damaged', 'compressed', 'empty'])
      if (check.type === 'damaged') {
        expect(checkTable(check.mended).type).to.be.oneOf(['sound', 'empty'])
      }
    }), { seed: SEED, numRuns: 300 })
  })

  it('leaves to LevelDB what has no end', () => {
    for (const length of [0, 1, 7, table.byteLength - 1]) {
      expect(checkTable(table.subarray(0, length))).to.deep.equal({ type: 'sound' })
    }
  })

  it('makes an empty file of one too short to hold anything', () => {
    for (const length of [8, 47, 48, 60]) {
      const check = checkTable(table.subarray(-length))
      expect(check.type).to.equal('damaged')
      expect(check.type === 'damaged' && check.mended.byteLength).to.equal(0)
    }
  })
})
