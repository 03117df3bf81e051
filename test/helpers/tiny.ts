import { keyFromBytes } from '../../src/keyspace/key.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'

/** A key of 8 bits, so that a whole table fits in a reader's head. */
export function tinyKey (byte: number): Key {
  return keyFromBytes(Uint8Array.of(byte))
}

/** A contact whose id and key are that byte, unhashed. */
export function tinyContact (byte: number, addrs: readonly Uint8Array[] = []): Contact {
  return { id: Uint8Array.of(byte), key: tinyKey(byte), addrs }
}

/** The bytes that these tiny contacts were made of. */
export function numbers (contacts: Iterable<Contact>): number[] {
  return Array.from(contacts, contact => contact.key[0])
}

/** A key in binary, `'01000001'`. */
export function bits (key: Key): string {
  return Array.from(key, byte => byte.toString(2).padStart(8, '0')).join('')
}

/** What a test prints of a bucket: its prefix, and its contacts, least recently seen first. */
export function showBucket (bucket: { prefix: Key, prefixLength: number, contacts: readonly Contact[] }): string {
  const prefix = bits(bucket.prefix).slice(0, bucket.prefixLength)
  return `${prefix}*: ${numbers(bucket.contacts).join(' ')}`.trimEnd()
}
