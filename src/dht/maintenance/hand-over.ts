import { sleep } from '../../clock/wait.ts'
import { compareDistance, sameKey } from '../../keyspace/distance.ts'
import { sendToEach } from '../operations/spread.ts'
import { heldRecord } from './replicate.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Key } from '../../keyspace/key.ts'
import type { DhtContext } from '../context.ts'

/** Values looked at before others get a turn. */
const VALUES_PER_TURN = 1_000

/**
 * Give a newcomer the values that it should hold: those for which it is one of the k
 * closest. Of the others among the k closest only the one nearest to the newcomer does so, so
 * that each value comes once. The Kademlia paper (§2.5) lets the one nearest to the value do
 * it, which may have no room for the newcomer in its table; its nearest neighbour always has.
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
  const closest = table.closest(key, k + 1)
  const place = closest.findIndex(contact => sameKey(contact.key, newcomer.key))
  const others = closest.filter((_, i) => i !== place)
  const farther = others.filter(other => compareDistance(key, self.key, other.key) < 0).length
  const areWeOneOfThem = others.length - farther < k
  return place >= 0 && place < k && areWeOneOfThem &&
    others.slice(0, k - 1).every(other => compareDistance(newcomer.key, self.key, other.key) < 0)
}
