import { InvalidMessageError } from './errors.ts'
import { MAX_PREFIX_BYTES } from './limits.ts'
import type { DecoderOptions, LengthDecoderFunction } from 'it-length-prefixed'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A message as bytes: in one piece, or, with a large value, in three of which the value is one. */
export type Frame = Uint8Array | Uint8ArrayList

/**
 * Options that make `it-length-prefixed` read frames of at most `maxBytes` and refuse
 * every other, and every length that is not minimally encoded in at most
 * {@link MAX_PREFIX_BYTES}, as soon as the prefix is read: nothing is buffered for it.
 *
 * The decoder ends without an error when the stream ends right after a prefix. Who
 * must know counts the bytes that went in against those of the frames that came out,
 * {@link prefixLength} included.
 *
 * @example
 *
 * ```typescript
 * import { decode } from 'it-length-prefixed'
 *
 * const frames = decode(source, frameDecoder(64 * 1024))
 * ```
 *
 * @throws {InvalidMessageError} (the decoder) a prefix that is overlong, too long, or of a frame of more than `maxBytes`
 */
export function frameDecoder (maxBytes: number): DecoderOptions & { readonly lengthDecoder: LengthDecoderFunction } {
  const lengthDecoder = (data: Uint8ArrayList): number => {
    const length = readLength(data)
    if (length > maxBytes) {
      throw new InvalidMessageError(`a frame of ${length} bytes, at most ${maxBytes} are read`)
    }
    lengthDecoder.bytes = prefixLength(length)
    return length
  }
  lengthDecoder.bytes = 0
  return { lengthDecoder, maxDataLength: maxBytes, maxLengthLength: MAX_PREFIX_BYTES }
}

/** Bytes that the length prefix of a frame takes whose body is `bodyLength` bytes long. */
export function prefixLength (bodyLength: number): number {
  let bytes = 1
  for (let rest = bodyLength; rest >= 0x80; rest /= 0x80) {
    bytes++
  }
  return bytes
}

function readLength (data: Uint8ArrayList): number {
  let length = 0
  const available = Math.min(data.byteLength, MAX_PREFIX_BYTES)
  for (let i = 0; i < available; i++) {
    const byte = data.get(i)
    length |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) {
      if (byte === 0 && i > 0) {
        throw new InvalidMessageError('the length of a frame is overlong')
      }
      return length
    }
  }
  if (available === MAX_PREFIX_BYTES) {
    throw new InvalidMessageError(`the length of a frame takes more than ${MAX_PREFIX_BYTES} bytes`)
  }
  throw new RangeError('the length of the frame is not complete yet') // it-length-prefixed then waits for more
}
