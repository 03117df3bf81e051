import { open, rm } from 'node:fs/promises'

/** Write a new file, the whole or nothing; resolves once it is on the disk. */
export async function writeSynced (path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (err) {
    await rm(path, { force: true })
    throw err
  } finally {
    await file.close()
  }
}
