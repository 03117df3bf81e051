import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import * as Digest from 'multiformats/hashes/digest'
import { IdentityError } from './errors.ts'
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
  const found = await readIdentity(path)
  if (found != null) {
    return found
  }
  await createIdentity(dir, path)
  // another process may have been faster: what is in the file counts
  const created = await readIdentity(path)
  if (created == null) {
    throw new IdentityError(`${path} vanished as soon as it was written: is something else cleaning up that folder?`)
  }
  return created
}

async function readIdentity (path: string): Promise<Ed25519PrivateKey | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') {
      return undefined
    }
    throw new IdentityError(`cannot read ${path} (${codeOf(err)}): make it a file that this user can read, or use another folder`, { cause: err })
  }
  return decodeIdentity(bytes, path)
}

function decodeIdentity (bytes: Uint8Array, path: string): Ed25519PrivateKey {
  const advice = 'restore it from a backup, or move it away to get a new identity'
  let key
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (err) {
    throw new IdentityError(`${path} holds no private key: ${advice}`, { cause: err })
  }
  if (key.type !== 'Ed25519') {
    throw new IdentityError(`${path} holds a key of type ${key.type}, not Ed25519: ${advice}`)
  }
  return key
}

/** Write the whole file under another name, then link it to its own, which fails rather than replace one that is there. */
async function createIdentity (dir: string, path: string): Promise<void> {
  const key = await generateKeyPair('Ed25519')
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeSynced(draft, privateKeyToProtobuf(key))
    await link(draft, path)
  } catch (err) {
    if (codeOf(err) !== 'EEXIST') {
      throw new IdentityError(`cannot write ${path} (${codeOf(err)}): use a folder that this user can write to`, { cause: err })
    }
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeSynced (path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function codeOf (err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : String(err)
}
