import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Make the folder `path`, and those above it, if they are not there. The recursive `mkdir` of
 * Node.js tries for ever where no folder can be made in one that is there, as in `/proc`.
 *
 * @throws {Error} the file system's: `EEXIST` if something else is in its place
 */
export async function makeFolders (path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (err) {
    if (isMissing(err) && !await isFolder(dirname(path))) {
      await makeFolders(dirname(path), mode)
      await makeFolders(path, mode)
    } else if (!await isFolder(path)) {
      throw err
    }
  }
}

function isMissing (err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'ENOENT'
}

async function isFolder (path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
