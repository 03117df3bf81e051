import { TimeHeap } from '../clock/time-heap.ts'
import { StoreFullError } from './errors.ts'
import { checkedLimits, MAX_VALUE_BYTES, MAX_VALUES, PEER_PARTS } from './limits.ts'
import type { ValueCounts } from './value-store.ts'
import type { Timed } from '../clock/time-heap.ts'

/** How much a value store takes. */
export interface ValueLimits {
  /** Values kept. Default: 65,536. */
  readonly maxValues?: number | undefined
  /** Bytes of keys and values kept. Default: 256 MiB. */
  readonly maxBytes?: number | undefined
  /** Values kept of one peer. Default: a quarter of `maxValues`, which is 16,384 by default. */
  readonly maxPerPeer?: number | undefined
  /** Bytes of keys and values kept of one peer. Default: a quarter of `maxBytes`, which is 64 MiB by default. */
  readonly maxBytesPerPeer?: number | undefined
}

/** The place that a value takes. */
export interface Room {
  /** The record key, by `bytesToMapKey`. */
  readonly id: string
  /** Bytes of key and value. */
  readonly bytes: number
  /** The peer against which it counts, by `bytesToMapKey`. */
  readonly from?: string
}

/** What an index knows of a value; its `time` is when it expires. Each write makes another entry. */
export interface ValueEntry extends Timed, Room {}

/** How much there is of something. */
interface Amount {
  values: number
  bytes: number
}

/** What one peer made us keep, and what it is being written. Its values share the id. */
interface Share extends Amount {
  readonly id: string
}

/** Which values a store holds, how large they are, when they expire and on whose account they are there, so that none of it needs its rows. */
export class ValueIndex {
  readonly #limits: Required<ValueLimits>
  readonly #entries = new Map<string, ValueEntry>()
  readonly #byExpiry = new TimeHeap<ValueEntry>()
  /** By peer: those that made us keep something. */
  readonly #shares = new Map<string, Share>()
  #bytes = 0
  /** For values that are being written. */
  readonly #reserved: Amount = { values: 0, bytes: 0 }
  readonly #refused = { full: 0, perPeer: 0 }
  #sequence = 0

  /** @throws {RangeError} a limit is neither a whole number from 0 nor Infinity */
  constructor ({ maxValues = MAX_VALUES, maxBytes = MAX_VALUE_BYTES, maxPerPeer, maxBytesPerPeer }: ValueLimits = {}) {
    this.#limits = checkedLimits({
      maxValues,
      maxBytes,
      maxPerPeer: maxPerPeer ?? Math.ceil(maxValues / PEER_PARTS),
      maxBytesPerPeer: maxBytesPerPeer ?? Math.ceil(maxBytes / PEER_PARTS)
    })
  }

  /** How much there is, and what was refused. */
  get counts (): Omit<ValueCounts, 'expired' | 'corrupt'> {
    return { values: this.#entries.size, bytes: this.#bytes, refused: { ...this.#refused } }
  }

  get (id: string): ValueEntry | undefined {
    return this.#entries.get(id)
  }

  entries (): Iterable<ValueEntry> {
    return this.#entries.values()
  }

  /**
   * The room that a value will take when it replaces what is there at `now`. A live value
   * counts against whoever made us keep it first, until somebody makes it grow: nobody can
   * fill another's share, and a new version of a value that is no larger is never refused.
   */
  roomFor ({ id, bytes, from }: Room, now: number): Room {
    const old = this.#entries.get(id)
    return { id, bytes, from: old != null && old.time > now && bytes <= old.bytes ? old.from : from }
  }

  /** Enter a value that was written, in place of the one before. */
  set ({ id, bytes, from }: Room, expires: number): void {
    this.delete(id)
    const share = this.#charge(from, { values: 1, bytes })
    const entry = { id, bytes, from: share?.id, time: expires, sequence: this.#sequence++, place: -1 }
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
      this.#charge(entry.from, { values: -1, bytes: -entry.bytes })
    }
  }

  /** The values that are no longer served at `now`, first expired first. */
  expired (now: number): ValueEntry[] {
    return this.#byExpiry.upTo(now)
  }

  /** The first of them. */
  firstExpired (now: number): ValueEntry | undefined {
    const first = this.#byExpiry.first()
    return first == null || first.time > now ? undefined : first
  }

  /** Leave `entry` out of the expired, until it is put back. */
  setAside (entry: ValueEntry): void {
    this.#byExpiry.remove(entry)
  }

  /** Harmless if the value was written anew, or has gone, meanwhile, or somebody else has put it back. */
  putBack (entry: ValueEntry): void {
    if (entry.place < 0 && this.#entries.get(entry.id) === entry) {
      this.#byExpiry.add(entry)
    }
  }

  /** Is there this room? A smaller value may always replace a larger. */
  fits (room: Room): boolean {
    return this.#lacking(room) == null
  }

  /**
   * Keep room for a value that is about to be written.
   *
   * @returns gives the room back; to be called when the value is in the index, or its writing failed
   * @throws {StoreFullError} there is none
   */
  reserve (room: Room): () => void {
    const lacking = this.#lacking(room)
    if (lacking != null) {
      this.#refused[lacking]++
      throw this.#full(lacking)
    }
    const { all, share } = this.#growth(room)
    this.#reserved.values += all.values
    this.#reserved.bytes += all.bytes
    this.#charge(room.from, share)
    return () => {
      this.#reserved.values -= all.values
      this.#reserved.bytes -= all.bytes
      this.#charge(room.from, { values: -share.values, bytes: -share.bytes })
    }
  }

  #lacking (room: Room): 'full' | 'perPeer' | undefined {
    const { maxValues, maxBytes, maxPerPeer, maxBytesPerPeer } = this.#limits
    const { all, share } = this.#growth(room)
    const used = { values: this.#entries.size + this.#reserved.values, bytes: this.#bytes + this.#reserved.bytes }
    if (isOver(used, all, maxValues, maxBytes)) {
      return 'full'
    }
    const own = room.from == null ? undefined : this.#shares.get(room.from) ?? { values: 0, bytes: 0 }
    return own != null && isOver(own, share, maxPerPeer, maxBytesPerPeer) ? 'perPeer' : undefined
  }

  /** By how much the store would grow, and the share of the peer that answers for the value. */
  #growth ({ id, bytes, from }: Room): { all: Amount, share: Amount } {
    const old = this.#entries.get(id)
    const all = old == null ? { values: 1, bytes } : { values: 0, bytes: Math.max(0, bytes - old.bytes) }
    return { all, share: old != null && old.from === from ? all : { values: 1, bytes } }
  }

  #charge (from: string | undefined, { values, bytes }: Amount): Share | undefined {
    if (from == null) {
      return undefined
    }
    const share = this.#shares.get(from) ?? { id: from, values: 0, bytes: 0 }
    share.values += values
    share.bytes += bytes
    if (share.values === 0 && share.bytes === 0) {
      this.#shares.delete(from)
    } else {
      this.#shares.set(from, share)
    }
    return share
  }

  #full (lacking: 'full' | 'perPeer'): StoreFullError {
    const { maxValues, maxBytes, maxPerPeer, maxBytesPerPeer } = this.#limits
    return new StoreFullError(lacking === 'full'
      ? `the value store is full: ${this.#entries.size} of ${maxValues} values, ${this.#bytes} of ${maxBytes} bytes`
      : `the value store keeps no more of this peer: at most ${maxPerPeer} values, ${maxBytesPerPeer} bytes`, lacking)
  }
}

function isOver (used: Amount, growth: Amount, maxValues: number, maxBytes: number): boolean {
  return (growth.values > 0 && used.values + growth.values > maxValues) ||
    (growth.bytes > 0 && used.bytes + growth.bytes > maxBytes)
}
