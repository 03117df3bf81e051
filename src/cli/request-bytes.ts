import { UsageError } from './errors.ts'

/**
 * The bytes that a request has in base64.
 *
 * @param part - the name of that part
 * @param base64 - what stands there: JSON may have anything, or nothing
 * @throws {UsageError} it is no base64
 */
export function requestBytes (part: string, base64: unknown): Uint8Array {
  const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined
  if (bytes == null || bytes.toString('base64') !== base64) {
    throw new UsageError(`the request needs ${JSON.stringify(part)}, bytes in base64`)
  }
  return new Uint8Array(bytes)
}
