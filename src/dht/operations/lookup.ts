import { keyOf } from '../../keyspace/key.ts'
import { Lookup, MAX_CANDIDATES_PER_K } from '../../lookup/lookup.ts'
import { LOOKUP_DEADLINE_MS, slowAfter } from '../deadlines.ts'
import { checkKey } from '../key-check.ts'
import { timeoutOf } from '../option-checks.ts'
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
  /** What was looked up. */
  readonly target: Uint8Array
  /** Where that lies: SHA-256 of `target`. */
  readonly key: Key
  /** The at most k closest peers that answered, closest first. */
  readonly closest: readonly Contact[]
  /** `converged` and `exhausted` are complete, `stopped` and `deadline` partial. */
  readonly reason: OperationEnd
  /** How many peers were asked. */
  readonly asked: number
  /** How many of those asked failed, or had not answered in time. */
  readonly failed: number
  /** How many answers in a row it took to know all of `closest`. */
  readonly hops: number
  /** Milliseconds it took. */
  readonly ms: number
}

type FindNode = Extract<Question, { type: 'find-node' }>
type WithCloser = FindNode | Extract<Question, { type: 'get-value' | 'get-providers' }>

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

/** What is sent to the peers on the way. */
export interface WalkRequests<R extends WithCloser> {
  readonly request: R
  /** The same about another peer than the target, where it makes sense to ask for it: see {@link LookupInit.asksAgain}. */
  requestAbout? (peer: Contact): R
}

/**
 * Walk towards SHA-256 of `target`, sending `request` to each peer on the way.
 * Iterating throws the signal's reason when aborted.
 *
 * @throws {InvalidOptionError} no peer takes its key
 */
export function walk<R extends WithCloser> (dht: DhtContext, target: Uint8Array, requests: WalkRequests<R>, options: OperationOptions, timeout: number): Walk<LookupAnswer<ResponseTo<R['type']>>> {
  checkKey(requests.request)
  return new LookupWalk(dht, target, requests, options, timeout)
}

class LookupWalk<R extends WithCloser> implements Walk<LookupAnswer<ResponseTo<R['type']>>> {
  readonly answers: LookupDriver<ResponseTo<R['type']>>
  readonly #dht: DhtContext
  readonly #target: Uint8Array
  readonly #key: Key
  readonly #begun: number
  readonly #lookup: Lookup
  #isStopped = false

  constructor (dht: DhtContext, target: Uint8Array, { request, requestAbout }: WalkRequests<R>, options: OperationOptions, timeout: number) {
    const { config: { clock, heard, k, alpha, disjointPaths }, peers, client, self, walks } = dht
    const ms = timeoutOf(options, timeout)
    const signals = [options.signal, dht.tasks.signal]
    this.#dht = dht
    this.#target = target
    this.#key = keyOf(target)
    this.#begun = clock.now()
    this.#lookup = new Lookup({
      target: this.#key,
      self: self.key,
      seeds: [], // they are known when it begins
      moreSeeds: () => peers.table.size > k ? peers.table.closest(this.#key, MAX_CANDIDATES_PER_K * k) : [],
      k,
      alpha,
      burst: burstOf(alpha),
      paths: disjointPaths,
      asksAgain: requestAbout != null,
      slowAfter: contact => slowAfter(client.expected(contact))
    })
    this.answers = new LookupDriver({
      clock,
      heard,
      request: request.type,
      lookup: this.#lookup,
      begin: async () => {
        if (this.#isStopped) { // nobody is to be asked
          walks.goOn()
          return
        }
        await dht.awaitContacts(ms, signals)
        await walks.begin(this.#begun + ms, signals)
        this.#lookup.addSeeds(peers.table.closest(this.#key, k))
        peers.table.touched(this.#key, this.#begun)
      },
      rest: () => { walks.rest() },
      goOn: () => { walks.goOn() },
      ask: (contact, patience, about) => peers.ask(contact, about == null || requestAbout == null ? request : requestAbout(about), patience),
      unreached: contact => {
        const known = peers.table.get(contact.key)
        return client.reaches(contact) ? undefined : known == null ? [] : [known]
      },
      deadline: this.#begun + ms,
      signals,
      onProgress: options.onProgress
    })
  }

  get candidates (): readonly Candidate[] {
    return this.#lookup.candidates
  }

  get result (): LookupResult {
    const { closest, asked, answered, hops } = this.#lookup
    const reason = this.answers.end
    const failed = reason === 'deadline' ? asked - answered : this.#lookup.failed
    return { target: this.#target, key: this.#key, closest, reason, asked, failed, hops, ms: this.#dht.config.clock.now() - this.#begun }
  }

  stop (): void {
    this.#isStopped = true
    this.#lookup.stop()
  }
}

/**
 * The node lookup (Kademlia paper, §2.3): the k closest peers to SHA-256 of
 * `target` that answer.
 *
 * @throws {InvalidOptionError} an empty target, or one over 15 KiB
 * @throws the signal's reason, when aborted
 */
export async function lookUp (dht: DhtContext, target: Uint8Array, options: OperationOptions = {}): Promise<LookupResult> {
  const requests: WalkRequests<FindNode> = {
    request: { type: 'find-node', target },
    requestAbout: ({ id }) => ({ type: 'find-node', target: id })
  }
  const walking = walk(dht, target, requests, options, LOOKUP_DEADLINE_MS)
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
