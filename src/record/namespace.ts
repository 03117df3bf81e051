const SLASH = 0x2f
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The namespace of a record key `/<namespace>/<rest>`, or undefined if the key is not
 * of that form: either part empty, or a namespace that is no UTF-8. `rest` is any bytes.
 */
export function namespaceOf (key: Uint8Array): string | undefined {
  const end = key.indexOf(SLASH, 1)
  if (key[0] !== SLASH || end <= 1 || end === key.byteLength - 1) {
    return undefined
  }
  try {
    return utf8.decode(key.subarray(1, end))
  } catch {
    return undefined // no UTF-8
  }
}
