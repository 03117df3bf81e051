import { sameKey } from '../keyspace/distance.ts'
import { closestTo } from './closest.ts'
import { KBucket } from './k-bucket.ts'
import { Branch, leafOf, leaves, replaceLeaf } from './trie.ts'
import type { Bucket } from './k-bucket.ts'
import type { TableEntry } from './table-entry.ts'
import type { TrieNode } from './trie.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/** How many contacts a bucket holds, and how many replacements beside them: the k of the Kademlia paper, §2.2. */
export const DEFAULT_K = 20

/** The deepest that buckets can go, in bits: the length of a key. */
const MAX_PREFIX_LENGTH = 256

/** Whose {@link RoutingTable} it is, and how large. */
export interface RoutingTableInit {
  /** Our own key; the table never holds it. */
  self: Key
  /**
   * Contacts per bucket, and replacements per bucket: a whole number from 1, or `Infinity`,
   * with which nobody is ever replaced.
   *
   * @default 20
   */
  k?: number
  /**
   * Down to this depth, in bits, every bucket may split: 0 … 256, or `Infinity`, with
   * which the table keeps every peer that answers. Below it, only the bucket may that our
   * own key lies in, without limit (paper §2.4): with 0, the table knows O(k log n) of n
   * peers, most of them near us.
   *
   * @default 0
   */
  prefixLength?: number
  /**
   * A bucket that may split does so when it would hold more contacts than this: a whole
   * number from 1. More than `k` is taken as `k`. With `k` infinite, it keeps the buckets
   * short that may split.
   *
   * @default k
   */
  splitThreshold?: number
}

/** What became of a contact that answered us. */
export type InsertResult =
  /** It is new, and in the table. */
  | { readonly type: 'inserted' }
  /** It was in the table: it moved to the tail of its bucket, its addresses are up to date. */
  | { readonly type: 'updated' }
  /** It is ourselves. */
  | { readonly type: 'self' }
  /** Its bucket is full: it waits in the replacement cache. There is nothing to check now. */
  | { readonly type: 'cached' }
  /**
   * Its bucket is full: it waits in the replacement cache. Ping `leastRecentlySeen`,
   * then call `seen`, `insert` or `remove` with it: until one of these ends the check,
   * the bucket asks for no other.
   */
  | { readonly type: 'full', readonly leastRecentlySeen: TableEntry }

const INSERTED: InsertResult = { type: 'inserted' }
const UPDATED: InsertResult = { type: 'updated' }
const SELF: InsertResult = { type: 'self' }
const CACHED: InsertResult = { type: 'cached' }

/** What `remove` did. */
export interface RemoveResult {
  /** Was it a contact? (Replacements are dropped silently.) */
  readonly removed: boolean
  /** Who took its place: of the bucket's replacements, the one seen last. */
  readonly replacement?: TableEntry
}

/**
 * Who we know: a binary trie over the keyspace whose leaves are k-buckets
 * (Kademlia paper, §2.2 and §2.4). It begins as one bucket and grows deeper only
 * where a bucket that may split has no room left.
 *
 * It learns from answers only: insert a contact when it answered us, never
 * because somebody named it.
 *
 * @example
 *
 * ```typescript
 * import { RoutingTable, contactOf, keyOf } from 'kadmium/engine'
 *
 * const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
 * const table = new RoutingTable({ self: keyOf(encode('us')) })
 *
 * table.insert(contactOf({ id: encode('a peer'), addrs: [] }), Date.now()) // { type: 'inserted' }
 * table.closest(keyOf(encode('/kv/greeting')), 20) // [the peer]
 * ```
 */
export class RoutingTable {
  readonly self: Key
  readonly k: number
  readonly #prefixLength: number
  readonly #splitThreshold: number
  #root: TrieNode
  #size = 0

  /** @throws {RangeError} `k`, `prefixLength` or `splitThreshold` is out of its range */
  constructor (init: RoutingTableInit) {
    const { self, k = DEFAULT_K, prefixLength = 0, splitThreshold = k } = init
    this.self = self
    this.k = checked('k', k, 1, Infinity)
    this.#prefixLength = checked('prefixLength', prefixLength, 0, MAX_PREFIX_LENGTH)
    this.#splitThreshold = Math.min(k, checked('splitThreshold', splitThreshold, 1, Infinity))
    this.#root = new KBucket(self, 0, true, undefined)
  }

  /** How many contacts there are; replacements do not count. */
  get size (): number {
    return this.#size
  }

  /** `contact` answered us at `now` (ms): take it in, or move it to the tail of its bucket. */
  insert (contact: Contact, now: number): InsertResult {
    let bucket = this.#bucketOf(contact.key)
    if (bucket.containsSelf && sameKey(contact.key, this.self)) {
      return SELF
    }
    if (bucket.refresh(contact, now)) {
      return UPDATED
    }
    while (this.#mustSplit(bucket)) {
      this.#root = replaceLeaf(this.#root, bucket, new Branch(bucket.split(this.self)))
      bucket = this.#bucketOf(contact.key)
    }
    if (bucket.contacts.length < this.k) {
      bucket.add(contact, now)
      this.#size++
      return INSERTED
    }
    bucket.cache(contact, now, this.k)
    const leastRecentlySeen = bucket.startCheck()
    return leastRecentlySeen == null ? CACHED : { type: 'full', leastRecentlySeen }
  }

  /** The contact with that key answered us at `now` (ms). Is it in the table? */
  seen (key: Key, now: number): boolean {
    return this.#bucketOf(key).seen(key, now)
  }

  /** The peer with that key failed to answer: drop it, as a contact or as a replacement. */
  remove (key: Key): RemoveResult {
    const bucket = this.#bucketOf(key)
    if (bucket.remove(key) == null) {
      bucket.removeReplacement(key)
      return { removed: false }
    }
    const replacement = bucket.promote()
    if (replacement == null) {
      this.#size--
    }
    return { removed: true, replacement }
  }

  /** The contact with that key; replacements are none. */
  get (key: Key): TableEntry | undefined {
    return this.#bucketOf(key).get(key)
  }

  /**
   * The `count` contacts closest to `target`, closest first. Exact: no contact of
   * the table is closer than those returned.
   */
  closest (target: Key, count: number): Contact[] {
    return closestTo(target, count, this.#root)
  }

  /** A lookup for `target` was made at `now` (ms): its bucket needs no refresh for a while (paper §2.3). */
  touched (target: Key, now: number): void {
    this.#bucketOf(target).lastLookup = now
  }

  /** All buckets, in the order of the keyspace. They are live: look, and do not keep them. */
  buckets (): Iterable<Bucket> {
    return leaves(this.#root)
  }

  #bucketOf (key: Key): KBucket {
    return leafOf(this.#root, key)
  }

  // the depth needs no check: a bucket of the whole key's bits holds at most one contact, so no newcomer finds it full
  #mustSplit (bucket: KBucket): boolean {
    const maySplit = bucket.containsSelf || bucket.prefixLength < this.#prefixLength
    return maySplit && bucket.contacts.length >= this.#splitThreshold
  }
}

function checked (name: string, value: number, min: number, max: number): number {
  if (value === Infinity || (Number.isInteger(value) && value >= min && value <= max)) {
    return value
  }
  const range = max === Infinity ? `from ${min}` : `from ${min} to ${max}`
  throw new RangeError(`${name} is ${value}: give a whole number ${range}, or Infinity`)
}
