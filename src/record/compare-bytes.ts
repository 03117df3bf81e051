import { compare } from 'uint8arrays/compare'

/** Bytes up to which comparing them here takes no longer than to call somebody. */
const FEW = 64

/** Order of bytes, first difference first, a prefix before what it begins; zero only for the same bytes. */
export function compareBytes (a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.byteLength, b.byteLength)
  if (common > FEW) {
    return compare(a, b)
  }
  for (let i = 0; i < common; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i]
    }
  }
  return a.byteLength - b.byteLength
}
