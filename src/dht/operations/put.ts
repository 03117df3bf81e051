import { PUT_DEADLINE_MS } from '../deadlines.ts'
import { askOne } from './single.ts'
import { spread } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { PeerOrAddr } from './single.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** One node keeps a value now. */
export interface StoreResult {
  readonly peer: Contact
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  /** Milliseconds there and back. */
  readonly ms: number
}

/** PUT_VALUE at one node. */
export async function store (dht: DhtContext, to: PeerOrAddr, key: string | Uint8Array, value: string | Uint8Array, options?: OperationOptions): Promise<StoreResult> {
  const record = await dht.values.seal(key, value)
  const { peer, ms } = await askOne(dht, to, { type: 'put-value', record }, options)
  options?.onProgress?.({ type: 'stored', peer, request: 'put-value' })
  return { peer, key: record.key, ms }
}

/** Where a value is, beside with ourselves. */
export interface PutResult {
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  /** The peers that keep it, closest first. Empty: nobody but ourselves. */
  readonly storedAt: readonly Contact[]
  /** The peers that were to keep it and do not, and why. */
  readonly failed: ReadonlyArray<{ readonly peer: Contact, readonly error: Error }>
  /** The lookup that found them. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
}

/** Seal, and {@link putRecord}. */
export async function put (dht: DhtContext, key: string | Uint8Array, value: string | Uint8Array, options: OperationOptions = {}): Promise<PutResult> {
  return putRecord(dht, await dht.values.seal(key, value), options)
}

/** Keep a finished record ourselves if we know what it is, look up the k closest, have them keep it. */
export async function putRecord (dht: DhtContext, record: ValueRecord, options: OperationOptions): Promise<PutResult> {
  if (dht.values.knows(record.key)) {
    await dht.values.accept(record)
  }
  const { reached, ...rest } = await spread(dht, record.key, { type: 'put-value', record }, options, PUT_DEADLINE_MS)
  return { key: record.key, storedAt: reached, ...rest }
}
