import { constants } from 'node:fs'
import { access, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { makeFolders } from '../files/make-folders.ts'
import { DataDirError, textOf } from './errors.ts'

/**
 * Make the folder `dir`, for its owner alone, if it is not there; its parents too.
 *
 * @returns its absolute path, without symbolic links: LevelDB takes a database under another path for another one
 * @throws {DataDirError} its path is empty or not UTF-8, or it cannot be made, is no folder, or this user cannot write to it
 */
export async function makeFolder (dir: string): Promise<string> {
  if (dir === '') { // it would be the current folder: most likely a variable is not set
    throw new DataDirError('the path of the data directory is empty: give one, "." for the current folder')
  }
  const path = resolve(dir)
  if (path.includes('\ufffd')) { // Node.js has that for bytes which are none, of the current folder too
    throw new DataDirError(`cannot use ${path} as the data directory: its path is not UTF-8, and another folder would be taken; use one whose path is`)
  }
  try {
    await makeFolders(path, 0o700)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return await realpath(path)
  } catch (cause) {
    throw new DataDirError(`cannot use ${path} as the data directory: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf (err: unknown): string {
  switch (err instanceof Error && 'code' in err ? err.code : undefined) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file is in its place or on the way to it; move it away, or use another folder'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user cannot write to it; use a folder that this user can write to'
    default:
      return `${textOf(err)}; use another folder`
  }
}
