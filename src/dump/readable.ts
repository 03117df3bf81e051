import { toString } from 'uint8arrays/to-string'
import { characterSize, printable } from '../record/escape.ts'
import { formatRecordKey } from '../record/key-text.ts'
import { namespaceOf } from '../record/namespace.ts'

/** How the bytes of a name or value were turned into a string. */
export type Encoding = 'utf-8' | 'base64'

/** The same for a record key; `key-text`: as `formatRecordKey` writes it. */
export type KeyEncoding = Encoding | 'key-text'

/** Bytes for the eye, and for JSON. */
export interface Readable {
  readonly text: string
  readonly encoding: Encoding
}

/** Control characters, but for tab and line ends; and those that reorder what is read. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]|\p{Bidi_Control}/u

/** A character of UTF-8 has at most 4 bytes, so one that is cut off leaves at most 3. */
const MAX_PARTIAL_BYTES = 3

/** Bytes as they read if they are printable UTF-8, else as base64 (RFC 4648 §4, padded). */
export function readable (bytes: Uint8Array): Readable {
  const text = printable(bytes, UNPRINTABLE)
  return text == null ? { text: toString(bytes, 'base64pad'), encoding: 'base64' } : { text, encoding: 'utf-8' }
}

/**
 * A record key as `kadmium get` takes it; `utf-8` if that is what its bytes are. Bytes that
 * are no record key stand as {@link readable} has them.
 */
export function readableKey (key: Uint8Array): { readonly text: string, readonly encoding: KeyEncoding } {
  if (namespaceOf(key) == null) {
    return readable(key)
  }
  const text = formatRecordKey(key)
  return { text, encoding: text === printable(key, UNPRINTABLE) ? 'utf-8' : 'key-text' }
}

/**
 * The beginning of `bytes`: at most `max` of them, and no half of a character.
 * Bytes that are no printable UTF-8 are cut at `max`.
 */
export function readableHead (bytes: Uint8Array, max: number): Readable {
  const head = bytes.subarray(0, max)
  const partial = bytes.byteLength > max ? partialBytes(head) : 0
  const text = printable(head.subarray(0, head.byteLength - partial), UNPRINTABLE)
  return text == null ? readable(head) : { text, encoding: 'utf-8' }
}

/** How many bytes at the end of `head` begin a character of UTF-8 that is longer than that. */
function partialBytes (head: Uint8Array): number {
  for (let count = 1; count <= MAX_PARTIAL_BYTES; count++) {
    const byte = head.at(-count) ?? 0
    if (byte >= 0xc0) {
      return count < characterSize(byte) ? count : 0
    }
  }
  return 0
}
