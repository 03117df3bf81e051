import { replaceFile, writeDump } from '../dump/write.ts'
import { errnoOf, LocalError } from './errors.ts'

/** What to do about what the system says, where it is not about who may write. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['ENAMETOOLONG', 'give a shorter name'],
  ['EISDIR', 'it is a folder, give the path of a file'],
  ['ENOSPC', 'make room on that disk'],
  ['EDQUOT', 'make room on that disk']
])

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
    const code = errnoOf(cause) ?? String(cause)
    throw new LocalError(`cannot write ${path} (${code}): ${ADVICE.get(code) ?? 'give a path in a folder that this user can write to'}`, { cause })
  }
}
