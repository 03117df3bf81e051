import { hasNewAddr } from '../keyspace/contact.ts'
import { isWithin } from '../keyspace/prefix.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Bucket } from '../routing/k-bucket.ts'
import type { RoutingTable } from '../routing/routing-table.ts'
import type { TableEntry } from '../routing/table-entry.ts'

/** Milliseconds for which a peer that answered counts as there. Half of what js and go wait. */
const FRESH_MS = 300_000

/** Has it answered lately? Not if the clock was set back since, as far as one can tell. */
export function isFresh ({ lastSeen }: TableEntry, now: number): boolean {
  return Math.abs(now - lastSeen) < FRESH_MS
}

/**
 * Has the table use for a newcomer, or is it there already, at these addresses, or is its
 * bucket full? In a large network nearly all who ask us belong in a bucket that is full:
 * to dial each would be half of all that a node sends. Who is to replace those that fail
 * there comes of our own lookups, which ask many more than the table holds.
 *
 * @param table - ours
 * @param contact - the newcomer
 * @param splitBits - bits down to which every bucket of the table may split
 */
export function isWanted (table: RoutingTable, contact: Contact, splitBits: number): boolean {
  const known = table.get(contact.key)
  if (known != null) {
    return hasNewAddr(contact, known)
  }
  const bucket = bucketOf(table, contact)
  return bucket == null || bucket.contacts.length < table.k || bucket.containsSelf || bucket.prefixLength < splitBits
}

function bucketOf (table: RoutingTable, { key }: Contact): Bucket | undefined {
  for (const bucket of table.buckets()) {
    if (isWithin({ key: bucket.prefix, bits: bucket.prefixLength }, key)) {
      return bucket
    }
  }
  return undefined
}
