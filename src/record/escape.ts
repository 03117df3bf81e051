import { concat } from 'uint8arrays/concat'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Control characters, line ends of every kind, and what reorders the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

const ESCAPE = /%([0-9a-f]{2})/i

/**
 * Bytes as one line of text: printable UTF-8 as it reads, any other byte as `%` and two
 * hex digits (RFC 3986, §2.1), and a `%` that two hex digits follow as `%25`. No two
 * have the same text, and {@link unescapeBytes} reads it.
 */
export function escapeBytes (bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.byteLength;) {
    const size = characterSize(bytes[at])
    const character = printable(bytes.subarray(at, at + size), UNPRINTABLE)
    if (character == null || ESCAPE.test(latin(bytes.subarray(at, at + 3)))) {
      text += `%${bytes[at].toString(16).padStart(2, '0').toUpperCase()}`
      at++
    } else {
      text += character
      at += size
    }
  }
  return text
}

/** What {@link escapeBytes} made a text of. A `%` that begins no escape is itself. */
export function unescapeBytes (text: string): Uint8Array {
  // with a group in the separator, every second part is what the group matched
  return concat(text.split(ESCAPE).map((part, i) => i % 2 === 0
    ? new TextEncoder().encode(part)
    : Uint8Array.of(Number.parseInt(part, 16))))
}

/** `bytes` as text, if they are UTF-8 without a character that `unprintable` finds. */
export function printable (bytes: Uint8Array, unprintable: RegExp): string | undefined {
  try {
    const text = utf8.decode(bytes)
    return unprintable.test(text) ? undefined : text
  } catch {
    return undefined // no UTF-8
  }
}

/** Bytes of the character of UTF-8 that begins with `lead` (RFC 3629, §3). */
export function characterSize (lead: number): number {
  if (lead < 0x80) {
    return 1
  }
  if (lead < 0xe0) {
    return 2
  }
  return lead < 0xf0 ? 3 : 4
}

function latin (bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
