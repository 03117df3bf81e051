import { StreamResetError } from '../../rpc/errors.ts'
import { get } from '../operations/get.ts'
import type { DhtContext } from '../context.ts'
import type { Reached } from '../operations/spread.ts'

/**
 * A peer that refuses a value has a better one, most likely: then look for it, in the
 * background, so that ours is replaced.
 */
export function catchUpIfRefused (dht: DhtContext, key: Uint8Array, failed: Reached['failed']): void {
  if (failed.some(({ error }) => error instanceof StreamResetError)) {
    dht.tasks.run(async signal => { await get(dht, key, { signal }) })
  }
}
