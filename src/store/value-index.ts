import { StoreFullError } from './errors.ts'
import { MAX_VALUE_BYTES, MAX_VALUES } from './limits.ts'
import { TimeHeap } from './time-heap.ts'
import type { Timed } from './time-heap.ts'

/** How much a value store takes. */
export interface ValueLimits {
  /** Values kept. Default: {@link MAX_VALUES}. */
  readonly maxValues?: number
  /** Bytes of keys and values kept. Default: {@link MAX_VALUE_BYTES}. */
  readonly maxBytes?: number
}

/** What an index knows of a value; its `time` is when it expires. Each write makes another entry. */
export interface ValueEntry extends Timed {
  /** The record key, by `bytesToMapKey`. */
  readonly id: string
  /** Bytes of key and value. */
  readonly bytes: number
}

/** Which values a store holds, how large they are and when they expire, so that neither needs its rows. */
export class ValueIndex {
  readonly #maxValues: number
  readonly #maxBytes: number
  readonly #entries = new Map<string, ValueEntry>()
  readonly #byExpiry = new TimeHeap<ValueEntry>()
  #bytes = 0
  /** For values that are being written. */
  readonly #reserved = { values: 0, bytes: 0 }
  #sequence = 0

  constructor (limits: ValueLimits = {}) {
    this.#maxValues = limits.maxValues ?? MAX_VALUES
    this.#maxBytes = limits.maxBytes ?? MAX_VALUE_BYTES
  }

  get (id: string): ValueEntry | undefined {
    return this.#entries.get(id)
  }

  entries (): Iterable<ValueEntry> {
    return this.#entries.values()
  }

  /** Enter a value that was written, in place of the one before. */
  set (id: string, bytes: number, expires: number): void {
    this.delete(id)
    const entry = { id, bytes, time: expires, sequence: this.#sequence++, place: -1 }
    this.#entries.set(id, entry)
    this.#byExpiry.add(entry)
    this.#bytes += bytes
  }

  delete (id: string): void {
    const entry = this.#entries.get(id)
    if (entry != null) {
      this.#entries.delete(id)
      this.#byExpiry.remove(entry)
      this.#bytes -= entry.bytes
    }
  }

  /** The values that are no longer served at `now`, first expired first. */
  expired (now: number): ValueEntry[] {
    return this.#byExpiry.upTo(now)
  }

  /** Is there room for a value of `bytes` bytes? A smaller one may always replace a larger. */
  fits (id: string, bytes: number): boolean {
    const growth = this.#growth(id, bytes)
    return (growth.values === 0 || this.#entries.size + this.#reserved.values + growth.values <= this.#maxValues) &&
      (growth.bytes === 0 || this.#bytes + this.#reserved.bytes + growth.bytes <= this.#maxBytes)
  }

  /**
   * Keep room for a value that is about to be written.
   *
   * @returns gives the room back; to be called when the value is in the index, or its writing failed
   * @throws {StoreFullError} there is none
   */
  reserve (id: string, bytes: number): () => void {
    if (!this.fits(id, bytes)) {
      throw new StoreFullError(`the value store is full: ${this.#entries.size} of ${this.#maxValues} values, ${this.#bytes} of ${this.#maxBytes} bytes`)
    }
    const growth = this.#growth(id, bytes)
    this.#reserved.values += growth.values
    this.#reserved.bytes += growth.bytes
    return () => {
      this.#reserved.values -= growth.values
      this.#reserved.bytes -= growth.bytes
    }
  }

  #growth (id: string, bytes: number): { values: number, bytes: number } {
    const old = this.#entries.get(id)
    return old == null ? { values: 1, bytes } : { values: 0, bytes: Math.max(0, bytes - old.bytes) }
  }
}
