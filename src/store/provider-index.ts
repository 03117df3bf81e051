import { Heap } from '../clock/heap.ts'
import { isEarlier, TimeHeap } from '../clock/time-heap.ts'
import { checkedLimits, LIGHT_PARTS, MAX_PROVIDED_KEYS, MAX_PROVIDER_ROWS, MAX_PROVIDERS_PER_KEY, PEER_PARTS } from './limits.ts'
import { Provider } from './provider.ts'
import type { ProviderCounts } from './provider-store.ts'
import type { Row } from './provider.ts'

/** How many provider records of others a store takes. Beyond that the oldest of whoever has the most gives way; of one multihash, half the places are for those who have provided it longest. */
export interface ProviderLimits {
  /** Records. Default: 262,144. */
  readonly maxRows?: number | undefined
  /** Multihashes. Default: 65,536. */
  readonly maxKeys?: number | undefined
  /** Records of one multihash. Default: 64. */
  readonly maxPerKey?: number | undefined
  /** Records of one provider. Default: a quarter of the smaller of `maxRows` and `maxKeys`, which is 16,384 by default. */
  readonly maxPerPeer?: number | undefined
}

/** A provider record: multihash and id by `bytesToMapKey`, and when it was written. */
export interface ProviderRow {
  readonly key: string
  readonly provider: string
  /** Milliseconds since the Unix epoch. */
  readonly added: number
}

/**
 * Who provides what since when, without addresses. The records of others are bounded;
 * our own are neither counted nor dropped.
 *
 * Who floods a store displaces itself. When there are too many records, one of the
 * provider with the most gives way: its oldest. Providers with few records (see
 * {@link LIGHT_PARTS}) are all alike: among them the oldest record gives way, wherever it is.
 *
 * Of one multihash half the places are for those who have provided it for longest
 * without a break, however much else they provide: newcomers flush nobody who keeps
 * providing (for the same reason buckets prefer old contacts: Kademlia paper, §2.2).
 * Among the others it is as above, so that the latest are there nonetheless. How long that is
 * no row tells: once they were read from a datastore, it counts from when each was written last.
 */
export class ProviderIndex {
  readonly #self: string | undefined
  readonly #limits: Required<ProviderLimits>
  /** Up to so many records a provider is light. */
  readonly #light: number
  /** Rows of others by multihash, none of them empty, the oldest of each first. */
  readonly #rowsOf = new Map<string, Row[]>()
  readonly #oldest = new TimeHeap<Row>()
  /** Others who provide something. */
  readonly #providers = new Map<string, Provider>()
  /** Those who are not light. */
  readonly #heavy = new Heap<Provider>(isHeavier)
  /** What we provide, and since when. */
  readonly #own = new Map<string, number>()
  readonly #evicted = { rows: 0, keys: 0, perKey: 0, perPeer: 0 }
  #sequence = 0

  /**
   * `self`: our own id, by `bytesToMapKey`.
   *
   * @throws {RangeError} a limit is neither a whole number from 0 nor Infinity
   */
  constructor (self: string | undefined, limits: ProviderLimits = {}) {
    const { maxRows = MAX_PROVIDER_ROWS, maxKeys = MAX_PROVIDED_KEYS, maxPerKey = MAX_PROVIDERS_PER_KEY } = limits
    const room = Math.min(maxRows, maxKeys)
    this.#self = self
    this.#limits = checkedLimits({ maxRows, maxKeys, maxPerKey, maxPerPeer: limits.maxPerPeer ?? Math.ceil(room / PEER_PARTS) })
    this.#light = Math.floor(room / LIGHT_PARTS)
  }

  /** How much there is, and what has given way. */
  get counts (): Omit<ProviderCounts, 'expired' | 'corrupt'> {
    return {
      rows: this.#oldest.size,
      own: this.#own.size,
      keys: this.#rowsOf.size,
      providers: this.#providers.size,
      evicted: { ...this.#evicted }
    }
  }

  /** Enter a row, in place of the same provider's one before, and return those that gave way. */
  add ({ key, provider, added }: ProviderRow): ProviderRow[] {
    if (provider === this.#self) {
      this.#own.set(key, added)
      return []
    }
    const before = this.#find(key, provider)
    if (before != null) {
      this.#drop(before)
    }
    const row = this.#insert(key, provider, added, before?.sequence ?? this.#sequence++)
    return this.#overflowing(row).map(plain)
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

  /** The rows of one provider. */
  rowsBy (provider: string): ProviderRow[] {
    return provider === this.#self
      ? Array.from(this.#own, ([key, added]) => ({ key, provider, added }))
      : Array.from(this.#providers.get(provider)?.rows() ?? [], plain)
  }

  /** Does it provide anything? */
  has (provider: string): boolean {
    return provider === this.#self ? this.#own.size > 0 : this.#providers.has(provider)
  }

  #insert (key: string, id: string, added: number, sequence: number): Row {
    const rows = this.#rowsOf.get(key)
    const provider = this.#providers.get(id) ?? this.#enter(id)
    const row: Row = { key: rows?.[0].key ?? key, provider, time: added, sequence, place: -1, older: undefined, newer: undefined }
    if (rows == null) {
      this.#rowsOf.set(key, [row])
    } else {
      rows.splice(rows.findLastIndex(({ time }) => time <= added) + 1, 0, row)
    }
    this.#oldest.add(row)
    provider.append(row)
    this.#weigh(provider)
    return row
  }

  #enter (id: string): Provider {
    const provider = new Provider(id)
    this.#providers.set(id, provider)
    return provider
  }

  /** Drop what no longer has room beside the new `row`: maybe that. */
  #overflowing ({ key, provider }: Row): Row[] {
    const dropped: Row[] = []
    const drop = (row: Row | undefined, reason: keyof ProviderCounts['evicted']): void => {
      if (row != null) {
        dropped.push(this.#drop(row))
        this.#evicted[reason]++
      }
    }
    if (provider.size > this.#limits.maxPerPeer) {
      drop(provider.oldest, 'perPeer')
    }
    const rows = this.#rowsOf.get(key) ?? []
    if (rows.length > this.#limits.maxPerKey) {
      drop(this.#crowdedOut(rows), 'perKey')
    }
    for (let limit = this.#overrun(); limit != null; limit = this.#overrun()) {
      drop(this.#heavy.first()?.oldest ?? this.#oldest.first(), limit)
    }
    return dropped
  }

  #overrun (): 'rows' | 'keys' | undefined {
    if (this.#oldest.size > this.#limits.maxRows) {
      return 'rows'
    }
    return this.#rowsOf.size > this.#limits.maxKeys ? 'keys' : undefined
  }

  /** Which of the rows of one multihash gives way? */
  #crowdedOut (rows: readonly Row[]): Row | undefined {
    const later = rows.map(({ sequence }) => sequence).sort((a, b) => a - b)[this.#limits.maxPerKey >>> 1]
    const others = rows.filter(({ sequence }) => sequence >= later)
    const most = others.reduce((most, { provider: { size } }) => Math.max(most, size), 0)
    return others.find(({ provider: { size } }) => most <= this.#light || size === most)
  }

  #find (key: string, provider: string): Row | undefined {
    return this.#rowsOf.get(key)?.find(row => row.provider.id === provider)
  }

  #drop (row: Row): Row {
    const rows = this.#rowsOf.get(row.key) ?? []
    if (rows.length > 1) {
      rows.splice(rows.indexOf(row), 1)
    } else {
      this.#rowsOf.delete(row.key)
    }
    this.#oldest.remove(row)
    row.provider.remove(row)
    if (row.provider.size === 0) {
      this.#providers.delete(row.provider.id)
    }
    this.#weigh(row.provider)
    return row
  }

  /** Put a provider where it belongs now that its rows have changed. */
  #weigh (provider: Provider): void {
    if (provider.size <= this.#light) {
      this.#heavy.remove(provider)
    } else if (provider.place < 0) {
      this.#heavy.add(provider)
    } else {
      this.#heavy.move(provider)
    }
  }
}

/** Has it more rows? Of as many, an older one? */
function isHeavier (a: Provider, b: Provider): boolean {
  if (a.size !== b.size || a.oldest == null || b.oldest == null) {
    return a.size > b.size
  }
  return isEarlier(a.oldest, b.oldest)
}

function plain ({ key, provider, time }: Row): ProviderRow {
  return { key, provider: provider.id, added: time }
}
