import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSynced } from '../files/write-synced.ts'
import { checkTable } from './table.ts'
import type { TableCheck } from './table.ts'
import type { Log } from '../store/log.ts'

/** Where LevelDB too puts what it cannot use. */
const LOST_FOLDER = 'lost'

/** The names of LevelDB's tables; `.sst` until 2014. */
const TABLE = /^\d+\.(ldb|sst)$/

/** What is to be known of the tables of a LevelDB once they are mended. */
export interface MendedTables {
  /** Are there some that could not be checked, since they are compressed? */
  readonly areSomeCompressed: boolean
  /** Paths of those in which nothing is left. */
  readonly empty: readonly string[]
}

/**
 * Take what is damaged out of the tables of the LevelDB in `dir`, so that it meets none of
 * it. The tables as they were stay in the folder `lost` beside them. Finished tables never
 * change, so this harms nobody who has the database open; but two who mend them at once harm each other.
 *
 * @throws {Error} the signal's reason, or what the file system says
 */
export async function mendTables (dir: string, log: Log, signal?: AbortSignal): Promise<MendedTables> {
  const empty: string[] = []
  let areSomeCompressed = false
  for await (const { name, check } of checks(dir, signal)) {
    if (check.type === 'damaged') {
      await replace(dir, name, check.mended)
      log('%s is damaged: the rows in %d of its %d blocks are lost; as it was, it is in the folder %s', join(dir, name), check.lost, check.blocks, LOST_FOLDER)
    }
    if (check.type === 'empty' || (check.type === 'damaged' && check.lost === check.blocks)) {
      empty.push(join(dir, name))
    }
    areSomeCompressed ||= check.type === 'compressed'
  }
  return { areSomeCompressed, empty }
}

/**
 * Is there nothing to mend in the tables of the LevelDB in `dir`, and could all of them be checked?
 *
 * @throws {Error} as {@link mendTables}
 */
export async function areTablesSound (dir: string, signal?: AbortSignal): Promise<boolean> {
  for await (const { check } of checks(dir, signal)) {
    if (check.type === 'damaged' || check.type === 'compressed') {
      return false
    }
  }
  return true
}

async function * checks (dir: string, signal: AbortSignal | undefined): AsyncGenerator<{ name: string, check: TableCheck }> {
  for (const name of (await readdir(dir)).filter(name => TABLE.test(name))) {
    signal?.throwIfAborted()
    yield { name, check: checkTable(await readIfThere(join(dir, name))) }
  }
}

/** Somebody who has the database open may have deleted it just now. */
async function readIfThere (path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') {
      return new Uint8Array(0)
    }
    throw err
  }
}

/** Killed at any time, there is one of the two under the name. */
async function replace (dir: string, name: string, mended: Uint8Array): Promise<void> {
  const draft = join(dir, `${name}.mended`)
  const kept = join(dir, LOST_FOLDER, name)
  await mkdir(join(dir, LOST_FOLDER), { recursive: true })
  await rm(draft, { force: true })
  await writeSynced(draft, mended)
  await copyFile(join(dir, name), kept) // not every file system has links
  await rename(draft, join(dir, name))
}
