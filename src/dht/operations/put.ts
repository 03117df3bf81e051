import { startDeadline } from '../../clock/wait.ts'
import { asError, TimeoutError } from '../../rpc/errors.ts'
import { PUT_DEADLINE_MS } from '../deadlines.ts'
import { lookUp } from './lookup.ts'
import { askOne } from './single.ts'
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
  options?.onProgress?.({ type: 'stored', peer })
  return { peer, key: record.key, ms }
}

/** Where a value is. */
export interface PutResult {
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  /** Do we keep it ourselves? A client does not: it serves nobody. */
  readonly local: boolean
  /** The peers that keep it, closest first. Empty: nobody but perhaps ourselves. */
  readonly storedAt: readonly Contact[]
  /** The peers that were to keep it and do not, and why. */
  readonly failed: ReadonlyArray<{ readonly peer: Contact, readonly error: Error }>
  /** The lookup that found them. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
}

/** Seal, keep it ourselves, look up the k closest, have them keep it. */
export async function put (dht: DhtContext, key: string | Uint8Array, value: string | Uint8Array, options: OperationOptions = {}): Promise<PutResult> {
  const { clock, mode } = dht.config
  const begun = clock.now()
  const ms = options.timeout ?? PUT_DEADLINE_MS
  const record = await dht.values.seal(key, value)
  const local = mode === 'server'
  if (local) {
    await dht.values.accept(record)
  }
  const lookup = await lookUp(dht, record.key, { ...options, timeout: ms })
  const deadline = startDeadline(clock, Math.max(0, begun + ms - clock.now()), () => new TimeoutError(`not stored within ${ms} ms`), options.signal, dht.tasks.signal)
  try {
    const stored = await storeAt(dht, lookup.closest, record, { ...options, signal: deadline.signal })
    options.signal?.throwIfAborted()
    return { key: record.key, local, ...stored, lookup, ms: clock.now() - begun }
  } finally {
    deadline.clear()
  }
}

/** Have each of `peers` keep `record`. Never rejects: who does not is in `failed`. */
export async function storeAt (dht: DhtContext, peers: readonly Contact[], record: ValueRecord, { signal, onProgress }: OperationOptions): Promise<Pick<PutResult, 'storedAt' | 'failed'>> {
  const outcomes = await Promise.all(peers.map(async peer => {
    try {
      onProgress?.({ type: 'asking', peer, request: 'put-value', hop: 0 })
      await dht.peers.ask(peer, { type: 'put-value', record }, signal)
      onProgress?.({ type: 'stored', peer })
      return { peer, error: undefined }
    } catch (err) {
      const error = asError(err)
      onProgress?.({ type: 'failed', peer, request: 'put-value', error })
      return { peer, error }
    }
  }))
  return {
    storedAt: outcomes.flatMap(({ peer, error }) => error == null ? [peer] : []),
    failed: outcomes.flatMap(({ peer, error }) => error == null ? [] : [{ peer, error }])
  }
}
