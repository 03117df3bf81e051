import { StreamResetError } from '../../rpc/errors.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { Reached } from '../operations/spread.ts'

/** Peers that are asked what they have in the place of a value that they refused. */
const MAX_ASKED = 3

/**
 * A peer that refuses a value may have a better one (or no room): in the background, ask
 * what it has, and keep that if it is better than ours. Returns whether any did refuse it.
 */
export function catchUpIfRefused (dht: DhtContext, key: Uint8Array, failed: Reached['failed']): boolean {
  const refusing = failed.filter(({ error }) => error instanceof StreamResetError).slice(0, MAX_ASKED)
  if (refusing.length > 0) {
    dht.tasks.run(async signal => {
      for (const { peer } of refusing) {
        await takeBetter(dht, key, peer, signal)
      }
    })
  }
  return refusing.length > 0
}

async function takeBetter ({ peers, values, log }: DhtContext, key: Uint8Array, peer: Contact, signal: AbortSignal): Promise<void> {
  try {
    const { record } = await peers.askInTime(peer, { type: 'get-value', key }, signal)
    const ttl = record == null ? 0 : values.left(record)
    if (record != null && ttl !== 0) {
      await values.accept({ key, value: record.value, ttl }, peer.id)
    }
  } catch (err) {
    signal.throwIfAborted()
    log('%b refused the value at %b, and has no better one: %e', peer.id, key, err)
  }
}
