import { join } from 'node:path'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import * as Digest from 'multiformats/hashes/digest'
import { IdentityError } from './errors.ts'
import { createKeyFile, readKeyFile } from './key-file.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** The name of the file, in the folder given, that keeps a private key as libp2p's protobuf. */
export const IDENTITY_FILE = 'identity.key'

/** A PeerId as text, `12D3Koo…`. */
export function peerIdText (id: Uint8Array): string {
  return peerIdFromMultihash(Digest.decode(id)).toString()
}

/**
 * The identity kept in `dir`, or a new one that is kept there from now on, in a
 * file that only its owner can read. The folder is made if need be. What is in
 * the file is never overwritten.
 *
 * @throws {IdentityError} the file is damaged, or cannot be read or written
 */
export async function loadOrCreateIdentity (dir: string): Promise<Ed25519PrivateKey> {
  const path = join(dir, IDENTITY_FILE)
  const found = await readKeyFile(path) ?? await createKeyFile(path)
  if (found != null) {
    return found
  }
  // another process was faster: what is in the file counts
  const created = await readKeyFile(path)
  if (created == null) {
    throw new IdentityError(`${path} vanished as soon as it was written: is something else cleaning up that folder?`)
  }
  return created
}
