import { bytesToMapKey } from '../keyspace/key.ts'
import { StoreFullError } from './errors.ts'
import { MAX_PROVIDED_KEYS, MAX_PROVIDERS_PER_KEY, MAX_VALUE_BYTES, MAX_VALUES, PROVIDER_ADDRS_TTL_MS, PROVIDER_TTL_MS } from './limits.ts'
import type { ProviderStore } from './provider-store.ts'
import type { StoredValue, ValueStore } from './value-store.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** How much a {@link MemoryValueStore} takes. */
export interface ValueLimits {
  /** Values kept. Default: {@link MAX_VALUES}. */
  readonly maxValues?: number
  /** Bytes of keys and values kept. Default: {@link MAX_VALUE_BYTES}. */
  readonly maxBytes?: number
}

/** Values in memory, least recently written first. Expired rows make room; live ones never do. */
export class MemoryValueStore implements ValueStore {
  readonly #clock: Clock
  readonly #maxValues: number
  readonly #maxBytes: number
  readonly #rows = new Map<string, StoredValue>()
  #bytes = 0

  constructor (clock: Clock, limits: ValueLimits = {}) {
    this.#clock = clock
    this.#maxValues = limits.maxValues ?? MAX_VALUES
    this.#maxBytes = limits.maxBytes ?? MAX_VALUE_BYTES
  }

  async get (key: Uint8Array): Promise<StoredValue | undefined> {
    const row = this.#rows.get(bytesToMapKey(key))
    return row != null && this.#lives(row) ? row : undefined
  }

  async put (value: StoredValue): Promise<void> {
    const id = bytesToMapKey(value.key)
    const old = this.#rows.get(id)
    if (!this.#fits(value, old)) {
      this.#collect()
      if (!this.#fits(value, this.#rows.get(id))) {
        throw new StoreFullError(`the value store is full: ${this.#rows.size} of ${this.#maxValues} values, ${this.#bytes} of ${this.#maxBytes} bytes`)
      }
    }
    this.#drop(id)
    this.#rows.set(id, value)
    this.#bytes += weight(value)
  }

  async * values (): AsyncGenerator<StoredValue> {
    for (const row of this.#rows.values()) {
      if (this.#lives(row)) {
        yield row
      }
    }
  }

  #lives (row: StoredValue): boolean {
    return row.expires > this.#clock.now()
  }

  #fits (value: StoredValue, old: StoredValue | undefined): boolean {
    const rows = this.#rows.size + (old == null ? 1 : 0)
    const bytes = this.#bytes + weight(value) - (old == null ? 0 : weight(old))
    return rows <= this.#maxValues && bytes <= this.#maxBytes
  }

  #collect (): void {
    for (const [id, row] of this.#rows) {
      if (!this.#lives(row)) {
        this.#drop(id)
      }
    }
  }

  #drop (id: string): void {
    const row = this.#rows.get(id)
    if (row != null) {
      this.#rows.delete(id)
      this.#bytes -= weight(row)
    }
  }
}

function weight ({ key, value }: StoredValue): number {
  return key.byteLength + value.byteLength
}

interface ProviderRow {
  readonly peer: PeerInfo
  readonly added: number
}

/** Provider records in memory. The key provided for longest ago gives way to a new one. */
export class MemoryProviderStore implements ProviderStore {
  readonly #clock: Clock
  /** Both maps keep what was added last at their end. */
  readonly #providersOf = new Map<string, Map<string, ProviderRow>>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  async add (key: Uint8Array, provider: PeerInfo): Promise<void> {
    const id = bytesToMapKey(key)
    const rows = this.#providersOf.get(id) ?? new Map<string, ProviderRow>()
    append(this.#providersOf, id, rows, MAX_PROVIDED_KEYS)
    append(rows, bytesToMapKey(provider.id), { peer: provider, added: this.#clock.now() }, MAX_PROVIDERS_PER_KEY)
  }

  async get (key: Uint8Array): Promise<PeerInfo[]> {
    const rows = this.#providersOf.get(bytesToMapKey(key))
    if (rows == null) {
      return []
    }
    const now = this.#clock.now()
    return [...rows.values()]
      .filter(row => now < row.added + PROVIDER_TTL_MS)
      .map(({ peer, added }) => now < added + PROVIDER_ADDRS_TTL_MS ? peer : { id: peer.id, addrs: [] })
      .reverse()
  }
}

/** Set a row as the map's last, and let go of its first when it grows beyond `max`. */
function append<V> (map: Map<string, V>, id: string, value: V, max: number): void {
  map.delete(id)
  map.set(id, value)
  const [first] = map.size > max ? map.keys() : []
  if (first != null) {
    map.delete(first)
  }
}
