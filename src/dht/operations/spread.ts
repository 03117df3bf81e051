import { startDeadline } from '../../clock/wait.ts'
import { TimeoutError } from '../../rpc/errors.ts'
import { NoAddressError } from '../errors.ts'
import { timeoutOf } from '../option-checks.ts'
import { Reporting } from '../reporting.ts'
import { Delivery } from './delivery.ts'
import { lookUp } from './lookup.ts'
import type { LookupResult } from './lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Patience } from '../../rpc/waiting.ts'
import type { Request, ResponseTo } from '../../wire/rpc.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** Requests that leave something behind. */
export type Deposit = Extract<Request, { type: 'put-value' | 'add-provider' }>

/** Who has what was sent, and who has not. */
export interface Reached {
  /** Closest first. */
  readonly reached: readonly Contact[]
  readonly failed: ReadonlyArray<{ readonly peer: Contact, readonly error: Error }>
}

export interface Spread extends Reached {
  /** The lookup that found them. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
}

/**
 * Look up the k peers closest to SHA-256 of `target`, and send `deposit` to each, within `timeout` ms.
 *
 * @throws the signal's reason, when aborted; some may have it by then
 * @throws {NotStartedError} likewise, the node was stopped
 */
export async function spread (dht: DhtContext, target: Uint8Array, deposit: Deposit, options: OperationOptions, timeout: number): Promise<Spread> {
  const { clock } = dht.config
  const begun = clock.now()
  const ms = timeoutOf(options, timeout)
  const lookup = await lookUp(dht, target, { ...options, timeout: ms })
  const deadline = startDeadline(clock, Math.max(0, begun + ms - clock.now()), () => new TimeoutError(`not stored within ${ms} ms`), options.signal, dht.tasks.signal)
  const reporting = new Reporting(options.onProgress, deadline)
  try {
    const reached = await sendToEach(dht, lookup.closest, deposit, { signal: deadline.signal, onProgress: reporting.onProgress })
    reporting.check()
    options.signal?.throwIfAborted()
    dht.tasks.signal.throwIfAborted()
    return { ...reached, lookup, ms: clock.now() - begun }
  } finally {
    deadline.clear()
  }
}

/** Send `deposit` to each of `peers`. Never rejects: who could not be reached, or refused it, is in `failed`. `onProgress` throws nothing. */
export async function sendToEach (dht: DhtContext, peers: readonly Contact[], deposit: Deposit, { signal, onProgress }: OperationOptions): Promise<Reached> {
  const request = deposit.type
  return Delivery.run({
    clock: dht.config.clock,
    peers,
    byteLength: depositLength(deposit),
    signal,
    async send (peer, onLate) {
      onProgress?.({ type: 'asking', peer, request, hop: 0 })
      return send(dht, peer, deposit, { signal, onLate })
    },
    onReached (peer, response) { onProgress?.({ type: 'stored', peer, request, response }) },
    onFailed (peer, error) { onProgress?.({ type: 'failed', peer, request, error }) }
  })
}

/** Roughly what it takes to send, bytes: keys, names and addresses are small. */
export function depositLength (deposit: Deposit): number {
  return deposit.type === 'put-value' ? deposit.record.value.byteLength : deposit.key.byteLength
}

async function send ({ peers }: DhtContext, peer: Contact, deposit: Deposit, patience: Patience): Promise<ResponseTo<'put-value'> | undefined> {
  if (deposit.type === 'put-value') {
    return peers.ask(peer, deposit, patience)
  }
  if (deposit.providers.every(({ addrs }) => addrs.length === 0)) {
    throw new NoAddressError('nobody keeps a provider that cannot be reached: listen at an address, or allow one to be told; the record is sent once there is one')
  }
  await peers.tell(peer, deposit, patience.signal)
}
