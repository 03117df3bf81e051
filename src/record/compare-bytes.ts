/** Order of bytes, first difference first, a prefix before what it begins; zero only for the same bytes. */
export function compareBytes (a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.byteLength, b.byteLength)
  for (let i = 0; i < common; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i]
    }
  }
  return a.byteLength - b.byteLength
}
