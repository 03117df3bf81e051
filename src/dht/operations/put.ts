import { StoreFullError } from '../../store/errors.ts'
import { PUT_DEADLINE_MS } from '../deadlines.ts'
import { whole } from '../option-checks.ts'
import { askOne } from './single.ts'
import { spread } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { PeerOrAddr } from './single.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** The shortest life of a value, milliseconds: the wire tells it in whole seconds. */
const MIN_TTL_MS = 1_000

/** How a value is to be kept. */
export interface PutOptions extends OperationOptions {
  /** Milliseconds that the value lives: 1,000 to `maxValueTtl`. Default: `valueTtl`; of each node that keeps it, unless it is sent out again. */
  readonly ttl?: number | undefined
  /** Send it out again before its life is over, until {@link Kademlia.unpublish}? Default: the node's option `republish`. */
  readonly republish?: boolean | undefined
}

/** One node keeps a value now. */
export interface StoreResult {
  readonly peer: Contact
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  /** Milliseconds there and back. */
  readonly ms: number
}

/** How one node is to keep a value. */
export type StoreOptions = Omit<PutOptions, 'republish'>

/** PUT_VALUE at one node. */
export async function store (dht: DhtContext, to: PeerOrAddr, key: string | Uint8Array, value: string | Uint8Array, options: StoreOptions = {}): Promise<StoreResult> {
  const ttl = checkedTtl(dht, options.ttl)
  const record = { ...await dht.values.seal(key, value), ttl }
  const { peer, ms } = await askOne(dht, to, { type: 'put-value', record }, options)
  options.onProgress?.({ type: 'stored', peer, request: 'put-value' })
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
export async function put (dht: DhtContext, key: string | Uint8Array, value: string | Uint8Array, options: PutOptions = {}): Promise<PutResult> {
  return putRecord(dht, await dht.values.seal(key, value), options)
}

/** Keep a finished record ourselves if we know what it is, look up the k closest, have them keep it; and remember to send it out again, if it is to be kept alive. */
export async function putRecord (dht: DhtContext, { key, value }: ValueRecord, { ttl, republish = dht.config.republish, ...options }: PutOptions): Promise<PutResult> {
  const isKnown = dht.values.knows(key)
  const keepAlive = republish && isKnown
  const life = checkedTtl(dht, ttl) ?? dht.config.valueTtl
  const record = { key, value, ttl: keepAlive ? life : ttl } // it is sent out again when ours is nearly over
  options.signal?.throwIfAborted() // before it is kept, and on the list
  if (isKnown) {
    await dht.values.accept(record).catch(err => {
      if (!keepAlive || !(err instanceof StoreFullError)) { // the publisher's list has room for it
        throw err
      }
    })
  }
  if (keepAlive) {
    await dht.publisher.add({ key, value, life })
  } else {
    await dht.publisher.remove(key) // what was to be kept alive here is replaced
  }
  let storedAt: readonly Contact[] = []
  try {
    const { reached, ...rest } = await spread(dht, key, { type: 'put-value', record }, options, PUT_DEADLINE_MS)
    storedAt = reached
    return { key, storedAt, ...rest }
  } finally {
    if (keepAlive && storedAt.length === 0) {
      dht.publisher.retry(key)
    }
  }
}

function checkedTtl ({ config: { maxValueTtl } }: DhtContext, ttl: number | undefined): number | undefined {
  return ttl == null ? undefined : whole('ttl', ttl, MIN_TTL_MS, maxValueTtl)
}
