import { Quorum } from '../../record/quorum.ts'
import { GET_DEADLINE_MS } from '../deadlines.ts'
import { InvalidOptionError, ValueNotFoundError } from '../errors.ts'
import { walk } from './lookup.ts'
import { sendToEach } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

export interface GetOptions extends OperationOptions {
  /** Stop after so many values. Default 0: ask all of the k closest, which finds the best there is. */
  readonly quorum?: number
}

/** A value, better than those found before. */
export interface FoundValue {
  readonly value: Uint8Array
  /** Who had it; undefined: we ourselves. */
  readonly peer: Contact | undefined
}

/** The best value at a key. */
export interface GetResult {
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** The same as it travels: with the envelope that its namespace has, if it has one. */
  readonly record: ValueRecord
  /** Who has this very value, in the order of their answers; ourselves too, if we do. */
  readonly agreeing: readonly Contact[]
  /** Who had a worse one. They are given the best, after this result. */
  readonly outdated: readonly Contact[]
  /** The lookup that found it. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
}

/**
 * The values at `key` as they come in, each better than the one before. Returns the
 * last with all there is to say of it, after handing it to those of the closest
 * peers that have none or a worse one, in the background.
 *
 * @throws {ValueNotFoundError} nobody had one
 */
export async function * searchValue (dht: DhtContext, key: string | Uint8Array, options: GetOptions = {}): AsyncGenerator<FoundValue, GetResult> {
  const { quorum: wanted = 0, onProgress } = options
  if (!Number.isInteger(wanted) || wanted < 0) {
    throw new InvalidOptionError(`quorum must be a whole number, 0 for all of the k closest, not ${wanted}`)
  }
  const begun = dht.config.clock.now()
  const recordKey = dht.values.keyOf(key)
  const quorum = new Quorum(async values => dht.values.select(recordKey, values))
  const walking = walk(dht, recordKey, { type: 'get-value', key: recordKey }, options, GET_DEADLINE_MS)

  const fold = async (peer: Contact | undefined, record: ValueRecord | undefined): Promise<FoundValue | undefined> => {
    const from = peer ?? dht.self
    const error = record == null ? undefined : await dht.values.refusal(record)
    if (record == null || error != null) {
      quorum.addWithout(from)
      if (error != null) {
        onProgress?.({ type: 'invalid-value', peer: from, error })
      }
      return undefined
    }
    const best = await quorum.add(from, record.value) === 'better'
    const value = dht.values.open(record)
    onProgress?.({ type: 'value', peer, value, best })
    return best ? { value, peer } : undefined
  }

  const stopIfEnough = (): void => {
    if (wanted > 0 && quorum.size >= wanted) {
      walking.stop()
    }
  }

  const own = await fold(undefined, await dht.values.kept(recordKey))
  if (own != null) {
    yield own
  }
  stopIfEnough()
  for await (const { peer, response } of walking.answers) {
    const found = await fold(peer, response.record)
    if (found != null) {
      yield found
    }
    stopIfEnough()
  }
  return conclude(dht, recordKey, quorum, walking.result, begun)
}

function conclude (dht: DhtContext, key: Uint8Array, quorum: Quorum, lookup: LookupResult, begun: number): GetResult {
  const { best, agreeing, outdated } = quorum
  if (best == null) {
    throw new ValueNotFoundError(lookup.asked === 0
      ? 'not found: this node has no contacts to ask, and keeps no value at this key itself; join a network first'
      : `not found: ${lookup.asked - lookup.failed} of ${lookup.asked} nodes asked answered, none has a value at this key`)
  }
  const behind = lookup.closest.filter(peer => !agreeing.includes(peer))
  dht.tasks.run(async signal => {
    if (outdated.includes(dht.self)) {
      await dht.values.accept({ key, value: best })
    }
    await sendToEach(dht, behind, { type: 'put-value', record: { key, value: best } }, { signal })
  })
  const record = { key, value: best }
  return { key, value: dht.values.open(record), record, agreeing, outdated, lookup, ms: dht.config.clock.now() - begun }
}

/** {@link searchValue} to its end. */
export async function get (dht: DhtContext, key: string | Uint8Array, options: GetOptions = {}): Promise<GetResult> {
  const values = searchValue(dht, key, options)
  while (true) {
    const { done, value } = await values.next()
    if (done === true) {
      return value
    }
  }
}
