import { bytesToMapKey } from '../keyspace/key.ts'
import { dropEach } from './collecting.ts'
import { PROVIDER_ADDRS_TTL_MS, PROVIDER_TTL_MS } from './limits.ts'
import { noLog } from './log.ts'
import { mapKeyToBytes } from './map-key.ts'
import { savable } from './saved-peers.ts'
import { Turns } from './turns.ts'
import type { Log } from './log.ts'
import type { ProviderIndex, ProviderRow } from './provider-index.ts'
import type { KnownAddrs } from './provider-row.ts'
import type { ProvidedKey, ProviderCounts, ProviderStore } from './provider-store.ts'
import type { RowTally } from './row-tally.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** How long the rows of a provider store are good, and who else knows addresses. */
export interface ProviderStoreOptions {
  /** Milliseconds that a record lives. Default 48 h. */
  readonly validity?: number | undefined
  /** Milliseconds that a provider's addresses are believed. Default 24 h. */
  readonly addrsValidity?: number | undefined
  /** Binary multiaddrs of a peer of which no address is known here. Its failure is as good as no address. */
  addrsOf? (id: Uint8Array): Promise<readonly Uint8Array[]>
  /** Gets a line for what fails without spoiling an answer. */
  readonly log?: Log | undefined
}

/** Where the rows of an {@link IndexedProviderStore} lie. Writes about one provider come one after the other. */
export interface ProviderRows {
  put (key: Uint8Array, id: Uint8Array, added: number): Promise<void>
  delete (key: Uint8Array, id: Uint8Array): Promise<void>
  /** Undefined if none are known. */
  getAddrs (id: Uint8Array): Promise<KnownAddrs | undefined>
  putAddrs (id: Uint8Array, known: KnownAddrs): Promise<void>
  /** Harmless if there are none. */
  deleteAddrs (id: Uint8Array): Promise<void>
}

export interface IndexedProviderStoreInit extends ProviderStoreOptions {
  readonly clock: Clock
  readonly rows: ProviderRows
  /** What lies in `rows` already. */
  readonly index: ProviderIndex
  /** What was dropped when they were read. Counted on. Default: nothing. */
  readonly tally?: RowTally
}

/**
 * What all provider stores have in common: limits and expiry, by an index of all
 * records; addresses, kept once for each provider and only while it provides something.
 */
export class IndexedProviderStore implements ProviderStore {
  readonly #init: IndexedProviderStoreInit
  readonly #validity: number
  readonly #addrsValidity: number
  readonly #log: Log
  readonly #tally: RowTally
  /** By provider, since its records and its addresses go together. */
  readonly #turns = new Turns()

  constructor (init: IndexedProviderStoreInit) {
    this.#init = init
    this.#validity = init.validity ?? PROVIDER_TTL_MS
    this.#addrsValidity = init.addrsValidity ?? PROVIDER_ADDRS_TTL_MS
    this.#log = init.log ?? noLog
    this.#tally = init.tally ?? { expired: 0, corrupt: 0 }
  }

  get counts (): ProviderCounts {
    return { ...this.#init.index.counts, ...this.#tally }
  }

  async add (key: Uint8Array, provider: PeerInfo, since?: number): Promise<void> {
    const { clock, rows, index } = this.#init
    const id = bytesToMapKey(provider.id)
    const { addrs } = savable(provider)
    const displaced = await this.#turns.take(id, async () => {
      const now = Math.floor(clock.now())
      const added = since ?? now
      if (addrs.length > 0) {
        await rows.putAddrs(provider.id, { time: now, addrs })
      }
      await rows.put(key, provider.id, added)
      return index.add({ key: bytesToMapKey(key), provider: id, added })
    })
    await this.deleteDisplaced(displaced)
  }

  async get (key: Uint8Array): Promise<PeerInfo[]> {
    const now = this.#init.clock.now()
    const live = this.#init.index.rowsOf(bytesToMapKey(key)).filter(({ added }) => now < added + this.#validity)
    return Promise.all(live.map(async ({ provider }) => {
      const id = mapKeyToBytes(provider)
      return { id, addrs: await this.#believedAddrs(id) }
    }))
  }

  async remove (key: Uint8Array, id: Uint8Array): Promise<void> {
    const row = { key: bytesToMapKey(key), provider: bytesToMapKey(id) }
    await this.#turns.take(row.provider, async () => {
      const added = this.#init.index.added(row.key, row.provider)
      if (added != null) {
        await this.#delete({ ...row, added })
      }
    })
  }

  providedBy (id: Uint8Array): Iterable<ProvidedKey> {
    return this.#init.index.rowsBy(bytesToMapKey(id)).map(({ key, added }) => ({ key: mapKeyToBytes(key), added }))
  }

  async collect (): Promise<number> {
    const { clock, index } = this.#init
    const dropped = await dropEach(clock, index.upTo(clock.now() - this.#validity), async row => this.#turns.take(row.provider, async () => this.#collectRow(row)))
    this.#tally.expired += dropped
    return dropped
  }

  /**
   * Delete rows that are no longer in the index, unless they have come back. Those that cannot be deleted give way at the next opening.
   *
   * @internal
   */
  async deleteDisplaced (displaced: readonly ProviderRow[]): Promise<void> {
    for (const row of displaced) {
      await this.#turns.take(row.provider, async () => {
        if (this.#init.index.added(row.key, row.provider) == null) {
          await this.#delete(row).catch(err => { this.#log('a displaced provider record stays: %e', err) })
        }
      })
    }
  }

  async #collectRow (row: ProviderRow): Promise<boolean> {
    if (this.#init.index.added(row.key, row.provider) !== row.added) {
      return false // it was written anew meanwhile
    }
    try {
      await this.#delete(row)
      return true
    } catch (err) {
      this.#log('an expired provider record stays: %e', err)
      return false
    }
  }

  async #delete ({ key, provider }: ProviderRow): Promise<void> {
    const { rows, index } = this.#init
    const id = mapKeyToBytes(provider)
    await rows.delete(mapKeyToBytes(key), id)
    index.delete(key, provider)
    if (!index.has(provider)) {
      await rows.deleteAddrs(id).catch(err => { this.#log('useless addresses stay until the next opening: %e', err) })
    }
  }

  async #believedAddrs (id: Uint8Array): Promise<readonly Uint8Array[]> {
    try {
      const known = await this.#init.rows.getAddrs(id)
      if (known != null && this.#init.clock.now() < known.time + this.#addrsValidity) {
        return known.addrs
      }
      return savable({ id, addrs: await this.#init.addrsOf?.(id) ?? [] }).addrs
    } catch (err) {
      this.#log('no addresses of provider %b: %e', id, err)
      return []
    }
  }
}
