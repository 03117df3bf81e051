import { defaultLogger } from '@libp2p/logger'
import { systemClock } from '../clock/clock.ts'
import { DatastoreContactStore } from '../store/datastore-contacts.ts'
import { DatastoreProviderStore } from '../store/datastore-providers.ts'
import { DatastorePublicationStore } from '../store/datastore-publications.ts'
import { DatastoreValueStore } from '../store/datastore-values.ts'
import { DatastoreError } from '../store/errors.ts'
import { VALUE_TTL_MS } from '../store/limits.ts'
import { DEFAULT_PREFIX } from '../store/row-keys.ts'
import { SealedDatastore } from '../store/sealed-datastore.ts'
import { countRows } from './count-rows.ts'
import { makeFolder } from './folder.ts'
import { checkFormat } from './format.ts'
import { MendingDatastore } from './mending-datastore.ts'
import { beyondRepair, isDamage, openLevel, repairLevel } from './open-level.ts'
import { freeRoom } from './room.ts'
import type { RowCounts } from './count-rows.ts'
import type { Clock } from '../clock/clock.ts'
import type { AbortOptions, ComponentLogger, Logger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** Which folder, and whose. */
export interface DataDirInit extends AbortOptions {
  /** The folder. It is made if need be, for its owner alone. */
  readonly dir: string
  /** Our own id, the multihash of our PeerId: what we provide ourselves is never dropped. */
  readonly self: Uint8Array
  /** The source of time. Default: the machine's. */
  readonly clock?: Clock
  /** Gets a line for what is found damaged, and once in a while when writes fail. Default: that of `@libp2p/logger`. */
  readonly logger?: ComponentLogger
}

/** What a node keeps in its folder, open. */
export interface DataDir {
  /** The folder, as an absolute path without symbolic links. */
  readonly path: string
  readonly values: DatastoreValueStore
  readonly providers: DatastoreProviderStore
  /** The publisher's list. */
  readonly publications: DatastorePublicationStore
  readonly contacts: DatastoreContactStore
  /** What was there when it was opened. */
  readonly restored: RowCounts
  /** Close it, when what is being written is. The stores cannot be used afterwards. */
  close (): Promise<void>
}

/**
 * Open the stores of a node in a folder: values, provider records, the publisher's list and
 * contacts, in an embedded LevelDB in its subfolder `db`. One process at a time may have it open.
 *
 * What a write has resolved for outlives a killed process; a machine that loses its power
 * may lose the last seconds. What is damaged is never served: it is dropped and logged.
 *
 * @example
 *
 * ```typescript
 * import { openDataDir } from 'kadmium/node'
 *
 * const self = new Uint8Array(34) // the multihash of a PeerId
 * const { values, close } = await openDataDir({ dir: './data', self })
 * for await (const { key, expires } of values.values()) {
 *   console.info(key, new Date(expires))
 * }
 * await close()
 * ```
 *
 * @throws {DataDirInUseError} another process has it open, or this one
 * @throws {DataDirError} it cannot be made, read, written or repaired, or a later version wrote it in another format
 * @throws {Error} the signal's reason
 */
export async function openDataDir (init: DataDirInit): Promise<DataDir> {
  const { clock = systemClock, logger = defaultLogger(), signal } = init
  const log = logger.forComponent('kadmium:data-dir')
  const dir = await makeFolder(init.dir)
  await freeRoom(dir)
  await checkFormat(dir)
  const source = { dir, log: log.error }
  const level = await openLevel({ ...source, signal })
  const rows = new MendingDatastore({
    dir,
    level,
    clock,
    log,
    reopen: async () => openLevel(source),
    repair: async reason => repairLevel(source, reason)
  })
  try {
    return await openStores(rows, { ...init, dir, clock }, log)
  } catch (err) {
    await rows.close()
    throw err
  }
}

async function openStores (rows: MendingDatastore, { dir, self, clock, signal }: DataDirInit & { readonly clock: Clock }, log: Logger): Promise<DataDir> {
  const datastore = new SealedDatastore({ datastore: rows, log: log.error })
  const stores = storesOn(datastore, self, clock, log)
  const { values, providers, publications, contacts } = stores
  const open = async (): Promise<void> => {
    for (const store of [values, providers, publications]) {
      signal?.throwIfAborted()
      await store.open()
    }
  }
  await open().catch(async err => {
    await rows.repair(damageOf(err)) // some of it shows only when everything is read
    await open().catch(again => { throw beyondRepair(dir, damageOf(again)) })
  })
  const restored = { ...await countRows(rows, DEFAULT_PREFIX), contacts: (await contacts.load()).length }
  return { ...stores, path: dir, restored, close: async () => { await rows.close() } }
}

/** Any other error is thrown on. */
function damageOf (err: unknown): DatastoreError {
  if (err instanceof DatastoreError && isDamage(err)) {
    return err
  }
  throw err
}

function storesOn (datastore: Datastore, self: Uint8Array, clock: Clock, { error: log }: Logger): Pick<DataDir, 'values' | 'providers' | 'publications' | 'contacts'> {
  return {
    // always the same: rows that live as long do not tell how long, and the option may be another at the next start
    values: new DatastoreValueStore({ datastore, clock, ttl: VALUE_TTL_MS, log }),
    providers: new DatastoreProviderStore({ datastore, clock, self, log }),
    publications: new DatastorePublicationStore({ datastore, log }),
    contacts: new DatastoreContactStore({ datastore, log })
  }
}
