import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { makeFolders } from '../../files/make-folders.ts'
import { writeNew } from '../../files/write-new.ts'
import { IdentityError } from './errors.ts'
import { codeOf } from './system-error.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/**
 * The private key in the file `path`, as libp2p's protobuf; undefined if there is no file.
 *
 * @throws {IdentityError} it is damaged, holds another kind of key, or cannot be read
 */
export async function readKeyFile (path: string): Promise<Ed25519PrivateKey | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') {
      return undefined
    }
    throw new IdentityError(`cannot read ${path} (${codeOf(err)}): make it a file that this user can read, or use another`, { cause: err })
  }
  return decodeKey(bytes, path)
}

function decodeKey (bytes: Uint8Array, path: string): Ed25519PrivateKey {
  const advice = 'restore it from a backup, or move it away and have a new one made'
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

/**
 * A new private key in a file that only its owner can read; on the disk when this
 * resolves. Folders are made if need be. Undefined if something of that name is there
 * already: it is left as it is.
 *
 * @throws {IdentityError} it cannot be written
 */
export async function createKeyFile (path: string): Promise<Ed25519PrivateKey | undefined> {
  const key = await generateKeyPair('Ed25519')
  const folder = dirname(path)
  try {
    await makeFolders(folder, 0o700)
    const isNew = await writeNew(path, privateKeyToProtobuf(key))
    await syncFolder(folder)
    return isNew ? key : undefined
  } catch (err) {
    const isFull = /^(ENOSPC|EDQUOT|EFBIG)$/.test(codeOf(err))
    throw new IdentityError(`cannot write ${path} (${codeOf(err)}): ${isFull ? 'make room on that disk' : 'use a folder that this user can write to'}`, { cause: err })
  }
}

/** Have the names in it survive a power cut, too. Windows opens no folders, and does so by itself. */
async function syncFolder (path: string): Promise<void> {
  if (process.platform === 'win32') {
    return
  }
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
