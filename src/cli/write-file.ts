import { replaceFile, writeDump } from '../dump/write.ts'
import { errnoOf, LocalError } from './errors.ts'

/**
 * A whole file or nothing.
 *
 * @throws {LocalError} it cannot be written
 */
export async function writeWhole (path: string, content: Uint8Array): Promise<void> {
  await explained(path, async () => { await replaceFile(path, content) })
}

/**
 * A dump as JSON, and as PlantUML beside it.
 *
 * @throws {LocalError} it cannot be written
 */
export async function writeDumpFiles (dump: unknown, path: string): Promise<void> {
  await explained(path, async () => { await writeDump(dump, path) })
}

async function explained (path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (cause) {
    throw new LocalError(`cannot write ${path} (${errnoOf(cause) ?? String(cause)}): give a path in a folder that this user can write to`, { cause })
  }
}
