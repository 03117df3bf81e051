import { sameKey } from '../keyspace/distance.ts'
import { headOf } from '../keyspace/key-head.ts'
import type { MutableEntry } from './table-entry.ts'
import type { Key } from '../keyspace/key.ts'

/**
 * Entries, least recently seen first. Beside them lie the heads of their keys: looking through these
 * touches one short array, and not the entries and their keys, which lie anywhere in memory.
 */
export class EntryList {
  readonly #entries: MutableEntry[] = []
  readonly #heads: number[] = []
  /** Where the least recently seen is: elsewhere than at 0 only after `replaceFirst`. */
  #first = 0

  get length (): number {
    return this.#entries.length
  }

  get entries (): readonly MutableEntry[] {
    this.#straighten()
    return this.#entries
  }

  /** {@link headOf} the key of each entry. */
  get heads (): readonly number[] {
    this.#straighten()
    return this.#heads
  }

  get (key: Key): MutableEntry | undefined {
    const index = this.#indexOf(key)
    return index === -1 ? undefined : this.#entries[index]
  }

  /** Add one that was seen last. */
  push (entry: MutableEntry): void {
    this.#straighten()
    this.#entries.push(entry)
    this.#heads.push(headOf(entry.key))
  }

  /** The same, in the room of the least recently seen. Nothing is moved: who floods us does this all the time. */
  replaceFirst (entry: MutableEntry): void {
    this.#entries[this.#first] = entry
    this.#heads[this.#first] = headOf(entry.key)
    this.#first = (this.#first + 1) % this.#entries.length
  }

  /** Put an entry where its `lastSeen` demands. */
  insert (entry: MutableEntry): void {
    this.#straighten()
    let index = this.#entries.length
    while (index > 0 && this.#entries[index - 1].lastSeen > entry.lastSeen) {
      index--
    }
    this.#entries.splice(index, 0, entry)
    this.#heads.splice(index, 0, headOf(entry.key))
  }

  /** Take out the entry of that key; undefined if it is not here. */
  remove (key: Key): MutableEntry | undefined {
    this.#straighten()
    const index = this.#indexOf(key)
    if (index === -1) {
      return undefined
    }
    this.#heads.splice(index, 1)
    return this.#entries.splice(index, 1)[0]
  }

  /** Take out the one that was seen last; undefined if there is none. */
  pop (): MutableEntry | undefined {
    this.#straighten()
    this.#heads.pop()
    return this.#entries.pop()
  }

  /** The entry of that key, which is now the one that was seen last; undefined if it is not here. */
  toTail (key: Key): MutableEntry | undefined {
    if (this.#indexOf(key) === -1) {
      return undefined
    }
    this.#straighten()
    const index = this.#indexOf(key)
    moveToTail(this.#heads, index)
    return moveToTail(this.#entries, index)
  }

  #indexOf (key: Key): number {
    const heads = this.#heads
    const head = headOf(key)
    // from the tail: who answered last is the likeliest to answer next
    for (let i = heads.length - 1; i >= 0; i--) {
      if (heads[i] === head && sameKey(this.#entries[i].key, key)) {
        return i
      }
    }
    return -1
  }

  #straighten (): void {
    if (this.#first > 0) {
      this.#entries.push(...this.#entries.splice(0, this.#first))
      this.#heads.push(...this.#heads.splice(0, this.#first))
      this.#first = 0
    }
  }
}

function moveToTail<T> (items: T[], index: number): T {
  const item = items[index]
  for (let i = index + 1; i < items.length; i++) {
    items[i - 1] = items[i]
  }
  items[items.length - 1] = item
  return item
}
