import { registry, V } from '@multiformats/multiaddr'

/** One protocol of a binary multiaddr, with its value raw. */
export interface Part {
  /** The protocol's number in the multicodec table. */
  readonly code: number
  readonly value: Uint8Array
  /** Where the part begins in the address. */
  readonly start: number
}

/** Bytes of the varints in an address: every protocol number and every length that fits in one has at most 3. */
const MAX_VARINT_BYTES = 3

/**
 * The protocols of a binary multiaddr, or undefined if it is none: empty, cut off, of a
 * length past its end, with an overlong number, an empty value or a protocol that nobody knows.
 *
 * The multiaddr package reads past the end and takes what it finds; only its table of
 * protocols is used.
 */
export function multiaddrParts (addr: Uint8Array): Part[] | undefined {
  const parts: Part[] = []
  let position = 0
  while (position < addr.byteLength) {
    const start = position
    const code = readVarint(addr, position)
    const size = code == null ? undefined : sizeOf(code.value)
    if (code == null || size == null) {
      return undefined
    }
    const length = size === V ? readVarint(addr, code.end) : { value: size / 8, end: code.end }
    const cutOff = length == null || length.end + length.value > addr.byteLength
    if (cutOff || (size === V && length.value === 0)) {
      return undefined
    }
    position = length.end + length.value
    parts.push({ code: code.value, value: addr.subarray(length.end, position), start })
  }
  return parts.length === 0 ? undefined : parts
}

/** Bits of the value of a protocol, V if it tells its length, undefined if the protocol is unknown. */
function sizeOf (code: number): number | undefined {
  try {
    return registry.getProtocol(code).size ?? 0
  } catch {
    return undefined // the registry throws for unknown ones
  }
}

function readVarint (bytes: Uint8Array, start: number): { value: number, end: number } | undefined {
  const most = Math.min(start + MAX_VARINT_BYTES, bytes.byteLength)
  let value = 0
  for (let i = start; i < most; i++) {
    const byte = bytes[i]
    value |= (byte & 0x7f) << (7 * (i - start))
    if (byte < 0x80) {
      return byte === 0 && i > start ? undefined : { value, end: i + 1 }
    }
  }
  return undefined
}
