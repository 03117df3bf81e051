import { InvalidMessageError } from './errors.ts'

/** How a payload is laid out. 3 and 4 are groups, which nothing on the network sends; 6 and 7 do not exist. */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/** Bytes of the longest varint: 64 bits. */
const MAX_VARINT_BYTES = 10

/** Bytes of the longest tag or length: 32 bits. */
const MAX_UINT32_BYTES = 5

/**
 * Walks the fields of one protobuf message and checks its structure, in one pass and
 * without decoding more than it is asked for. A generated decoder trusts the
 * wire types and follows groups by recursion; it may come after, not first.
 *
 * `next()` moves to the next field; `field` then says which it is, and `start` and
 * `end` where its payload lies, which is never past the message.
 */
export class FieldCursor {
  field = 0
  start = 0
  end: number
  #wireType = 0
  #limit: number
  readonly #bytes: Uint8Array

  /** The message is `bytes` from `start` up to `limit`. */
  constructor (bytes: Uint8Array, start: number, limit: number) {
    this.#bytes = bytes
    this.#limit = limit
    this.end = start
  }

  /** Walk another message of the same bytes: from `start` up to `limit`. */
  enter (start: number, limit: number): void {
    this.#limit = limit
    this.end = start
  }

  /**
   * Move on; false at the end of the message.
   *
   * @throws {InvalidMessageError} there is something, but no field
   */
  next (): boolean {
    if (this.end === this.#limit) {
      return false
    }
    const bytes = this.#bytes
    const at = this.end
    const tag = bytes[at]
    if ((tag & 0x87) === BYTES && tag >= 1 << 3 && at + 2 < this.#limit) { // a field of bytes, its number below 16, as nearly all are
      const low = bytes[at + 1]
      const high = low < 0x80 ? 0 : bytes[at + 2]
      const start = low < 0x80 ? at + 2 : at + 3
      const end = start + (low & 0x7f | high << 7)
      if (high < 0x80 && end <= this.#limit) {
        this.field = tag >>> 3
        this.#wireType = BYTES
        this.start = start
        this.end = end
        return true
      }
    }
    return this.#nextOfAnyForm()
  }

  /** All fields are sound or not by what is said here; `next` has a shorter way for most that are. */
  #nextOfAnyForm (): true {
    this.start = this.end
    const tag = this.#uint32()
    this.field = tag >>> 3
    this.#wireType = tag & 7
    if (this.field === 0) {
      throw new InvalidMessageError('a field has number 0')
    }
    const length = this.#payloadLength()
    this.end = this.start + length
    if (this.end > this.#limit) {
      throw new InvalidMessageError(`field ${this.field} ends ${this.end - this.#limit} bytes past its message`)
    }
    return true
  }

  /**
   * The current field is bytes, a string or a message.
   *
   * @throws {InvalidMessageError} it is something else
   */
  expectBytes (): void {
    this.#expect(BYTES)
  }

  /**
   * The number in the current field. Beyond 2^53 it is not exact.
   *
   * @throws {InvalidMessageError} it is no varint
   */
  varint (): number {
    this.#expect(VARINT)
    let value = 0
    for (let i = this.end - 1; i >= this.start; i--) {
      value = value * 0x80 + (this.#bytes[i] & 0x7f)
    }
    return value
  }

  #expect (wireType: number): void {
    if (this.#wireType !== wireType) {
      throw new InvalidMessageError(`field ${this.field} has wire type ${this.#wireType}, not ${wireType}`)
    }
  }

  #payloadLength (): number {
    switch (this.#wireType) {
      case VARINT:
        return this.#varintLength()
      case FIXED64:
        return 8
      case BYTES:
        return this.#uint32()
      case FIXED32:
        return 4
      default:
        throw new InvalidMessageError(`field ${this.field} has wire type ${this.#wireType}`)
    }
  }

  #varintLength (): number {
    const most = Math.min(MAX_VARINT_BYTES, this.#limit - this.start)
    for (let i = 0; i < most; i++) {
      if (this.#bytes[this.start + i] < 0x80) {
        return i + 1
      }
    }
    throw new InvalidMessageError(`the varint of field ${this.field} does not end`)
  }

  /** Reads a tag or length at `start` and moves `start` behind it. */
  #uint32 (): number {
    const first = this.#bytes[this.start]
    if (first < 0x80 && this.start < this.#limit) { // most are
      this.start++
      return first
    }
    return this.#longUint32()
  }

  #longUint32 (): number {
    const most = Math.min(this.start + MAX_UINT32_BYTES, this.#limit)
    let value = 0
    let unit = 1
    for (let i = this.start; i < most; i++) {
      const byte = this.#bytes[i]
      value += (byte & 0x7f) * unit
      if (byte < 0x80) {
        this.start = i + 1
        return assertUint32(value)
      }
      unit *= 0x80
    }
    throw new InvalidMessageError('a tag or length does not end')
  }
}

function assertUint32 (value: number): number {
  if (value > 0xffff_ffff) {
    throw new InvalidMessageError('a tag or length is longer than 32 bits')
  }
  return value
}
