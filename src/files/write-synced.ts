import { open } from 'node:fs/promises'

/** Write a new file; resolves once it is on the disk. */
export async function writeSynced (path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
