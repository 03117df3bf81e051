import { keyOf } from '../../keyspace/key.ts'
import { Lookup } from '../../lookup/lookup.ts'
import { LOOKUP_DEADLINE_MS, slowAfter } from '../deadlines.ts'
import { LookupDriver } from '../run-lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Key } from '../../keyspace/key.ts'
import type { Candidate } from '../../lookup/candidates.ts'
import type { Question } from '../../rpc/client.ts'
import type { ResponseTo } from '../../wire/rpc.ts'
import type { DhtContext } from '../context.ts'
import type { OperationEnd, OperationOptions } from '../events.ts'
import type { LookupAnswer } from '../run-lookup.ts'

/** What a lookup found, and what that took. */
export interface LookupResult {
  /** What was looked up, and where that lies. */
  readonly target: Uint8Array
  readonly key: Key
  /** The at most k closest peers that answered, closest first. */
  readonly closest: readonly Contact[]
  /** `converged` and `exhausted` are complete, `stopped` and `deadline` partial. */
  readonly reason: OperationEnd
  readonly asked: number
  readonly failed: number
  /** How many answers in a row it took to know all of `closest`. */
  readonly hops: number
  /** Milliseconds it took. */
  readonly ms: number
}

type WithCloser = Extract<Question, { type: 'find-node' | 'get-value' | 'get-providers' }>

/** A lookup under way. */
export interface Walk<R> {
  /** End it here, with what there is. */
  stop (): void
  /** The answers as they come. Leaving the loop aborts what is in flight. */
  readonly answers: AsyncIterableIterator<R, OperationEnd>
  /** What was found; complete once the answers have ended. */
  readonly result: LookupResult
  /** Everybody heard of on the way, closest first. */
  readonly candidates: readonly Candidate[]
}

/**
 * Walk towards SHA-256 of `target`, sending `request` to each peer on the way.
 * Iterating throws the signal's reason when aborted.
 */
export function walk<R extends WithCloser> (dht: DhtContext, target: Uint8Array, request: R, options: OperationOptions, timeout: number): Walk<LookupAnswer<ResponseTo<R['type']>>> {
  const { config: { clock, k, alpha, disjointPaths, heard }, peers, client, self } = dht
  const key = keyOf(target)
  const begun = clock.now()
  const ms = options.timeout ?? timeout
  const signals = [options.signal, dht.tasks.signal]
  let lookup = new Lookup({ target: key, seeds: [], slowAfter: slowAfterOf })
  let stopped = false
  function slowAfterOf (contact: Contact): number {
    return slowAfter(client.expected(contact))
  }
  const answers = new LookupDriver<ResponseTo<R['type']>>({
    clock,
    heard,
    request: request.type,
    async begin () {
      await dht.awaitContacts(ms, signals)
      lookup = new Lookup({ target: key, self: self.key, seeds: peers.table.closest(key, k), k, alpha, burst: burstOf(alpha), paths: disjointPaths, slowAfter: slowAfterOf })
      if (stopped) {
        lookup.stop()
      }
      peers.table.touched(key, begun)
      return lookup
    },
    ask: (contact, signal) => peers.ask(contact, request, signal),
    deadline: begun + ms,
    signals,
    onProgress: options.onProgress
  })
  return {
    stop () {
      stopped = true
      lookup.stop()
    },
    answers,
    get candidates () {
      return lookup.candidates
    },
    get result () {
      const { closest, asked, failed, hops } = lookup
      return { target, key, closest, reason: answers.end, asked, failed, hops, ms: clock.now() - begun }
    }
  }
}

/**
 * The node lookup (Kademlia paper, §2.3): the k closest peers to SHA-256 of
 * `target` that answer.
 *
 * @throws the signal's reason, when aborted
 */
export async function lookUp (dht: DhtContext, target: Uint8Array, options: OperationOptions = {}): Promise<LookupResult> {
  const walking = walk(dht, target, { type: 'find-node', target }, options, LOOKUP_DEADLINE_MS)
  while ((await walking.answers.next()).done !== true) {
    // each has been told to the lookup
  }
  return walking.result
}

/**
 * Requests in flight towards the end of a lookup: twice as many, so that with alpha = 10 and k = 20
 * all of the k closest are asked at once. But whoever sets alpha to 1 wants one after another.
 */
function burstOf (alpha: number): number {
  return alpha === 1 ? 1 : 2 * alpha
}
