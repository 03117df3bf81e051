import { InvalidMessageError } from './errors.ts'
import { MAX_PREFIX_BYTES } from './limits.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A message as bytes: in one piece, or, with a large value, in three of which the value is one. */
export type Frame = Uint8Array | Uint8ArrayList

/**
 * The length that a prefix says, of which `bytes` are the first bytes, with or without what comes after it;
 * undefined if it is not complete yet. Refuses what is not minimally encoded, in at most
 * {@link MAX_PREFIX_BYTES}, as soon as that is known: nothing is buffered for it.
 *
 * @throws {InvalidMessageError} a prefix that is overlong, too long, or of a frame of more than `maxBytes`
 */
export function readPrefix (bytes: Uint8Array, maxBytes: number): number | undefined {
  let length = 0
  for (let i = 0; i < MAX_PREFIX_BYTES; i++) {
    if (i === bytes.byteLength) {
      return undefined
    }
    length |= (bytes[i] & 0x7f) << (7 * i)
    if (bytes[i] < 0x80) {
      return checked(length, bytes[i] === 0 && i > 0, maxBytes)
    }
  }
  throw new InvalidMessageError(`the length of a frame takes more than ${MAX_PREFIX_BYTES} bytes`)
}

function checked (length: number, isOverlong: boolean, maxBytes: number): number {
  if (isOverlong) {
    throw new InvalidMessageError('the length of a frame is overlong')
  }
  if (length > maxBytes) {
    throw new InvalidMessageError(`a frame of ${length} bytes, at most ${maxBytes} are read`)
  }
  return length
}

/** Bytes that the length prefix of a frame takes whose body is `bodyLength` bytes long. */
export function prefixLength (bodyLength: number): number {
  let bytes = 1
  for (let rest = bodyLength; rest >= 0x80; rest /= 0x80) {
    bytes++
  }
  return bytes
}
