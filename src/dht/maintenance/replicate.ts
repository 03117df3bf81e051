import { compareDistance } from '../../keyspace/distance.ts'
import { mapKeyToBytes } from '../../store/map-key.ts'
import { spreadMany } from '../operations/spread-many.ts'
import { catchUpIfRefused } from './catch-up.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'

/** Milliseconds of life below which a value is passed on no more: it would be over before it is there. */
const MIN_LEFT_MS = 2_000

/** Pass on what we hold to the k closest of each, never for longer than it has left (Kademlia paper, §2.5). `ids`: record keys by `bytesToMapKey`. */
export async function replicate (dht: DhtContext, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { holdings, counts, config, self } = dht
  const items = ids.flatMap(id => {
    const held = holdings.get(id)
    return held == null
      ? []
      : [{
          id,
          target: mapKeyToBytes(id),
          key: held.key,
          async deposit () {
            const record = holdings.get(id) === held ? await heldRecord(dht, id) : undefined // else somebody else was first
            return record == null ? undefined : { type: 'put-value' as const, record }
          }
        }]
  })
  ids.forEach(id => { holdings.again(id) })
  await spreadMany(dht, items, { signal }, ({ id, target, key }, { reached, failed }) => {
    counts.replicated += reached.length
    if (reached.length === config.k && reached.every(peer => compareDistance(key, peer.key, self.key) < 0)) {
      holdings.rest(id) // k closer ones have it
    }
    catchUpIfRefused(dht, target, failed)
  })
}

/** A value that we hold as it is passed on, with what is left of its life; undefined if that is over, or too short, or the value is not valid now: by a clock that is behind, say, which may be set right. */
export async function heldRecord ({ config, values }: Pick<DhtContext, 'config' | 'values'>, id: string): Promise<ValueRecord | undefined> {
  const kept = await values.kept(mapKeyToBytes(id))
  const ttl = kept == null ? 0 : kept.expires - config.clock.now()
  return kept == null || ttl < MIN_LEFT_MS ? undefined : { key: kept.key, value: kept.value, ttl }
}
