import { toString } from 'uint8arrays/to-string'

/** How the bytes of a name or value were turned into a string. */
export type Encoding = 'utf-8' | 'base64'

/** Bytes for the eye, and for JSON. */
export interface Readable {
  readonly text: string
  readonly encoding: Encoding
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Control characters, but for tab and line ends; and those that reorder what is read. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]|\p{Bidi_Control}/u

/** Bytes as they read if they are printable UTF-8, else as base64 (RFC 4648 §4, padded). */
export function readable (bytes: Uint8Array): Readable {
  const text = printable(bytes)
  return text == null ? { text: toString(bytes, 'base64pad'), encoding: 'base64' } : { text, encoding: 'utf-8' }
}

/**
 * The beginning of `bytes`: at most `max` of them, and no half of a character.
 * Bytes that are no printable UTF-8 are cut at `max`.
 */
export function readableHead (bytes: Uint8Array, max: number): Readable {
  if (bytes.byteLength <= max) {
    return readable(bytes)
  }
  const head = bytes.subarray(0, max)
  const whole = readable(head.subarray(0, startOfLastCharacter(head)))
  return whole.encoding === 'utf-8' ? whole : readable(head)
}

function printable (bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes)
    return UNPRINTABLE.test(text) ? undefined : text
  } catch {
    return undefined // no UTF-8
  }
}

/** Where the last UTF-8 character of `bytes` begins; it may be cut off. */
function startOfLastCharacter (bytes: Uint8Array): number {
  let start = bytes.byteLength - 1
  while (start > 0 && (bytes[start] & 0xc0) === 0x80) {
    start--
  }
  return start
}
