import { randomUUID } from 'node:crypto'
import { writeFile as writeOpen } from 'node:fs'
import { chmod, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '../clock/clock.ts'
import { makeFolders } from '../files/make-folders.ts'
import { lookupDump } from './lookup.ts'
import { plantuml } from './plantuml.ts'
import { stateDump } from './state.ts'
import type { Kademlia } from '../dht/kademlia.ts'
import type { LookupResult } from '../dht/operations/lookup.ts'
import type { Stats } from 'node:fs'

/** Bits of a mode that say who may do what. */
const PERMISSIONS = 0o777

/** Until a file has the mode of the one that it replaces. */
const OWNER_ONLY = 0o600

/**
 * Write all that is going on inside `node` to `path` as JSON and to
 * `path.plantuml` as PlantUML.
 *
 * @throws {Error} the file system's
 */
export async function writeState (node: Kademlia, path: string): Promise<void> {
  await writeDump(await stateDump(node, systemClock.now()), path)
}

/**
 * Write what a lookup found to `path` as JSON and to `path.plantuml` as PlantUML.
 *
 * @throws {Error} the file system's
 */
export async function writeLookup (lookup: LookupResult, path: string): Promise<void> {
  await writeDump(lookupDump(lookup), path)
}

/** Write a dump to `path` as JSON and to `path.plantuml` as PlantUML. Parent folders are made. */
export async function writeDump (dump: unknown, path: string): Promise<void> {
  await replaceFile(path, `${JSON.stringify(dump, undefined, 2)}\n`)
  await replaceFile(`${path}.plantuml`, plantuml(dump))
}

/** What is open in this process already, by its number. */
const DESCRIPTORS: ReadonlyMap<string, number> = new Map([['/dev/stdout', 1], ['/dev/fd/1', 1], ['/dev/stderr', 2], ['/dev/fd/2', 2]])

const writeTo = promisify(writeOpen)

/**
 * Write a whole file or nothing: into a new file beside it, which then takes its
 * name, and the mode of the old one. Parent folders are made, a symbolic link is followed, and
 * what is no file (a device, a pipe, the file to which stdout goes) is written to as it is.
 *
 * @throws {Error} the file system's; the old file is then untouched
 */
export async function replaceFile (path: string, content: string | Uint8Array): Promise<void> {
  await makeFolders(dirname(path))
  const old = await existing(path)
  const target = old == null ? await readlink(path).catch(() => undefined) : undefined
  if (target != null) {
    return replaceFile(resolve(await realpath(dirname(path)), target), content) // where nothing is yet
  }
  const descriptor = DESCRIPTORS.get(path)
  if (old?.isFile() === false) {
    await writeFile(path, content)
  } else if (old != null && descriptor != null) {
    await writeTo(descriptor, content)
  } else {
    await replaceWith(content, old == null ? path : await realpath(path), old)
  }
}

async function replaceWith (content: string | Uint8Array, path: string, old: Stats | undefined): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`) // any name that is legal there leaves room for this one
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: old == null ? undefined : OWNER_ONLY })
    if (old != null) {
      await chmod(temporary, old.mode & PERMISSIONS)
    }
    await rename(temporary, path)
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }
}

/** What `path` leads to; undefined if that is nothing. */
async function existing (path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') {
      return undefined
    }
    throw err
  }
}
