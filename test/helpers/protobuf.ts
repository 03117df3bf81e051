/** Protobuf by hand, for messages that no honest encoder writes. */

/** Concatenate. */
export function bytes (...parts: Array<Uint8Array | readonly number[]>): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => Array.from(part)))
}

export function utf8 (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A varint, as long as it must be. Takes bigints for what does not fit 53 bits. */
export function varint (value: number | bigint): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

export function tag (field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType)
}

/** A length-delimited field: bytes, a string, an embedded message. */
export function field (number: number, body: Uint8Array): Uint8Array {
  return bytes(tag(number, 2), varint(body.byteLength), body)
}

/** A varint field. */
export function scalar (number: number, value: number | bigint): Uint8Array {
  return bytes(tag(number, 0), varint(value))
}

/** A frame: the length, then the body. */
export function frame (...body: Array<Uint8Array | readonly number[]>): Uint8Array {
  const whole = bytes(...body)
  return bytes(varint(whole.byteLength), whole)
}

export const TYPE = { putValue: 0, getValue: 1, addProvider: 2, getProviders: 3, findNode: 4, ping: 5 } as const

/** `Message` fields, as the wire numbers them. */
export const message = {
  type: (value: number | bigint): Uint8Array => scalar(1, value),
  key: (value: Uint8Array): Uint8Array => field(2, value),
  record: (value: Uint8Array): Uint8Array => field(3, value),
  closer: (value: Uint8Array): Uint8Array => field(8, value),
  provider: (value: Uint8Array): Uint8Array => field(9, value)
}

/** A `Record`. */
export function record (key: Uint8Array, value: Uint8Array, timeReceived?: string): Uint8Array {
  return bytes(field(1, key), field(2, value), timeReceived == null ? [] : field(5, utf8(timeReceived)))
}

/** A `Peer`. */
export function peer (id: Uint8Array, addrs: readonly Uint8Array[] = []): Uint8Array {
  return bytes(field(1, id), ...addrs.map(addr => field(2, addr)))
}
