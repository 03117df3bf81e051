import { InvalidOptionError } from './errors.ts'

/**
 * A string as UTF-8, bytes as they are.
 *
 * @throws {InvalidOptionError} it is neither
 */
export function toBytes (input: string | Uint8Array): Uint8Array {
  if (typeof input === 'string') {
    return new TextEncoder().encode(input)
  }
  if (!ArrayBuffer.isView(input)) { // not instanceof: the bytes of another realm are bytes, too
    throw new InvalidOptionError(`keys, values and targets are strings or Uint8Arrays, not ${typeof input}`)
  }
  return input
}
