import { join, resolve } from 'node:path'
import { LocalError } from './errors.ts'

/** Bytes of the path of a Unix socket at the most: 104 with its final NUL on macOS and the BSDs, 108 on Linux. */
const MAX_SOCKET_PATH_BYTES = 103

/**
 * The socket in a node's folder through which this machine's user may ask the
 * node that runs there.
 *
 * @throws {LocalError} the path is longer than systems take
 */
export function controlPath (dataDir: string): string {
  const path = join(resolve(dataDir), 'control.sock')
  const size = Buffer.byteLength(path)
  if (size > MAX_SOCKET_PATH_BYTES) {
    throw new LocalError(`${path} has ${size} bytes, and a socket's path at most ${MAX_SOCKET_PATH_BYTES}: use a folder with a shorter path`)
  }
  return path
}
