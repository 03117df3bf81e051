import type { Placed } from '../clock/heap.ts'
import type { Timed } from '../clock/time-heap.ts'

/** A provider record as it is kept; its `time` is when it was written, its `sequence` is the later, the later its provider began to provide its multihash. */
export interface Row extends Timed {
  /** The multihash, by `bytesToMapKey`. Rows of one share it. */
  readonly key: string
  readonly provider: Provider
  /** The rows of the same provider that were written before and after it. */
  older: Row | undefined
  newer: Row | undefined
}

/** Somebody who provides something, and what, in the order in which it was written. */
export class Provider implements Placed {
  /** By `bytesToMapKey`. Its rows share it. */
  readonly id: string
  /** How many rows it has. */
  size = 0
  place = -1
  #oldest: Row | undefined
  #newest: Row | undefined

  constructor (id: string) {
    this.id = id
  }

  /** The row that was written longest ago. */
  get oldest (): Row | undefined {
    return this.#oldest
  }

  /** Enter a row that was written now. */
  append (row: Row): void {
    row.older = this.#newest
    if (this.#newest == null) {
      this.#oldest = row
    } else {
      this.#newest.newer = row
    }
    this.#newest = row
    this.size++
  }

  /** Take out a row of this provider. */
  remove ({ older, newer }: Row): void {
    if (older == null) {
      this.#oldest = newer
    } else {
      older.newer = newer
    }
    if (newer == null) {
      this.#newest = older
    } else {
      newer.older = older
    }
    this.size--
  }

  /** Its rows, the one written longest ago first. */
  * rows (): Generator<Row> {
    for (let row = this.#oldest; row != null; row = row.newer) {
      yield row
    }
  }
}
