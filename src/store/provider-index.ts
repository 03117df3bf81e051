import { MAX_PROVIDED_KEYS, MAX_PROVIDER_ROWS, MAX_PROVIDERS_PER_KEY } from './limits.ts'
import { TimeHeap } from './time-heap.ts'
import type { Timed } from './time-heap.ts'

/** How many provider records of others a store takes. The oldest give way. */
export interface ProviderLimits {
  /** Records. Default: {@link MAX_PROVIDER_ROWS}. */
  readonly maxRows?: number
  /** Multihashes. Default: {@link MAX_PROVIDED_KEYS}. */
  readonly maxKeys?: number
  /** Records of one multihash. Default: {@link MAX_PROVIDERS_PER_KEY}. */
  readonly maxPerKey?: number
}

/** A provider record: multihash and id by `bytesToMapKey`, and when it was written. */
export interface ProviderRow {
  readonly key: string
  readonly provider: string
  /** Milliseconds since the Unix epoch. */
  readonly added: number
}

/** Rows of one provider share it, and with it its id. */
interface Provider {
  readonly id: string
  rows: number
}

/** A row as it is kept; its `time` is when it was written. */
interface Row extends Timed {
  readonly key: string
  readonly provider: Provider
}

/**
 * Who provides what since when, without addresses. The records of others are bounded,
 * and the oldest give way, wherever they are; our own are neither counted nor dropped.
 */
export class ProviderIndex {
  readonly #self: string | undefined
  readonly #limits: Required<ProviderLimits>
  /** Rows of others by multihash, none of them empty, the oldest of each first. */
  readonly #rowsOf = new Map<string, Row[]>()
  readonly #oldest = new TimeHeap<Row>()
  /** Others who provide something. */
  readonly #providers = new Map<string, Provider>()
  /** What we provide, and since when. */
  readonly #own = new Map<string, number>()
  #sequence = 0

  /** `self`: our own id, by `bytesToMapKey`. */
  constructor (self: string | undefined, limits: ProviderLimits = {}) {
    this.#self = self
    this.#limits = {
      maxRows: limits.maxRows ?? MAX_PROVIDER_ROWS,
      maxKeys: limits.maxKeys ?? MAX_PROVIDED_KEYS,
      maxPerKey: limits.maxPerKey ?? MAX_PROVIDERS_PER_KEY
    }
  }

  /** Enter a row, in place of the same provider's one before, and return those that gave way. */
  add ({ key, provider, added }: ProviderRow): ProviderRow[] {
    if (provider === this.#self) {
      this.#own.set(key, added)
      return []
    }
    this.delete(key, provider)
    return this.#overflowing(this.#insert(key, provider, added))
  }

  /** Take a row out. Harmless if there is none. */
  delete (key: string, provider: string): void {
    if (provider === this.#self) {
      this.#own.delete(key)
      return
    }
    const row = this.#find(key, provider)
    if (row != null) {
      this.#drop(row)
    }
  }

  /** When the row was written, undefined if there is none. */
  added (key: string, provider: string): number | undefined {
    return provider === this.#self ? this.#own.get(key) : this.#find(key, provider)?.time
  }

  /** The rows of a multihash, latest first; of the same time ours first. */
  rowsOf (key: string): ProviderRow[] {
    const rows = (this.#rowsOf.get(key) ?? []).map(plain)
    const own = this.#own.get(key)
    if (own != null && this.#self != null) {
      rows.splice(rows.findLastIndex(({ added }) => added <= own) + 1, 0, { key, provider: this.#self, added: own })
    }
    return rows.reverse()
  }

  /** The rows of others from `time` and before, oldest first. */
  upTo (time: number): ProviderRow[] {
    return this.#oldest.upTo(time).map(plain)
  }

  /** The rows of one provider. Of others than ourselves this looks at every multihash. */
  rowsBy (provider: string): ProviderRow[] {
    if (provider === this.#self) {
      return Array.from(this.#own, ([key, added]) => ({ key, provider, added }))
    }
    if (!this.#providers.has(provider)) {
      return []
    }
    return Array.from(this.#rowsOf.values()).flatMap(rows => rows.filter(row => row.provider.id === provider).map(plain))
  }

  /** Does it provide anything? */
  has (provider: string): boolean {
    return provider === this.#self ? this.#own.size > 0 : this.#providers.has(provider)
  }

  #insert (key: string, id: string, added: number): Row[] {
    const rows = this.#rowsOf.get(key) ?? []
    const provider = this.#providers.get(id) ?? { id, rows: 0 }
    provider.rows++
    this.#providers.set(id, provider)
    // rows of one multihash share one string
    const row = { key: rows[0]?.key ?? key, provider, time: added, sequence: this.#sequence++, place: -1 }
    this.#rowsOf.set(row.key, rows)
    rows.splice(rows.findLastIndex(({ time }) => time <= added) + 1, 0, row)
    this.#oldest.add(row)
    return rows
  }

  #overflowing (rows: Row[]): ProviderRow[] {
    const { maxPerKey, maxRows, maxKeys } = this.#limits
    const dropped: Row[] = []
    if (rows.length > maxPerKey) {
      dropped.push(this.#drop(rows[0]))
    }
    for (let first = this.#oldest.first(); first != null && (this.#oldest.size > maxRows || this.#rowsOf.size > maxKeys); first = this.#oldest.first()) {
      dropped.push(this.#drop(first))
    }
    return dropped.map(plain)
  }

  #find (key: string, provider: string): Row | undefined {
    return this.#rowsOf.get(key)?.find(row => row.provider.id === provider)
  }

  #drop (row: Row): Row {
    const rows = this.#rowsOf.get(row.key) ?? []
    rows.splice(rows.indexOf(row), 1)
    if (rows.length === 0) {
      this.#rowsOf.delete(row.key)
    }
    this.#oldest.remove(row)
    row.provider.rows--
    if (row.provider.rows === 0) {
      this.#providers.delete(row.provider.id)
    }
    return row
  }
}

function plain ({ key, provider, time }: Row): ProviderRow {
  return { key, provider: provider.id, added: time }
}
