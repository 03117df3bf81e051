import { readKeyFile } from '../hosts/tcp/key-file.ts'
import { formatRecordKey } from '../record/key-text.ts'
import { MAX_SALT_BYTES, mutableKeyOf } from '../record/mutable-key.ts'
import { LocalError, UsageError } from './errors.ts'
import { parseFile } from './options.ts'
import { utf8 } from './utf8.ts'
import type { Ed25519PrivateKey, Ed25519PublicKey } from '@libp2p/interface'
import type { Command } from 'commander'

/** Where `keygen` writes a key pair, and where it is looked for, unless told otherwise. */
export const DEFAULT_KEY_FILE = 'kadmium.key'

/** Which key pair. */
export interface KeyFileOptions {
  readonly key?: string
}

export function keyFileOption (command: Command): Command {
  return command.option('-k, --key <file>', `with --mutable, your key pair: what "kadmium keygen" made, or the identity.key of a node (default: ./${DEFAULT_KEY_FILE})`, parseFile)
}

/**
 * The key pair in a file.
 *
 * @throws {LocalError} there is no file
 * @throws {IdentityError} it cannot be read, or holds no Ed25519 key
 */
export async function loadKeyFile ({ key: path = DEFAULT_KEY_FILE }: KeyFileOptions): Promise<Ed25519PrivateKey> {
  const key = await readKeyFile(path)
  if (key == null) {
    const out = path === DEFAULT_KEY_FILE ? '' : ` --out ${path}`
    throw new LocalError(`there is no key file ${path}: make one with "kadmium keygen${out}", or give yours with --key FILE`)
  }
  return key
}

/** What the keys of all values begin with that the holder of a key pair can write, as text. */
export function keyPrefix (publicKey: Ed25519PublicKey): string {
  return formatRecordKey(mutableKeyOf(publicKey))
}

/**
 * The record key of one of these values. The name is taken as it is: names that differ are never those of one value.
 *
 * @throws {UsageError} the name is too long, or not UTF-8
 */
export function mutableKeyNamed (publicKey: Ed25519PublicKey, name: string): Uint8Array {
  const salt = new TextEncoder().encode(utf8('the name', name, 'give one in UTF-8'))
  if (salt.byteLength > MAX_SALT_BYTES) {
    throw new UsageError(`the name has ${salt.byteLength} bytes, and may have at most ${MAX_SALT_BYTES} bytes: give a shorter one`)
  }
  return mutableKeyOf(publicKey, salt)
}
