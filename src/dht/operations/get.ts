import { InvalidRecordError } from '../../record/invalid-record.ts'
import { Quorum } from '../../record/quorum.ts'
import { TimeoutError } from '../../rpc/errors.ts'
import { GET_DEADLINE_MS } from '../deadlines.ts'
import { NoPeersError, ValueNotFoundError } from '../errors.ts'
import { whole } from '../option-checks.ts'
import { walk } from './lookup.ts'
import { passOn } from './pass-on.ts'
import type { LookupResult, Walk } from './lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { ResponseTo } from '../../wire/rpc.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'
import type { LookupAnswer } from '../run-lookup.ts'

/** How to get a value. */
export interface GetOptions extends OperationOptions {
  /** Stop after so many values. Default 0: ask all of the k closest, which finds the best there is. */
  readonly quorum?: number | undefined
}

/** A value, better than those found before. */
export interface FoundValue {
  readonly value: Uint8Array
  /** Who had it; undefined: we ourselves. */
  readonly peer: Contact | undefined
  /** Milliseconds that it has left to live there; undefined: the peer does not tell. */
  readonly ttl: number | undefined
}

/** The best value at a key. */
export interface GetResult {
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** The same as it travels: with the envelope that its namespace has, if it has one. */
  readonly record: ValueRecord
  /** Milliseconds that it has left to live, where it lives longest; undefined: nobody tells. */
  readonly ttl: number | undefined
  /** Who has this very value, in the order of their answers; ourselves too, if we do. */
  readonly agreeing: readonly Contact[]
  /** Who had a worse one. They are given the best, after this result. */
  readonly outdated: readonly Contact[]
  /** The lookup that found it. */
  readonly lookup: LookupResult
  /** Milliseconds it took, all in all. */
  readonly ms: number
  /**
   * Resolves when those who had a worse one, or none, have been given the best, as far as they answer, or the node
   * stops. Never rejects. A node that only came to ask waits for it before it stops, with a limit of its own.
   */
  readonly passedOn: Promise<void>
}

/** What the answers of a value lookup come to. */
class Answers {
  readonly quorum: Quorum
  /** Until when the best lives where it lives longest: milliseconds since the Unix epoch. */
  expires: number | undefined
  readonly #dht: DhtContext
  readonly #options: OperationOptions
  /** Why our own store cannot be read; or else, an InvalidRecordError, why the first value that is not valid is none. */
  refused: Error | undefined

  constructor (dht: DhtContext, key: Uint8Array, options: OperationOptions) {
    this.#dht = dht
    this.#options = options
    this.quorum = new Quorum(async values => dht.values.select(key, values))
  }

  /** `peer`, or we ourselves, gave `record`. Returns the value in it if it is better than all before. */
  async add (peer: Contact | undefined, record: ValueRecord | undefined): Promise<FoundValue | undefined> {
    const { values, self } = this.#dht
    const from = peer ?? self
    // most have what the first of them had: it is not to be verified once for each
    const error = record == null || this.quorum.isBest(record.value) ? undefined : await values.refusal(record, this.#options)
    if (record == null || error != null) {
      this.quorum.addWithout(from)
      if (error != null) {
        this.refused ??= error
        this.#options.onProgress?.({ type: 'invalid-value', peer: from, error })
      }
      return undefined
    }
    const verdict = await this.quorum.add(from, record.value)
    const best = verdict === 'better'
    const ttl = values.left(record)
    const opened = values.open(record)
    const value = best ? new Uint8Array(opened) : opened // the caller's, to do with as it likes: the best is kept, compared with and passed on
    if (verdict !== 'worse') {
      this.#live(best, ttl)
    }
    this.#options.onProgress?.({ type: 'value', peer, value, best, agreeing: this.quorum.agreeing.length })
    return best ? { value, peer, ttl } : undefined
  }

  #live (anew: boolean, ttl: number | undefined): void {
    const expires = ttl == null ? undefined : this.#dht.config.clock.now() + ttl
    const others = anew ? undefined : this.expires
    this.expires = expires == null || others == null ? expires ?? others : Math.max(expires, others)
  }
}

/**
 * The values at `key` as they come in, each better than the one before. Returns the
 * last with all there is to say of it, after handing it in the background to those of
 * the closest peers that have none or a worse one, never for longer than it has left.
 *
 * @throws {ValueNotFoundError} nobody who answered has one
 * @throws {NoPeersError} nobody answered
 * @throws {TimeoutError} nobody answered in time
 * @throws {DatastoreError} our own store cannot be read, and nobody else has one
 */
export async function * searchValue (dht: DhtContext, key: string | Uint8Array, options: GetOptions = {}): AsyncGenerator<FoundValue, GetResult> {
  const { quorum: wanted = 0 } = options
  whole('quorum', wanted, 0)
  const begun = dht.config.clock.now()
  const recordKey = dht.values.keyOf(key)
  const answers = new Answers(dht, recordKey, options)
  const walking = walk(dht, recordKey, { request: { type: 'get-value', key: recordKey } }, options, GET_DEADLINE_MS)
  const stopIfEnough = (): void => {
    if (wanted > 0 && answers.quorum.size >= wanted) {
      walking.stop()
    }
  }

  const own = await answers.add(undefined, await dht.values.served(recordKey).catch((err): undefined => {
    dht.log('a store cannot be read: %e', err)
    answers.refused = err // others may have it
  }))
  if (own != null) {
    yield own
  }
  stopIfEnough()
  for await (const { peer, response } of walking.answers) {
    const found = await answers.add(peer, response.record)
    if (found != null) {
      yield found
    }
    stopIfEnough()
  }
  return conclude(dht, recordKey, answers, walking, begun)
}

function conclude (dht: DhtContext, key: Uint8Array, answers: Answers, walking: Walk<LookupAnswer<ResponseTo<'get-value'>>>, begun: number): GetResult {
  const { quorum, expires, refused } = answers
  const { best, agreeing, outdated } = quorum
  const lookup = walking.result
  const now = dht.config.clock.now()
  if (best == null) {
    throw notFound(lookup, refused)
  }
  const passedOn = passOn(dht, { record: { key, value: best }, expires, quorum, lookup, candidates: walking.candidates })
  const record = { key, value: new Uint8Array(best) }
  const ttl = expires == null ? undefined : Math.max(0, expires - now)
  return { key, value: dht.values.open(record), record, ttl, agreeing, outdated, lookup, ms: now - begun, passedOn }
}

/** Why there is no value: if our own store cannot be read, or nobody answered, there may be one all the same. */
function notFound ({ asked, failed, reason, ms }: LookupResult, cause: Error | undefined): Error {
  if (cause != null && !(cause instanceof InvalidRecordError)) {
    return cause
  }
  if (asked === 0) {
    return new ValueNotFoundError('not found: this node has no contacts, and no value at this key: join a network first')
  }
  const within = reason === 'deadline' ? ` within ${Math.round(ms)} ms` : ''
  if (asked === failed) {
    const message = `none of the ${asked} nodes asked answered${within}: whether there is a value at this key is not known`
    return reason === 'deadline' ? new TimeoutError(message) : new NoPeersError(message)
  }
  return new ValueNotFoundError(`not found: ${asked - failed} of ${asked} nodes asked answered${within}, none has a value at this key${cause == null ? '' : ` that is valid here: ${cause.message}`}`, { cause })
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
