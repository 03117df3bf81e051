import { ownBytes, Whereabouts } from '../keyspace/whereabouts.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Identity } from '../keyspace/identity.ts'

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
  whereabouts: Whereabouts | undefined
  lastSeen: number
}

const NO_ADDRS: readonly Uint8Array[] = []

/** Take a contact into the table. */
export function entryOf (contact: Contact, now: number): MutableEntry {
  const { identity } = contact
  const whereabouts = whereaboutsOf(identity, contact.addrs)
  return {
    id: identity == null ? ownBytes(contact.id) : contact.id, // which is the identity's, a copy: to ask a view for its memory takes a while
    identity,
    key: contact.key,
    addrs: whereabouts?.addrs ?? NO_ADDRS,
    whereabouts,
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
  if (addrs.length > 0 && entry.whereabouts?.isAt(addrs) !== true) {
    entry.whereabouts = whereaboutsOf(entry.identity, addrs)
    entry.addrs = entry.whereabouts?.addrs ?? NO_ADDRS
  }
}

function whereaboutsOf (identity: Identity | undefined, addrs: readonly Uint8Array[]): Whereabouts | undefined {
  if (addrs.length === 0) {
    return undefined
  }
  return identity == null ? new Whereabouts(addrs) : identity.at(addrs)
}
