/** A string as UTF-8, bytes as they are. */
export function toBytes (input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? new TextEncoder().encode(input) : input
}
