import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { adviceFor, DataDirError, DataDirInUseError, DiskFullError, fullReason, textOf } from './errors.ts'
import { areTablesSound, mendTables } from './mend-tables.ts'
import { proveRoom } from './room.ts'
import type { MendedTables } from './mend-tables.ts'
import type { Log } from '../store/log.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { LevelDatastore } from 'datastore-level'

/** The folder of the database, in the data directory. */
const DATABASE_FOLDER = 'db'

/** The folder of the database that is open while the other is mended. */
const LOCK_FOLDER = 'mending'

export interface OpenLevelInit extends AbortOptions {
  /** The data directory, as an absolute path. */
  readonly dir: string
  /** Gets a line for whatever is found damaged. */
  readonly log: Log
}

/** What LevelDB says of a database that is damaged. Of anything else a repair would be no cure: it takes what cannot be read away. */
const DAMAGED = /Corruption|No such file or directory|Invalid argument/

/** Values are seldom compressible, and then only once. */
const OPTIONS = { createIfMissing: true, compression: false } as const

/**
 * Open the LevelDB of a data directory, or make one. What is damaged is taken out first,
 * and a database whose list of files is damaged gets another. Both are logged.
 *
 * @throws {DataDirInUseError} somebody has it open, or mends it
 * @throws {DataDirError} it can be neither opened nor repaired, or not by this user
 */
export async function openLevel (init: OpenLevelInit): Promise<LevelDatastore> {
  const path = join(init.dir, DATABASE_FOLDER)
  try {
    if (!await isHeadless(path) && await isSoundOrNew(path, init)) {
      return await openAt(path, init)
    }
  } catch (err) {
    if (!isDamage(err)) {
      throw openError(init, err)
    }
  }
  return alone(init, async () => mendLevel(path, init))
}

/**
 * Make the database another list of its files from what they hold, and open it.
 *
 * @throws {DataDirError} as {@link openLevel}
 */
export async function repairLevel (init: OpenLevelInit, reason?: unknown): Promise<LevelDatastore> {
  return alone(init, async () => repair(join(init.dir, DATABASE_FOLDER), init, reason))
}

/**
 * Do what must not be done by two at once, and for which LevelDB takes no lock: another database, in which there is
 * nothing, is open meanwhile. It stays, since somebody might have it open when it is deleted.
 *
 * @throws {DataDirInUseError} somebody else is at it
 */
async function alone (init: OpenLevelInit, work: () => Promise<LevelDatastore>): Promise<LevelDatastore> {
  const { ClassicLevel } = await import('classic-level')
  const path = join(init.dir, LOCK_FOLDER)
  const lock = new ClassicLevel(path)
  try {
    await lock.open().catch(async err => {
      if (!isDamage(err)) {
        throw err
      }
      await rm(path, { recursive: true })
      await lock.open()
    })
    return await work()
  } catch (err) {
    throw openError(init, err)
  } finally {
    await lock.close()
  }
}

async function mendLevel (path: string, init: OpenLevelInit): Promise<LevelDatastore> {
  if (await isHeadless(path)) {
    return repair(path, init)
  }
  try {
    const { areSomeCompressed } = await mendTablesIfAny(path, init)
    if (areSomeCompressed) { // the last repair was broken off
      await rewrite(path)
    }
    return await openAt(path, init)
  } catch (err) {
    if (isDamage(err)) {
      return repair(path, init, err)
    }
    throw err
  }
}

async function repair (path: string, init: OpenLevelInit, reason?: unknown): Promise<LevelDatastore> {
  await proveUnlocked(path)
  init.log('repairing the database in %s (%s): what can be read stays, the rest is in its folder lost', path, reason == null ? 'it does not say where its list of files is' : textOf(reason))
  await proveRoom(init.dir) // what LevelDB's repair has no room for it leaves out
  const { empty } = await mendTablesIfAny(path, init)
  await Promise.all(empty.map(async table => rm(table))) // LevelDB's repair ends the process on one without a row
  const { ClassicLevel } = await import('classic-level')
  await ClassicLevel.repair(path)
  await rewrite(path)
  return openAt(path, init)
}

async function openAt (path: string, { log, signal }: OpenLevelInit): Promise<LevelDatastore> {
  signal?.throwIfAborted()
  // machine code, which nodes without a data directory do without
  const { LevelDatastore } = await import('datastore-level')
  const datastore = new LevelDatastore(path)
  await datastore.db.open(OPTIONS) // its own open() keeps the reason to itself when it fails
  await tellDropped(path, log)
  return datastore
}

/** A repair compresses what it writes, and so its tables could not be checked. */
async function rewrite (path: string): Promise<void> {
  const { ClassicLevel } = await import('classic-level')
  const level = new ClassicLevel(path)
  await level.open(OPTIONS)
  try {
    await level.compactRange('', '\uffff')
  } finally {
    await level.close()
  }
}

/**
 * Is the file missing or damaged that names the list of files? LevelDB would make a new, empty
 * database in the place of one without; and it does not tell a name that is none apart
 * from other trouble.
 */
async function isHeadless (path: string): Promise<boolean> {
  const names = await namesIn(path)
  return names.includes('CURRENT')
    ? !/^MANIFEST-\d+\n$/.test(await readFile(join(path, 'CURRENT'), 'latin1'))
    : names.some(name => /^\d+\.(ldb|sst|log)$/.test(name))
}

/**
 * Resolves if nobody has the database open. One that has no list of files cannot be opened, but only
 * after its lock was taken, for which a repair does not ask.
 *
 * @throws {Error} somebody has
 */
async function proveUnlocked (path: string): Promise<void> {
  const { ClassicLevel } = await import('classic-level')
  const level = new ClassicLevel(path)
  try {
    await level.open({ createIfMissing: false })
  } catch (err) {
    if (isLocked(err)) {
      throw err
    }
  } finally {
    await level.close()
  }
}

async function isSoundOrNew (path: string, { signal }: OpenLevelInit): Promise<boolean> {
  return (await namesIn(path)).length === 0 || areTablesSound(path, signal)
}

async function mendTablesIfAny (path: string, { log, signal }: OpenLevelInit): Promise<MendedTables> {
  return (await namesIn(path)).length > 0 ? mendTables(path, log, signal) : { areSomeCompressed: false, empty: [] }
}

async function namesIn (path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') {
      return []
    }
    throw err
  }
}

/** LevelDB drops damaged parts of its log of writes, and tells only its own log of events, which it begins anew at each start. */
async function tellDropped (path: string, log: Log): Promise<void> {
  try {
    const events = await readFile(join(path, 'LOG'), 'utf8')
    for (const [, what] of events.matchAll(/(\S*: dropping \d+ bytes; .*)/g)) {
      log('the database in %s lost rows: %s', path, what)
    }
  } catch (err) {
    log('what the database in %s says of its rows cannot be read: %e', path, err)
  }
}

function openError ({ dir, signal }: OpenLevelInit, err: unknown): unknown {
  if (err instanceof DataDirError || signal?.aborted === true) {
    return err
  }
  if (isLocked(err)) {
    return new DataDirInUseError(`a node runs in ${dir} already: stop it, or use another folder`, { cause: err })
  }
  if (isDamage(err)) {
    return beyondRepair(dir, err)
  }
  const database = join(dir, DATABASE_FOLDER)
  return fullReason(err) == null
    ? new DataDirError(`cannot open the database in ${database} (${textOf(err)}): ${adviceFor(err, 'make sure that this user can read and write it, or use another folder')}`, { cause: err })
    : new DiskFullError(`the disk is full (${fullReason(err)}): the database in ${database} needs some 10 MB of room to be opened; nothing of it is lost`, { cause: err })
}

/** Does what went wrong mean that the database is damaged? */
export function isDamage (err: unknown): boolean {
  return !(err instanceof DataDirError) && DAMAGED.test(textOf(err))
}

/** The error for a database that a repair does not help. */
export function beyondRepair (dir: string, cause: unknown): DataDirError {
  return new DataDirError(`the database in ${join(dir, DATABASE_FOLDER)} is damaged beyond repair (${textOf(cause)}): restore it from a backup, or move that folder away to begin with an empty one; the identity stays`, { cause })
}

function isLocked (err: unknown): boolean {
  return err instanceof Error && err.cause instanceof Error && 'code' in err.cause && err.cause.code === 'LEVEL_LOCKED'
}
