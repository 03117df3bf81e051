import { compare } from 'uint8arrays/compare'

/** Bytes up to which comparing them here takes no longer than to call somebody. */
const FEW = 64

/** Same bytes? Few of them are compared from the end, where ids and addresses of one kind differ. */
export function bytesEqual (a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) {
    return false
  }
  if (a.byteLength > FEW) {
    return compare(a, b) === 0
  }
  for (let i = a.byteLength - 1; i >= 0; i--) {
    if (a[i] !== b[i]) {
      return false
    }
  }
  return true
}
