import { bitAt } from '../keyspace/distance.ts'
import { withBitFlipped } from '../keyspace/prefix.ts'
import { EntryList } from './entry-list.ts'
import { entryOf, refreshEntry } from './table-entry.ts'
import type { MutableEntry, TableEntry } from './table-entry.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/** A k-bucket as dumps and the refresh see it: all keys that begin with the same bits. */
export interface Bucket {
  /** Some key of the bucket; only its first `prefixLength` bits mean anything. */
  readonly prefix: Key
  /** How many leading bits the keys of this bucket share: 0 … 256. */
  readonly prefixLength: number
  /** Does our own key lie in it? */
  readonly containsSelf: boolean
  /** At most k, least recently seen first. */
  readonly contacts: readonly TableEntry[]
  /** Those who answered us while the bucket was full: at most k, least recently seen first. None unless it is full. */
  readonly replacements: readonly TableEntry[]
  /** When a lookup last went for a key of this bucket: milliseconds since the Unix epoch; `undefined` when none ever did. */
  readonly lastLookup: number | undefined
}

/**
 * A leaf of the routing table: its contacts, those that wait to replace them,
 * and the one whose liveness is being checked.
 *
 * Kademlia paper, §2.2 (order, eviction) and §4.1 (replacement cache).
 */
export class KBucket implements Bucket {
  readonly prefix: Key
  readonly prefixLength: number
  readonly containsSelf: boolean
  readonly #contacts = new EntryList()
  readonly #replacements = new EntryList()
  lastLookup: number | undefined
  #checked: MutableEntry | undefined

  constructor (prefix: Key, prefixLength: number, containsSelf: boolean, lastLookup: number | undefined) {
    this.prefix = prefix
    this.prefixLength = prefixLength
    this.containsSelf = containsSelf
    this.lastLookup = lastLookup
  }

  get contacts (): readonly TableEntry[] {
    return this.#contacts.entries
  }

  /** {@link headOf} the key of each contact. */
  get heads (): readonly number[] {
    return this.#contacts.heads
  }

  get replacements (): readonly TableEntry[] {
    return this.#replacements.entries
  }

  get (key: Key): TableEntry | undefined {
    return this.#contacts.get(key)
  }

  /** Append a contact that is not in the bucket yet; there must be room. */
  add (contact: Contact, now: number): void {
    this.#contacts.push(entryOf(contact, now))
  }

  /** The peer answered us, as `contact`: refresh it and move it to the tail, if it is here. */
  refresh (contact: Contact, now: number): boolean {
    const entry = this.#moveToTail(contact.key)
    if (entry == null) {
      return false
    }
    refreshEntry(entry, contact, now)
    return true
  }

  /** The peer answered us: move it to the tail, if it is here. */
  seen (key: Key, now: number): boolean {
    const entry = this.#moveToTail(key)
    if (entry == null) {
      return false
    }
    entry.lastSeen = now
    return true
  }

  /** Keep a newcomer as a replacement; of more than `capacity`, the least recently seen goes. */
  cache (contact: Contact, now: number, capacity: number): void {
    const known = this.#replacements.toTail(contact.key)
    if (known != null) {
      refreshEntry(known, contact, now)
    } else if (this.#replacements.length < capacity) {
      this.#replacements.push(entryOf(contact, now))
    } else {
      this.#replacements.replaceFirst(entryOf(contact, now))
    }
  }

  /**
   * Begin to check whether the least recently seen contact is alive, and return
   * it; `undefined` when a check is under way. The check ends when that contact is
   * seen or removed.
   */
  startCheck (): TableEntry | undefined {
    if (this.#checked != null) {
      return undefined
    }
    this.#checked = this.#contacts.entries[0]
    return this.#checked
  }

  /** Drop a contact; `undefined` if it was not here. */
  remove (key: Key): TableEntry | undefined {
    const entry = this.#contacts.remove(key)
    this.#endCheck(entry)
    return entry
  }

  /** Drop a replacement, if it is one. */
  removeReplacement (key: Key): void {
    this.#replacements.remove(key)
  }

  /** Give the room of a removed contact to the replacement that was seen last, at the place its `lastSeen` demands. */
  promote (): TableEntry | undefined {
    const entry = this.#replacements.pop()
    if (entry != null) {
      this.#contacts.insert(entry)
    }
    return entry
  }

  /** The two halves of this bucket, for the next bit 0 and 1. It must be one that never had replacements. */
  split (self: Key): [KBucket, KBucket] {
    const bit = bitAt(this.prefix, this.prefixLength)
    const same = this.#half(this.prefix, self)
    const other = this.#half(withBitFlipped(this.prefix, this.prefixLength), self)
    for (const entry of this.#contacts.entries) {
      const half = bitAt(entry.key, this.prefixLength) === bit ? same : other
      half.#contacts.push(entry)
    }
    return bit === 0 ? [same, other] : [other, same]
  }

  #half (prefix: Key, self: Key): KBucket {
    const containsSelf = this.containsSelf && bitAt(prefix, this.prefixLength) === bitAt(self, this.prefixLength)
    return new KBucket(prefix, this.prefixLength + 1, containsSelf, this.lastLookup)
  }

  #moveToTail (key: Key): MutableEntry | undefined {
    const entry = this.#contacts.toTail(key)
    this.#endCheck(entry)
    return entry
  }

  #endCheck (entry: MutableEntry | undefined): void {
    if (this.#checked === entry) {
      this.#checked = undefined
    }
  }
}
