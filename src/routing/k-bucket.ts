import { bitAt, sameKey } from '../keyspace/distance.ts'
import { keyFromBytes } from '../keyspace/key.ts'
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
  readonly contacts: MutableEntry[] = []
  readonly replacements: MutableEntry[] = []
  lastLookup: number | undefined
  #checked: MutableEntry | undefined

  constructor (prefix: Key, prefixLength: number, containsSelf: boolean, lastLookup: number | undefined) {
    this.prefix = prefix
    this.prefixLength = prefixLength
    this.containsSelf = containsSelf
    this.lastLookup = lastLookup
  }

  get (key: Key): TableEntry | undefined {
    const index = indexOf(this.contacts, key)
    return index === -1 ? undefined : this.contacts[index]
  }

  /** Append a contact that is not in the bucket yet; there must be room. */
  add (contact: Contact, now: number): void {
    this.contacts.push(entryOf(contact, now))
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
    const index = indexOf(this.replacements, contact.key)
    if (index !== -1) {
      refreshEntry(moveToTail(this.replacements, index), contact, now)
      return
    }
    if (this.replacements.length >= capacity) {
      this.replacements.shift()
    }
    this.replacements.push(entryOf(contact, now))
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
    this.#checked = this.contacts[0]
    return this.#checked
  }

  /** Drop a contact; `undefined` if it was not here. */
  remove (key: Key): TableEntry | undefined {
    const index = indexOf(this.contacts, key)
    if (index === -1) {
      return undefined
    }
    const [entry] = this.contacts.splice(index, 1)
    this.#endCheck(entry)
    return entry
  }

  /** Drop a replacement, if it is one. */
  removeReplacement (key: Key): void {
    const index = indexOf(this.replacements, key)
    if (index !== -1) {
      this.replacements.splice(index, 1)
    }
  }

  /** Give the room of a removed contact to the replacement that was seen last, at the place its `lastSeen` demands. */
  promote (): TableEntry | undefined {
    const entry = this.replacements.pop()
    if (entry == null) {
      return undefined
    }
    let index = this.contacts.length
    while (index > 0 && this.contacts[index - 1].lastSeen > entry.lastSeen) {
      index--
    }
    this.contacts.splice(index, 0, entry)
    return entry
  }

  /** The two halves of this bucket, for the next bit 0 and 1. It must be one that never had replacements. */
  split (self: Key): [KBucket, KBucket] {
    const bit = bitAt(this.prefix, this.prefixLength)
    const same = this.#half(this.prefix, self)
    const other = this.#half(flipBit(this.prefix, this.prefixLength), self)
    for (const entry of this.contacts) {
      const half = bitAt(entry.key, this.prefixLength) === bit ? same : other
      half.contacts.push(entry)
    }
    return bit === 0 ? [same, other] : [other, same]
  }

  #half (prefix: Key, self: Key): KBucket {
    const containsSelf = this.containsSelf && bitAt(prefix, this.prefixLength) === bitAt(self, this.prefixLength)
    return new KBucket(prefix, this.prefixLength + 1, containsSelf, this.lastLookup)
  }

  #moveToTail (key: Key): MutableEntry | undefined {
    const index = indexOf(this.contacts, key)
    if (index === -1) {
      return undefined
    }
    const entry = moveToTail(this.contacts, index)
    this.#endCheck(entry)
    return entry
  }

  #endCheck (entry: MutableEntry): void {
    if (this.#checked === entry) {
      this.#checked = undefined
    }
  }
}

function indexOf (entries: readonly MutableEntry[], key: Key): number {
  // from the tail: who answered last is the likeliest to answer next
  for (let i = entries.length - 1; i >= 0; i--) {
    if (sameKey(entries[i].key, key)) {
      return i
    }
  }
  return -1
}

function moveToTail (entries: MutableEntry[], index: number): MutableEntry {
  const entry = entries[index]
  for (let i = index + 1; i < entries.length; i++) {
    entries[i - 1] = entries[i]
  }
  entries[entries.length - 1] = entry
  return entry
}

function flipBit (key: Key, index: number): Key {
  const flipped = Uint8Array.from(key)
  flipped[index >>> 3] ^= 0x80 >>> (index & 7)
  return keyFromBytes(flipped)
}
