import { equals } from 'uint8arrays/equals'
import type { Contact } from '../keyspace/contact.ts'

/**
 * A contact of the routing table. It is live: while it is in the table, what
 * the peer tells later of itself shows here.
 */
export interface TableEntry extends Contact {
  /** When it last answered us: milliseconds since the Unix epoch. */
  readonly lastSeen: number
}

/** The same, for the bucket that keeps it. */
export interface MutableEntry extends TableEntry {
  addrs: readonly Uint8Array[]
  lastSeen: number
}

/** Take a contact into the table. */
export function entryOf (contact: Contact, now: number): MutableEntry {
  const { identity } = contact
  return {
    id: identity == null ? withoutMessage(contact.id) : contact.id, // which is the identity's, a copy: to ask a view for its memory takes a while
    identity,
    key: contact.key,
    addrs: ownAddrs(contact.addrs),
    lastSeen: now
  }
}

/**
 * The peer of `entry` answered again, as `contact`. Its addresses replace the
 * known ones, unless it came without any: many peers are named without
 * addresses because whoever asked is connected to them.
 */
export function refreshEntry (entry: MutableEntry, contact: Contact, now: number): void {
  entry.lastSeen = now
  const addrs = contact.addrs
  if (addrs.length > 0 && !sameAddrs(entry.addrs, addrs)) {
    entry.addrs = ownAddrs(addrs)
  }
}

const NO_ADDRS: readonly Uint8Array[] = []

function ownAddrs (addrs: readonly Uint8Array[]): readonly Uint8Array[] {
  return addrs.length === 0 ? NO_ADDRS : addrs.map(withoutMessage)
}

/**
 * An entry lives for days; a view would keep alive all of the message it came
 * in. What is not a view is shared, not copied.
 */
function withoutMessage (bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

function sameAddrs (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a === b || (a.length === b.length && a.every((addr, i) => equals(addr, b[i])))
}
