import { peerIdFromString } from '@libp2p/peer-id'
import { Key } from 'interface-datastore/key'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { multihashText } from '../record/multihash-text.ts'
import { MAX_PROVIDER_KEY_BYTES, MAX_TARGET_BYTES } from '../wire/limits.ts'
import { isPeerId } from '../wire/peer-id.ts'
import { CorruptRowError } from './errors.ts'

/**
 * Where rows lie on a datastore. Values and provider records lie where `@libp2p/kad-dht`
 * keeps them, so that a node can change from one to the other:
 *
 * ```
 * <prefix>/record/<key>               a value
 * <prefix>/provider/<multihash>/<id>  since when the peer provides the multihash
 * <prefix>/published/<key>            a value that we keep alive     (ours alone)
 * <prefix>/addrs/<id>                 addresses of a provider        (ours alone)
 * <prefix>/contacts                   contacts for the next start    (ours alone)
 * ```
 *
 * Bytes are in base32, lower case, without padding; ids as a PeerId prints itself.
 */
export const DEFAULT_PREFIX = '/dht'

/** The row of a value. Its name is used as it is, as the other implementation does. */
export function valueRowKey (prefix: string, key: Uint8Array): Key {
  return new Key(`${prefix}/record/${toString(key, 'base32')}`, false)
}

/** The row of a value that we keep alive. */
export function publicationRowKey (prefix: string, key: Uint8Array): Key {
  return new Key(`${prefix}/published/${toString(key, 'base32')}`, false)
}

/** The row of a provider record. */
export function providerRowKey (prefix: string, key: Uint8Array, id: Uint8Array): Key {
  return new Key(`${prefix}/provider/${toString(key, 'base32')}/${multihashText(id)}`)
}

/** The row of a provider's addresses. */
export function addrsRowKey (prefix: string, id: Uint8Array): Key {
  return new Key(`${prefix}/addrs/${multihashText(id)}`)
}

/**
 * The record key in the name of a value's row.
 *
 * @throws {CorruptRowError} there is none, or none that anybody could ask for
 */
export function parseValueRow (name: string): Uint8Array {
  return parseBase32(name, MAX_TARGET_BYTES)
}

/**
 * Multihash and id in the name of a provider record's row.
 *
 * @throws {CorruptRowError} it is of another form
 */
export function parseProviderRow (name: string): { key: Uint8Array, id: Uint8Array } {
  const [key, id, ...rest] = name.split('/')
  if (id == null || rest.length > 0) {
    throw new CorruptRowError('its name must be <multihash>/<peer id>')
  }
  return { key: parseBase32(key, MAX_PROVIDER_KEY_BYTES), id: parseId(id) }
}

/**
 * The id in the name of a row of addresses.
 *
 * @throws {CorruptRowError} there is none
 */
export function parseAddrsRow (name: string): Uint8Array {
  return parseId(name)
}

function parseBase32 (text: string, maxBytes: number): Uint8Array {
  const bytes = attempt(() => fromString(text, 'base32'), 'base32')
  if (bytes.byteLength === 0 || bytes.byteLength > maxBytes) {
    throw new CorruptRowError(`its name stands for ${bytes.byteLength} bytes, must for 1 to ${maxBytes}`)
  }
  if (toString(bytes, 'base32') !== text) {
    throw new CorruptRowError('its name is not the base32 of what it stands for')
  }
  return bytes
}

function parseId (text: string): Uint8Array {
  const { bytes } = attempt(() => peerIdFromString(text).toMultihash(), 'a peer id')
  if (!isPeerId(bytes)) {
    throw new CorruptRowError('its name is of a peer id that no peer can have')
  }
  return bytes
}

function attempt<T> (read: () => T, what: string): T {
  try {
    return read()
  } catch (cause) {
    throw new CorruptRowError(`its name must be ${what}`, { cause })
  }
}
