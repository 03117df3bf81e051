import { createHash } from 'node:crypto'
import { readable } from '../dump/readable.ts'
import type { Encoding } from '../dump/readable.ts'

/** A whole value as `--json` shows it. */
export interface ValueDocument {
  readonly value: string
  readonly value_encoding: Encoding
  /** Bytes. */
  readonly size: number
  readonly sha256: string
}

export function valueDocument (value: Uint8Array): ValueDocument {
  const { text, encoding } = readable(value)
  return { value: text, value_encoding: encoding, size: value.byteLength, sha256: createHash('sha256').update(value).digest('hex') }
}
