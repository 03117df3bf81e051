import { randomBytes } from 'node:crypto'
import { link, rm } from 'node:fs/promises'
import { writeSynced } from './write-synced.ts'

/**
 * Write a new file under another name, then give it its own: killed at any time, there is the whole
 * file or none. Where there are no links, on FAT say, it is written under its own name at once.
 *
 * @param path - the file
 * @param bytes - what is to be in it
 * @param name - gives a file a second name
 * @returns false if there is something of that name already, which stays
 * @throws {Error} the file system's; nothing is left then
 */
export async function writeNew (path: string, bytes: Uint8Array, name: typeof link = link): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeSynced(draft, bytes)
    await name(draft, path).catch(async () => writeSynced(path, bytes)) // which says why, if not for want of links
    return true
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'EEXIST') {
      return false
    }
    throw err
  } finally {
    await rm(draft, { force: true })
  }
}
