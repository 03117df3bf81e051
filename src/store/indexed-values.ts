import { bytesToMapKey } from '../keyspace/key.ts'
import { dropEach } from './collecting.ts'
import { CorruptRowError } from './errors.ts'
import { noLog } from './log.ts'
import { mapKeyToBytes } from './map-key.ts'
import { Turns } from './turns.ts'
import type { Log } from './log.ts'
import type { RowTally } from './row-tally.ts'
import type { Room, ValueEntry, ValueIndex } from './value-index.ts'
import type { PutValueOptions, StoredValue, ValueCounts, ValueLife, ValueStore } from './value-store.ts'
import type { Clock } from '../clock/clock.ts'

/** Where the values of an {@link IndexedValueStore} lie. Writes to one key come one after the other. */
export interface ValueRows {
  /**
   * The row at `key`, undefined if there is none.
   *
   * @throws {CorruptRowError} it cannot be read
   */
  get (key: Uint8Array): Promise<StoredValue | undefined>
  /** Is there a row at `key`? */
  has (key: Uint8Array): Promise<boolean>
  /** `isOfPeer`: it counts against a peer, who made us keep it. */
  put (value: StoredValue, isOfPeer: boolean): Promise<void>
  delete (key: Uint8Array): Promise<void>
}

export interface IndexedValueStoreInit {
  readonly clock: Clock
  readonly rows: ValueRows
  /** What lies in `rows` already. */
  readonly index: ValueIndex
  readonly log?: Log
  /** May others write rows too? Then one that the index lacks is looked for. Default false. */
  readonly shared?: boolean
  /** What was dropped when they were read. Counted on. Default: nothing. */
  readonly tally?: RowTally
}

/**
 * What all value stores have in common: limits, expiry, and an index by which a value
 * that is not there costs no read. Expired values make room; live ones never do.
 */
export class IndexedValueStore implements ValueStore {
  readonly #clock: Clock
  readonly #rows: ValueRows
  readonly #index: ValueIndex
  readonly #log: Log
  readonly #shared: boolean
  readonly #tally: RowTally
  readonly #turns = new Turns()

  constructor ({ clock, rows, index, log = noLog, shared = false, tally = { expired: 0, corrupt: 0 } }: IndexedValueStoreInit) {
    this.#tally = tally
    this.#shared = shared
    this.#clock = clock
    this.#rows = rows
    this.#index = index
    this.#log = log
  }

  get counts (): ValueCounts {
    return { ...this.#index.counts, ...this.#tally }
  }

  async get (key: Uint8Array): Promise<StoredValue | undefined> {
    const entry = this.#index.get(bytesToMapKey(key))
    if (entry != null && entry.time > this.#clock.now()) {
      return this.#read(key, entry)
    }
    return this.#shared ? this.#readForeign(key) : undefined
  }

  async put (value: StoredValue, { from }: PutValueOptions = {}): Promise<void> {
    const wanted = { ...roomOf(value), from: from == null ? undefined : bytesToMapKey(from) }
    await this.#turns.take(wanted.id, async () => {
      const room = this.#index.roomFor(wanted, this.#clock.now())
      await this.#makeRoom(room)
      const release = this.#index.reserve(room)
      try {
        await this.#rows.put(value, room.from != null)
        this.#index.set(room, value.expires)
      } finally {
        release()
      }
    })
  }

  /** Forget the value at `key`. Harmless if there is none. */
  async delete (key: Uint8Array): Promise<void> {
    const id = bytesToMapKey(key)
    await this.#turns.take(id, async () => {
      if (this.#index.get(id) != null) {
        await this.#rows.delete(key)
        this.#index.delete(id)
      }
    })
  }

  async * values (): AsyncGenerator<StoredValue> {
    for (const { id } of [...this.#index.entries()]) { // those of now: a value that is written anew comes once
      const value = await this.get(mapKeyToBytes(id))
      if (value != null) {
        yield value
      }
    }
  }

  * lives (): Generator<ValueLife> {
    for (const { id } of [...this.#index.entries()]) {
      const expires = this.#index.get(id)?.time // it may be written anew meanwhile
      if (expires != null && expires > this.#clock.now()) {
        yield { key: mapKeyToBytes(id), expires }
      }
    }
  }

  /**
   * Drop the values that have expired.
   *
   * @returns how many
   */
  async collect (): Promise<number> {
    return dropEach(this.#clock, this.#index.expired(this.#clock.now()), async entry => this.#drop(entry))
  }

  async #read (key: Uint8Array, entry: ValueEntry): Promise<StoredValue | undefined> {
    try {
      const value = await this.#rows.get(key)
      if (value == null) {
        throw new CorruptRowError('somebody else has deleted it')
      }
      return value.expires > this.#clock.now() ? value : undefined
    } catch (err) {
      if (!(err instanceof CorruptRowError)) {
        throw err
      }
      await this.#discard(key, entry, err)
      return undefined
    }
  }

  /** A row that somebody else has written: if there is room it counts as ours from now on. */
  async #readForeign (key: Uint8Array): Promise<StoredValue | undefined> {
    const id = bytesToMapKey(key)
    return this.#turns.take(id, async () => {
      const value = await this.#foreignRow(key)
      if (value != null && this.#index.get(id)?.time !== value.expires && this.#index.fits(roomOf(value))) {
        this.#index.set(roomOf(value), value.expires)
      }
      return value
    })
  }

  async #foreignRow (key: Uint8Array): Promise<StoredValue | undefined> {
    try {
      // most are not there
      const value = await this.#rows.has(key) ? await this.#rows.get(key) : undefined
      return value != null && value.expires > this.#clock.now() ? value : undefined
    } catch (err) {
      if (!(err instanceof CorruptRowError)) {
        throw err
      }
      this.#log('a row of somebody else at %b cannot be read: %e', key, err)
      return undefined
    }
  }

  /** Drop expired values until there is room. Those that somebody works on are left: it could wait for us. */
  async #makeRoom (room: Room): Promise<void> {
    const now = this.#clock.now()
    const left: ValueEntry[] = []
    try {
      // one at a time: most often one is enough, and there may be tens of thousands
      for (let entry = this.#index.firstExpired(now); entry != null && !this.#index.fits(room); entry = this.#index.firstExpired(now)) {
        if (!this.#turns.isFree(entry.id) || !await this.#drop(entry)) {
          this.#index.setAside(entry)
          left.push(entry)
        }
      }
    } finally {
      left.forEach(entry => { this.#index.putBack(entry) })
    }
  }

  /** Drop a value, unless it was written anew. One that cannot be deleted stays, for the next time. */
  async #drop (entry: ValueEntry): Promise<boolean> {
    return this.#turns.take(entry.id, async () => {
      if (this.#index.get(entry.id) !== entry) {
        return false
      }
      const key = mapKeyToBytes(entry.id)
      try {
        const foreign = this.#shared ? await this.#foreignRow(key) : undefined
        if (foreign != null) { // somebody else wrote it anew
          this.#index.set(roomOf(foreign), foreign.expires)
          return false
        }
        if (!this.#shared || entry.from != null) { // else it may be of use to whoever wrote it
          await this.#rows.delete(key)
        }
      } catch (err) {
        this.#log('an expired value stays: %e', err)
        return false
      }
      this.#index.delete(entry.id)
      this.#tally.expired++
      return true
    })
  }

  /** Let go of a row that cannot be read, unless it was written anew. */
  async #discard (key: Uint8Array, entry: ValueEntry, reason: CorruptRowError): Promise<void> {
    await this.#turns.take(entry.id, async () => {
      if (this.#index.get(entry.id) !== entry) {
        return
      }
      this.#index.delete(entry.id)
      this.#tally.corrupt++
      this.#log('dropping the corrupt value at %b: %e', key, reason)
      try {
        await this.#rows.delete(key)
      } catch (err) {
        this.#log('a corrupt value stays, unused: %e', err)
      }
    })
  }
}

/** What a value takes, and counts against nobody. */
export function roomOf ({ key, value }: Pick<StoredValue, 'key' | 'value'>): Room {
  return { id: bytesToMapKey(key), bytes: key.byteLength + value.byteLength }
}
