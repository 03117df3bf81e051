import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeNew } from '../files/write-new.ts'
import { DataDirError, DiskFullError, fullReason, textOf } from './errors.ts'

/** The file in the data directory that says how the rest of it is written. */
const FORMAT_FILE = 'format'

/** How this version writes it. Greater wherever an older version would misread what is there. */
const FORMAT = '1'

/**
 * Is the folder `dir` written in a way that this version can read? One that does not say so is new, or
 * older than the file, and says so from now on.
 *
 * @throws {DataDirError} it is not, or its file cannot be read or written
 */
export async function checkFormat (dir: string): Promise<void> {
  const path = join(dir, FORMAT_FILE)
  const format = await readOrWrite(path).catch(err => { throw formatError(path, err) })
  if (format !== FORMAT) {
    throw new DataDirError(`${path} says ${JSON.stringify(format.slice(0, 20))}, this version of kadmium reads format ${FORMAT}: use the version that wrote the folder, or another folder`)
  }
}

async function readOrWrite (path: string): Promise<string> {
  try {
    return (await readFile(path, 'latin1')).trim()
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ENOENT')) {
      throw err
    }
  }
  await writeNew(path, new TextEncoder().encode(`${FORMAT}\n`))
  return FORMAT
}

function formatError (path: string, cause: unknown): DataDirError {
  const full = fullReason(cause)
  return full != null
    ? new DiskFullError(`the disk is full (${full}): make room for ${path}`, { cause })
    : new DataDirError(`cannot use ${path} (${textOf(cause)}): make sure that this user can read and write it, or use another folder`, { cause })
}
