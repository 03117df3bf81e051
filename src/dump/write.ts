import { randomUUID } from 'node:crypto'
import { mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '../clock/clock.ts'
import { lookupDump } from './lookup.ts'
import { plantuml } from './plantuml.ts'
import { stateDump } from './state.ts'
import type { Kademlia } from '../dht/kademlia.ts'
import type { LookupResult } from '../dht/operations/lookup.ts'

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

/**
 * Write a whole file or nothing: into a new file beside it, which then takes its
 * name. Parent folders are made, a symbolic link is followed, and what is no file
 * (a device, a pipe) is written to as it is.
 *
 * @throws {Error} the file system's; the old file is then untouched
 */
export async function replaceFile (path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const target = await existing(path)
  if (target != null && !(await stat(target)).isFile()) {
    await writeFile(target, content)
    return
  }
  const name = target ?? path
  const temporary = join(dirname(name), `.${basename(name)}.${randomUUID()}.tmp`)
  try {
    await writeFile(temporary, content, { flag: 'wx' })
    await rename(temporary, name)
  } catch (err) {
    await rm(temporary, { force: true })
    throw err
  }
}

/** Where `path` leads; undefined if there is nothing. */
async function existing (path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') {
      return undefined
    }
    throw err
  }
}
