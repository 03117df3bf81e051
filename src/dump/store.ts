import { sha256 } from '@noble/hashes/sha2.js'
import { keyOf } from '../keyspace/key.ts'
import { MUTABLE } from '../record/mutable-key.ts'
import { openMutableValue } from '../record/mutable.ts'
import { namespaceOf } from '../record/namespace.ts'
import { openValue } from '../record/open.ts'
import { keyText } from './peer.ts'
import { readableHead, readableKey } from './readable.ts'
import { timeText } from './time.ts'
import type { Encoding, KeyEncoding } from './readable.ts'
import type { StoredValue, ValueStore } from '../store/value-store.ts'

/** Bytes of a key or a value that a dump shows; longer ones are cut. */
const MAX_DUMPED_BYTES = 1_024

/** A value in a dump. What is cut shows in its size. */
export interface ValueDump {
  /** Where it lies, the SHA-256 of the key: 64 lower-case hex digits. */
  readonly id: string
  /** The record key as text; of one that is longer, the first 1,024 bytes. */
  readonly key: string
  readonly key_encoding: KeyEncoding
  /** Bytes of the whole key. */
  readonly key_size: number
  /** The value, of which at most 1,024 bytes; in the open namespace without its envelope. */
  readonly value: string
  readonly value_encoding: Encoding
  /** Bytes of the whole value. */
  readonly size: number
  /** SHA-256 of the whole value: 64 lower-case hex digits. */
  readonly sha256: string
  /** When it came: RFC 3339, UTC. */
  readonly time_received: string
  /** From when on it is no longer served: RFC 3339, UTC. */
  readonly expires: string
}

/** All live values of a store. */
export async function storeDump (store: ValueStore): Promise<ValueDump[]> {
  const values: ValueDump[] = []
  for await (const row of store.values()) {
    values.push(valueDump(row))
  }
  return values
}

function valueDump (row: StoredValue): ValueDump {
  const value = valueOf(row)
  const shownKey = row.key.byteLength > MAX_DUMPED_BYTES ? readableHead(row.key, MAX_DUMPED_BYTES) : readableKey(row.key)
  const shownValue = readableHead(value, MAX_DUMPED_BYTES)
  return {
    id: keyText(keyOf(row.key)),
    key: shownKey.text,
    key_encoding: shownKey.encoding,
    key_size: row.key.byteLength,
    value: shownValue.text,
    value_encoding: shownValue.encoding,
    size: value.byteLength,
    sha256: keyText(sha256(value)),
    time_received: timeText(row.timeReceived),
    expires: timeText(row.expires)
  }
}

/** What its writer put; a row that a foreign store has spoilt, as it is. */
function valueOf ({ key, value }: StoredValue): Uint8Array {
  try {
    switch (namespaceOf(key)) {
      case 'kv': return openValue(value).data
      case MUTABLE: return openMutableValue(value).data
      default: return value
    }
  } catch {
    return value // a dump shows what is there
  }
}
