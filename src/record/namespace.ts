const SLASH = 0x2f
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What is to be said of a record key that is not of the form. */
export const KEY_FORM = 'must be /<namespace>/<rest>, the namespace non-empty and UTF-8'

/** Bytes up to which reading ASCII here takes a fraction of what a decoder does. */
const FEW = 16

/**
 * The namespace of a record key `/<namespace>/<rest>`, or undefined if the key is not
 * of that form: no namespace, or one that is no UTF-8. `rest` is any bytes, or none, as in go and js.
 */
export function namespaceOf (key: Uint8Array): string | undefined {
  const end = key.indexOf(SLASH, 1)
  if (key[0] !== SLASH || end <= 1) {
    return undefined
  }
  return end - 1 <= FEW ? asciiOf(key, 1, end) ?? utf8Of(key, 1, end) : utf8Of(key, 1, end)
}

/** The text from `start` up to `end`; undefined if it is not all ASCII. */
function asciiOf (bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = ''
  for (let i = start; i < end; i++) {
    if (bytes[i] >= 0x80) {
      return undefined
    }
    text += String.fromCharCode(bytes[i])
  }
  return text
}

/** The same; undefined if it is no UTF-8. */
function utf8Of (bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}
