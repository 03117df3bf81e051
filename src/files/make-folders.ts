import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Make the folder `path`, and those above it, if they are not there. The recursive `mkdir` of
 * Node.js tries for ever where no folder can be made in one that is there, as in `/proc`.
 *
 * @throws {Error} the file system's: `EEXIST` if something else is in its place
 */
export async function makeFolders (path: string, mode?: number): Promise<void> {
  if (await isFolder(path)) {
    return
  }
  if (dirname(path) !== path) {
    await makeFolders(dirname(path), mode)
  }
  try {
    await mkdir(path, mode)
  } catch (err) {
    if (!await isFolder(path)) { // nor has somebody else made it meanwhile
      throw err
    }
  }
}

async function isFolder (path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
