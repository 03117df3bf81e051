import { prefixLength } from './frame.ts'

/** Bytes of a field with a payload of `length` bytes: a tag of one byte, the length, the payload. */
export function fieldLength (length: number): number {
  return length < 0x80 ? 2 + length : 1 + prefixLength(length) + length
}

/** Write a field of bytes at `position`; returns the position behind it. */
export function writeBytes (out: Uint8Array, position: number, tag: number, bytes: Uint8Array): number {
  const { length } = bytes
  const at = writeHeader(out, position, tag, length)
  out.set(bytes, at)
  return at + length
}

/** Write the tag, of one byte, and what follows it, a length or number of 32 bits; returns the position behind them. */
export function writeHeader (out: Uint8Array, position: number, tag: number, length: number): number {
  out[position] = tag
  let at = position + 1
  let rest = length
  while (rest >= 0x80) {
    out[at++] = rest & 0x7f | 0x80
    rest >>>= 7
  }
  out[at] = rest
  return at + 1
}
