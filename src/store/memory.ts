import { bytesToMapKey } from '../keyspace/key.ts'
import { IndexedProviderStore } from './indexed-providers.ts'
import { IndexedValueStore } from './indexed-values.ts'
import { MemoryProviderRows } from './memory-provider-rows.ts'
import { ProviderIndex } from './provider-index.ts'
import { ValueIndex } from './value-index.ts'
import type { ProviderStoreOptions } from './indexed-providers.ts'
import type { ValueRows } from './indexed-values.ts'
import type { ProviderLimits } from './provider-index.ts'
import type { ValueLimits } from './value-index.ts'
import type { StoredValue } from './value-store.ts'
import type { Clock } from '../clock/clock.ts'

export type { ValueLimits } from './value-index.ts'

/** Values in memory. Expired ones make room; live ones never do. */
export class MemoryValueStore extends IndexedValueStore {
  /** @throws {RangeError} a limit is neither a whole number from 0 nor Infinity */
  constructor (clock: Clock, limits?: ValueLimits) {
    super({ clock, rows: memoryValueRows(), index: new ValueIndex(limits) })
  }
}

/** How a {@link MemoryProviderStore} keeps records. */
export interface MemoryProviderStoreInit extends ProviderStoreOptions {
  /** Our own id: what we provide ourselves is never dropped. Default: nobody's. */
  readonly self?: Uint8Array | undefined
  /** How many records there may be. */
  readonly limits?: ProviderLimits | undefined
}

/** Provider records in memory. Those of the providers with the most make room for new ones. */
export class MemoryProviderStore extends IndexedProviderStore {
  /** @throws {RangeError} a limit is neither a whole number from 0 nor Infinity */
  constructor (clock: Clock, { self, limits, ...options }: MemoryProviderStoreInit = {}) {
    const index = new ProviderIndex(self == null ? undefined : bytesToMapKey(self), limits)
    super({ ...options, clock, rows: new MemoryProviderRows(), index })
  }
}

function memoryValueRows (): ValueRows {
  const values = new Map<string, StoredValue>()
  return {
    async get (key) { return values.get(bytesToMapKey(key)) },
    async has (key) { return values.has(bytesToMapKey(key)) },
    async put (value) { values.set(bytesToMapKey(value.key), value) },
    async delete (key) { values.delete(bytesToMapKey(key)) }
  }
}
