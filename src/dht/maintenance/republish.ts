import { keyOf } from '../../keyspace/key.ts'
import { InvalidRecordError } from '../../record/invalid-record.ts'
import { mapKeyToBytes } from '../../store/map-key.ts'
import { OutdatedRecordError } from '../errors.ts'
import { spreadMany } from '../operations/spread-many.ts'
import { catchUpIfRefused } from './catch-up.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'
import type { SpreadItem } from '../operations/spread-many.ts'

/** Milliseconds until a value is sent out again that was refused: there may be room by then. */
const REFUSED_RETRY_MS = 30 * 60_000

/** A value that is due. */
interface DueValue extends SpreadItem {
  /** As it was sent. */
  record?: ValueRecord
}

/**
 * Send out again the values of our own that are due, for a new life. One that a better
 * has replaced, or that its namespace accepts no longer, is kept alive no more. `ids`:
 * record keys by `bytesToMapKey`.
 */
export async function republish (dht: DhtContext, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { publisher, counts, log } = dht
  const items = ids.map(mapKeyToBytes).map(key => dueValue(dht, key))
  await spreadMany(dht, items, { signal }, async ({ target, record }, { reached, failed }) => {
    const isRefused = catchUpIfRefused(dht, target, failed)
    if (record != null && reached.length > 0) {
      counts.republished++
      await publisher.sent(record).catch(err => { log('%b was sent again, but that is not on the list: %e', target, err) })
    } else {
      publisher.retry(target, isRefused ? REFUSED_RETRY_MS : undefined)
    }
  })
}

function dueValue (dht: DhtContext, target: Uint8Array): DueValue {
  return {
    target,
    key: keyOf(target),
    async deposit () {
      this.record = await renewed(dht, target)
      return this.record == null ? undefined : { type: 'put-value', record: this.record }
    }
  }
}

/** A value on the list with a new life, kept by ourselves too if our store takes it; undefined if it is to be kept alive no more, or not yet. */
async function renewed (dht: DhtContext, key: Uint8Array): Promise<ValueRecord | undefined> {
  const { publisher, values, counts, config, log } = dht
  const publication = await publisher.get(key)
  if (publication == null) {
    return undefined
  }
  const record = { key, value: publication.value, ttl: publication.life }
  try {
    await values.accept(record)
  } catch (err) {
    if (err instanceof InvalidRecordError) {
      if (publication.published > config.clock.now() && !(err instanceof OutdatedRecordError)) { // the clock was set back
        await publisher.postpone(record)
      } else if (await publisher.remove(key, record.value)) { // not that which replaced it, if that is ours
        log('%b is kept alive no more: %e', key, err)
        counts.superseded++
      }
      return undefined
    }
    log('%b is sent again, but not kept here: %e', key, err)
  }
  return record
}
