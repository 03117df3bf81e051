import { keyText } from '../dump/peer.ts'
import { readableKey } from '../dump/readable.ts'
import { keyOf } from '../keyspace/key.ts'
import type { KeyEncoding } from '../dump/readable.ts'

/** A record key as `--json` shows it: `key` is what `get` takes. */
export interface KeyDocument {
  readonly key: string
  readonly key_encoding: KeyEncoding
  /** Where it lies in the keyspace. */
  readonly id: string
}

export function keyDocument (key: Uint8Array): KeyDocument {
  const { text, encoding } = readableKey(key)
  return { key: text, key_encoding: encoding, id: keyText(keyOf(key)) }
}
