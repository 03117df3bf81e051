/** The bytes that `bytesToMapKey` (keyspace/key.ts) made `text` of. */
export function mapKeyToBytes (text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    bytes[i] = text.charCodeAt(i)
  }
  return bytes
}
