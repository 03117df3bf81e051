import { startDeadline } from '../../clock/wait.ts'
import { contactOf } from '../../keyspace/contact.ts'
import { refreshTargets } from '../../routing/refresh.ts'
import { asError, TimeoutError } from '../../rpc/errors.ts'
import { JOIN_DEADLINE_MS } from '../deadlines.ts'
import { NoPeersError } from '../errors.ts'
import { lookUp } from './lookup.ts'
import type { LookupResult } from './lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** Who let us in. */
export interface JoinResult {
  /** The nodes that answered at the addresses given. */
  readonly answered: readonly Contact[]
  /** The addresses at which nobody did, and why. */
  readonly failed: ReadonlyArray<{ readonly addr: Uint8Array, readonly error: Error }>
  /** Contacts in the routing table afterwards. */
  readonly contacts: number
  /** Milliseconds it took. */
  readonly ms: number
}

/**
 * Join the network through any number of its nodes (Kademlia paper, §2.3): ping
 * each address, enter those that answer, look ourselves up, then refresh the
 * buckets farther away. `known` are contacts of earlier that need no introduction.
 *
 * @throws {NoPeersError} nobody answered
 * @throws the signal's reason, when aborted
 */
export async function join (dht: DhtContext, addrs: readonly Uint8Array[], known: readonly Contact[], options: OperationOptions = {}): Promise<JoinResult> {
  const { clock } = dht.config
  const begun = clock.now()
  const ms = options.timeout ?? JOIN_DEADLINE_MS
  const deadline = startDeadline(clock, ms, () => new TimeoutError(`joining took longer than ${ms} ms`), options.signal, dht.tasks.signal)
  try {
    const { answered, failed } = await greet(dht, addrs, known, options, deadline.signal)
    options.signal?.throwIfAborted()
    if (answered.length === 0 && dht.peers.table.size === 0) {
      throw new NoPeersError(nobodyAnswered(failed), { cause: failed[0]?.error })
    }
    await fill(dht, dht.config.refreshInterval, { ...options, signal: deadline.signal })
      .catch(err => { if (!deadline.expired) { throw err } })
    return { answered, failed, contacts: dht.peers.table.size, ms: clock.now() - begun }
  } finally {
    deadline.clear()
  }
}

async function greet (dht: DhtContext, addrs: readonly Uint8Array[], known: readonly Contact[], options: OperationOptions, signal: AbortSignal): Promise<Pick<JoinResult, 'answered' | 'failed'>> {
  const { host, protocol } = dht.config
  const answered: Contact[] = []
  const failed: Array<{ addr: Uint8Array, error: Error }> = []
  const greetings = addrs.map(async addr => {
    try {
      const peer = contactOf(await host.identify(addr, protocol, { signal }))
      await dht.peers.probe(peer, signal)
      answered.push(peer)
      options.onProgress?.({ type: 'bootstrapped', addr, peer })
    } catch (err) {
      const error = asError(err)
      failed.push({ addr, error })
      options.onProgress?.({ type: 'bootstrap-failed', addr, error })
    }
  })
  const reunions = known.map(async contact => {
    await dht.peers.probe(contact, signal).then(
      () => { answered.push(contact) },
      err => { dht.log('remembered contact %b is still away: %e', contact.id, err) }
    )
  })
  await Promise.all([...greetings, ...reunions])
  return { answered, failed }
}

/** {@link fill} every bucket, however lately it was looked through. */
export async function refresh (dht: DhtContext, options: OperationOptions): Promise<void> {
  const ms = options.timeout ?? JOIN_DEADLINE_MS
  const deadline = startDeadline(dht.config.clock, ms, () => new TimeoutError(`refreshing took longer than ${ms} ms`), options.signal, dht.tasks.signal)
  try {
    await fill(dht, 0, { ...options, signal: deadline.signal })
  } finally {
    deadline.clear()
  }
}

/** Look up ourselves, then a key in each bucket that no lookup went through for `interval` ms. Returns the former's result. */
export async function fill (dht: DhtContext, interval: number, options: OperationOptions): Promise<LookupResult> {
  const { config: { clock, random }, peers: { table }, self } = dht
  const eager: DhtContext = { ...dht, awaitContacts: async () => {} } // it is these lookups that others wait for
  const ourselves = await lookUp(eager, self.id, options)
  for (const target of refreshTargets(table.buckets(), { now: clock.now(), interval, random })) {
    const { key } = await lookUp(eager, target, options)
    options.onProgress?.({ type: 'refreshed', key, contacts: table.size })
  }
  return ourselves
}

function nobodyAnswered (failed: JoinResult['failed']): string {
  if (failed.length === 0) {
    return 'no peers: this node knows nobody, so give it the address of at least one running node (bootstrap)'
  }
  const causes = failed.map(({ error }) => error.message).join('; ')
  return `nobody answered at ${failed.length === 1 ? 'the bootstrap address' : `any of the ${failed.length} bootstrap addresses`}: ${causes}`
}
