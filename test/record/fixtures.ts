import { contactOf } from '../../src/keyspace/contact.ts'
import { sealerOf } from '../../src/record/open.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { ValueRecord } from '../../src/record/record.ts'

export function utf8 (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function recordOf (key: string, value: Uint8Array): ValueRecord {
  return { key: utf8(key), value }
}

/** A contact to be told from others. */
export function contactNamed (name: string): Contact {
  return contactOf({ id: utf8(name), addrs: [] })
}

/** The value of a `/kv/` record, written at `time`. */
export function sealOpenValue (data: Uint8Array, time: number): Uint8Array {
  return sealerOf(data)(time)
}
