import { KEY_FORM, namespaceOf } from '../record/namespace.ts'
import { MAX_PROVIDER_KEY_BYTES, MAX_TARGET_BYTES } from '../wire/limits.ts'
import { InvalidOptionError } from './errors.ts'
import { bytesOnly } from './text.ts'
import type { Request } from '../wire/rpc.ts'

/**
 * Peers reset the stream of a request whose key they do not take, and so would all look as if
 * they were gone. The key of a value that is put was checked when it was sealed.
 *
 * @throws {InvalidOptionError} no peer takes the key of `request`, or it is none
 */
export function checkKey (request: Request): void {
  switch (request.type) {
    case 'find-node':
      return checkSize('the target', request.target, MAX_TARGET_BYTES)
    case 'get-providers':
    case 'add-provider':
      return checkSize('the multihash (cid.multihash.bytes)', request.key, MAX_PROVIDER_KEY_BYTES)
    case 'get-value':
      if (namespaceOf(request.key) == null) {
        throw new InvalidOptionError(`the key of a value ${KEY_FORM}`)
      }
      break
    default:
  }
}

function checkSize (what: string, bytes: Uint8Array, max: number): void {
  const { byteLength } = bytesOnly(what, bytes)
  if (byteLength === 0 || byteLength > max) {
    throw new InvalidOptionError(`${what} has ${byteLength} bytes, must have 1 to ${max}`)
  }
}
