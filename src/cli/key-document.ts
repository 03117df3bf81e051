import { keyText } from '../dump/peer.ts'
import { readable } from '../dump/readable.ts'
import { keyOf } from '../keyspace/key.ts'
import type { Encoding } from '../dump/readable.ts'

/** A record key as `--json` shows it. */
export interface KeyDocument {
  readonly key: string
  readonly key_encoding: Encoding
  /** Where it lies in the keyspace. */
  readonly id: string
}

export function keyDocument (key: Uint8Array): KeyDocument {
  const { text, encoding } = readable(key)
  return { key: text, key_encoding: encoding, id: keyText(keyOf(key)) }
}
