import { InvalidOptionError } from './errors.ts'

/**
 * A string as UTF-8, bytes as they are.
 *
 * @throws {InvalidOptionError} it is neither; `what` it should be, as one reads it before "must be"
 */
export function toBytes (what: string, input: string | Uint8Array): Uint8Array {
  if (typeof input === 'string') {
    return new TextEncoder().encode(input)
  }
  if (!isBytes(input)) {
    throw new InvalidOptionError(`${what} must be a string or a Uint8Array, not ${typeName(input)}`)
  }
  return input
}

/**
 * Bytes as they are.
 *
 * @throws {InvalidOptionError} it is something else; `what` it should be, as one reads it before "must be"
 */
export function bytesOnly (what: string, input: Uint8Array): Uint8Array {
  if (!isBytes(input)) {
    throw new InvalidOptionError(`${what} must be a Uint8Array, not ${typeName(input)}`)
  }
  return input
}

/** Is it a Uint8Array? Not instanceof: those of another realm are some, too; and other views have elements that are no bytes. */
export function isBytes (input: unknown): input is Uint8Array {
  return typeName(input) === 'Uint8Array'
}

/** `Uint8Array`, `DataView`, `Object`; `null`, `number`, `undefined`. */
export function typeName (input: unknown): string {
  if (input === null) {
    return 'null'
  }
  return typeof input === 'object' ? Object.prototype.toString.call(input).slice('[object '.length, -1) : typeof input
}
