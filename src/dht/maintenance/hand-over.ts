import { sleep } from '../../clock/wait.ts'
import { compareDistance, sameKey } from '../../keyspace/distance.ts'
import { heldRecord } from './replicate.ts'
import { sendToEach } from '../operations/spread.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Key } from '../../keyspace/key.ts'
import type { DhtContext } from '../context.ts'

/** Values looked at before others get a turn. */
const VALUES_PER_TURN = 1_000

/**
 * Give a newcomer the values that it should hold: those for which it is one of the k
 * closest. Of all their holders only the closest does so, so that each value comes once
 * (Kademlia paper, §2.5).
 */
export async function handOver (dht: DhtContext, newcomer: Contact, signal: AbortSignal): Promise<void> {
  let turn = 0
  for (const [id, { key }] of dht.holdings.entries()) {
    if (++turn % VALUES_PER_TURN === 0) {
      await sleep(dht.config.clock, 0, signal)
    }
    const record = isOursToGive(dht, newcomer, key) ? await heldRecord(dht, id) : undefined
    if (record != null) {
      const { reached } = await sendToEach(dht, [newcomer], { type: 'put-value', record }, { signal })
      dht.counts.handedOver += reached.length
      signal.throwIfAborted()
    }
    if (dht.peers.table.get(newcomer.key) == null) {
      return // it has gone
    }
  }
}

function isOursToGive ({ peers: { table }, self, config: { k } }: DhtContext, newcomer: Contact, key: Key): boolean {
  const isCloser = (contact: Contact): boolean => compareDistance(key, contact.key, self.key) < 0
  const isNewcomer = (contact: Contact): boolean => sameKey(contact.key, newcomer.key)
  return !table.closest(key, 2).some(contact => isCloser(contact) && !isNewcomer(contact)) && table.closest(key, k).some(isNewcomer)
}
