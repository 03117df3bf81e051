import { bytesToMapKey } from '../../keyspace/key.ts'
import { PROVIDE_DEADLINE_MS } from '../deadlines.ts'
import { checkKey } from '../key-check.ts'
import { dueSince } from '../maintenance/reprovide-schedule.ts'
import { bytesOnly } from '../text.ts'
import { spread } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { Deposit } from './spread.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** Who was told that we provide a key. */
export interface ProvideResult {
  /** The multihash. */
  readonly key: Uint8Array
  /** The peers to which the record was sent, closest first. Nobody confirms it: ADD_PROVIDER has no answer. None while no address of ours may be told: it is sent when there is one. */
  readonly sentTo: readonly Contact[]
  /** The peers that could not be told, and why. */
  readonly failed: ReadonlyArray<{ readonly peer: Contact, readonly error: Error }>
  /** The lookup that found them. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
}

/**
 * Remember that we provide `multihash`, look up the k closest, tell them.
 *
 * @throws {InvalidOptionError} it is empty, or has more than 80 bytes
 */
export async function provide (dht: DhtContext, multihash: Uint8Array, options: OperationOptions = {}): Promise<ProvideResult> {
  options.signal?.throwIfAborted() // before it is remembered
  const self = dht.published()
  const key = new Uint8Array(bytesOnly('the multihash (cid.multihash.bytes)', multihash)) // whose buffer may be used again before all are told
  const deposit: Deposit = { type: 'add-provider', key, providers: [self] }
  checkKey(deposit)
  const id = bytesToMapKey(key)
  dht.cancelled.delete(id)
  dht.untold.add(id) // before anybody waits: what is not provided after all is not untold any more
  await dht.providers.add(key, self)
  try {
    const { reached, ...rest } = await spread(dht, key, deposit, options, PROVIDE_DEADLINE_MS)
    if (reached.length > 0) {
      dht.untold.delete(id)
    }
    return { key, sentTo: reached, ...rest }
  } finally {
    if (dht.untold.has(id)) {
      await rememberDue(dht, key)
    }
  }
}

/** Nobody was told: after a restart, too, it is due. */
async function rememberDue ({ providers, published, config: { clock, reprovide }, log }: DhtContext, key: Uint8Array): Promise<void> {
  await providers.add(key, published(), dueSince(clock.now(), reprovide))
    .catch(err => { log('nobody was told that we provide %b, which a restart forgets: %e', key, err) })
}

/**
 * Remember no longer that we provide the multihash `key`, not even when a round of reproviding has read that we do.
 *
 * @throws {InvalidOptionError} it is none
 */
export async function unprovide ({ providers, self, untold, cancelled }: DhtContext, key: Uint8Array): Promise<void> {
  const id = bytesToMapKey(bytesOnly('the multihash (cid.multihash.bytes)', key))
  cancelled.add(id)
  untold.delete(id)
  await providers.remove(key, self.id)
}
