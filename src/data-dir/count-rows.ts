import type { Datastore } from 'interface-datastore'

/** How many rows of each kind there are. */
export interface RowCounts {
  readonly values: number
  readonly providers: number
  /** Values that we keep alive. */
  readonly publications: number
  /** Contacts of the routing table, for the next start. */
  readonly contacts: number
}

/** Count the rows of a node's stores; contacts, all in one row, are counted by who reads it. */
export async function countRows (datastore: Datastore, prefix: string): Promise<Omit<RowCounts, 'contacts'>> {
  const rows = new Map<string, number>()
  for await (const key of datastore.queryKeys({ prefix })) {
    const [kind] = key.toString().slice(prefix.length + 1).split('/', 1)
    rows.set(kind, (rows.get(kind) ?? 0) + 1)
  }
  return { values: rows.get('record') ?? 0, providers: rows.get('provider') ?? 0, publications: rows.get('published') ?? 0 }
}
