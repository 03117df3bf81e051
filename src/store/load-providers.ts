import { sleep } from '../clock/wait.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { deleteQuietly, putRow, readRows, rowKeys } from './datastore-rows.ts'
import { CorruptRowError } from './errors.ts'
import { decodeProviderRow, encodeProviderRow } from './provider-row.ts'
import { parseAddrsRow, parseProviderRow, providerRowKey } from './row-keys.ts'
import { tallied } from './row-tally.ts'
import type { Log } from './log.ts'
import type { ProviderIndex, ProviderRow } from './provider-index.ts'
import type { RowTally } from './row-tally.ts'
import type { Clock } from '../clock/clock.ts'
import type { Datastore, Key } from 'interface-datastore'

/** Records entered before others get a turn. */
const ROWS_IN_A_TURN = 4_096

/** Where provider records lie. */
export interface ProviderSource {
  readonly datastore: Datastore
  readonly prefix: string
  readonly clock: Clock
  readonly log: Log
  /** Counts what cannot be read. */
  readonly tally: RowTally
}

/** A row under another text of its provider's id than the one it is looked for at. */
interface MisplacedRow extends ProviderRow {
  readonly from: Key
  readonly to: Key
}

/**
 * Enter the provider records of a datastore into an empty index, in the order in which
 * they were written. Rows that cannot be read are deleted.
 *
 * @returns those that gave way to others
 * @throws {DatastoreError} they cannot be listed
 */
export async function loadProviders (index: ProviderIndex, { datastore, prefix, clock, log, tally }: ProviderSource): Promise<ProviderRow[]> {
  const rows: ProviderRow[] = []
  const misplaced: MisplacedRow[] = []
  const now = Math.floor(clock.now())
  await readRows(datastore, `${prefix}/provider`, log, tallied(tally, ({ key: from, name, value }) => {
    const { key, id } = parseProviderRow(name)
    // a row from a clock that was wrong must not be the latest for years
    const row = { key: bytesToMapKey(key), provider: bytesToMapKey(id), added: Math.min(decodeProviderRow(value), now) }
    const to = providerRowKey(prefix, key, id)
    if (from.toString() !== to.toString()) {
      misplaced.push({ ...row, from, to })
    }
    rows.push(row)
  }))
  const displaced: ProviderRow[] = []
  for (const [i, row] of rows.sort((a, b) => a.added - b.added).entries()) {
    if (i > 0 && i % ROWS_IN_A_TURN === 0) {
      await sleep(clock, 0)
    }
    displaced.push(...index.add(row))
  }
  for (const { from, to, key, provider } of misplaced) {
    const added = index.added(key, provider)
    if (added != null) {
      await putRow(datastore, to, encodeProviderRow(added))
    }
    await deleteQuietly(datastore, [from], log)
  }
  return displaced
}

/**
 * Delete the addresses of who provides nothing.
 *
 * @throws {DatastoreError} they cannot be listed
 */
export async function deleteUselessAddrs (index: ProviderIndex, { datastore, prefix, log }: ProviderSource): Promise<void> {
  const useless: Key[] = []
  for await (const { key, name } of rowKeys(datastore, `${prefix}/addrs`)) {
    if (!isOfProvider(name, index)) {
      useless.push(key)
    }
  }
  await deleteQuietly(datastore, useless, log)
}

function isOfProvider (name: string, index: ProviderIndex): boolean {
  try {
    return index.has(bytesToMapKey(parseAddrsRow(name)))
  } catch (err) {
    if (err instanceof CorruptRowError) {
      return false
    }
    throw err
  }
}
