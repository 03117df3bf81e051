import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes that must be free before a database is opened again, or repaired: it writes its log of up to 4 MiB as a table then, and begins another. */
const ROOM_BYTES = 8 * 1024 * 1024

/**
 * Resolves if there is room in the data directory `dir` for a database to be opened.
 *
 * @throws {Error} what the file system says if there is none
 */
export async function proveRoom (dir: string): Promise<void> {
  try {
    await writeFile(pathIn(dir), new Uint8Array(ROOM_BYTES))
  } finally {
    await freeRoom(dir)
  }
}

/** Take away what {@link proveRoom} leaves when the process is killed. */
export async function freeRoom (dir: string): Promise<void> {
  await rm(pathIn(dir), { force: true })
}

function pathIn (dir: string): string {
  return join(dir, 'room.tmp')
}
