import { sameKey } from '../keyspace/distance.ts'
import { Candidates } from './candidates.ts'
import { Edge } from './edge.ts'
import { Slots } from './slots.ts'
import type { Candidate, CandidateState, MutableCandidate } from './candidates.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

// A candidate:
//
//            next: ask            onResponse
//   heard ─────────────▶ asked ─────────────▶ answered
//                        │   │ onFailure        ▲
//        next, past      │   └──────────┐       │ onResponse
//        its slowAfter   │              ▼       │
//                        │            failed    │
//                        │              ▲       │
//                        │    onFailure │       │
//                        ├──────▶ slow ─┤───────┤
//                        │  onLate│▲    │       │
//                        │        ▼│    │       │
//                        └──────▶ late ─┴───────┘
//
// What is told of a candidate in any other state changes nothing. One that is late counts
// as if it had failed, until it answers after all. With `retry`, one that failed or is late
// is heard of anew, at other addresses; one that was late may still answer from where it was asked.
//
// The lookup:
//
//             next: the k closest that did not fail have all answered
//            ┌───────────────────────────────────────────────────────▶ converged
//   running ─┤ next: the same, but there are fewer than k, and no more seeds
//            ├───────────────────────────────────────────────────────▶ exhausted
//            │ stop
//            └───────────────────────────────────────────────────────▶ stopped
//
// Once done, it is over: later answers and failures change nothing.
//
// If it would be exhausted, and far more are late than have answered, it is rather our own link
// that is slow: then those late are slow again, nobody is late any more, and it waits for all.
//
// Paths. A peer may name many that are close to the target and never answer. So that it
// does not hold up all of the lookup, each candidate belongs to a path, that of the peer
// that named it first, and with more than one path:
//
// - A path holds at most its share of the alpha slots while a candidate of another path
//   is in reach to be asked. Otherwise it takes what is free: no slot idles.
// - In reach are the k closest that neither failed nor are slow. With one path a slow
//   candidate keeps its place there until it answers or fails: k silent ones then stop
//   the lookup until their requests run out of time.
//
// This borrows the aim of S/Kademlia (§4.4), not its algorithm. There, d lookups run side
// by side, no peer is asked by two of them, and each ends with a list of its own: that takes
// up to d times the requests, and one honest path is enough to find the truth. Here, one
// lookup looks for one set of k and ends as it would with one path. That takes about one
// request more for each slow peer, and withstands peers that name silent ones; but false
// peers that do answer take places among the k closest, whoever named them.
//
// Haste. Once half of alpha have answered, most of those closest to the target are known, and
// there are `burst` slots: the paper (§2.3), too, ends by asking all of the k closest at once.
// From then on the lookup also reckons with the share of those asked that failed or are slow: it
// reaches as far as it takes for k of those in reach to answer, rather than to find out of
// one silent peer after another, each time too late. Whom it finds in the end stays the
// same: the k closest that answer, and no slow one among them is left behind.
//
// Asking again. Where some of the closest are silent, those in their place are heard of only when
// peers that answered are asked about somebody else: edge.ts. That begins as soon as everybody in
// reach has been asked, beside the waiting for the silent ones.

/** How many of the closest peers a lookup looks for: the k of the Kademlia paper, §2.3. */
export const DEFAULT_K = 20

/** How many requests are in flight, slow ones not counted: the alpha of the paper, §2.3; 10 as go-libp2p has it. */
export const DEFAULT_ALPHA = 10

/** The share of those in reach that is expected to stay silent, at the most: who names many silent peers makes a lookup reach twice as far, not farther. */
const MAX_SILENT_SHARE = 0.5

/** More than so many late ones for each that answered: not all can be slow but ourselves. */
const MANY_LATE = 2

/** By so much a sum of shares may be off. */
const ROUNDING = 1e-9

/** Who was asked, and may still answer. */
const AWAITED: ReadonlySet<CandidateState> = new Set(['asked', 'slow', 'late'])

/** Closer peers taken of one answer, in peers: twice the k = 20 that an answer holds. */
export const MAX_CLOSER_PEERS = 40

/**
 * Peers a lookup keeps in mind, in multiples of k. It bounds the memory that
 * strangers can take, and the requests they can make us send.
 */
export const MAX_CANDIDATES_PER_K = 20

/** What a {@link Lookup} is for, and how it goes about it. */
export interface LookupInit {
  /** What to get close to. */
  target: Key
  /** Our own key: never a candidate. */
  self?: Key
  /** Whom to begin with: the closest of our own table. */
  seeds: Iterable<Contact>
  /**
   * Others of our own table: asked for once, when all others are through, some answered, and they
   * are fewer than k. Nobody need be given who was before.
   *
   * @default none
   */
  moreSeeds? (): Iterable<Contact>
  /** @default 20 */
  k?: number
  /** @default 10 */
  alpha?: number
  /**
   * How many requests are in flight once half of the first alpha have been answered: more
   * than `alpha` brings the end sooner, for some requests more.
   *
   * @default alpha
   */
  burst?: number
  /**
   * Among how many paths the slots are shared, so that nobody's referrals take them all: a
   * whole number from 1. Seeds are dealt to them round robin, closest first; more than
   * `alpha` share no finer. The end is the same with any number.
   *
   * @default 1
   */
  paths?: number
  /**
   * Where some of the closest are silent, are peers that answered asked once more, about another peer than the target?
   * That finds those who belong in the place of the silent ones; edge.ts says why nobody names them otherwise.
   *
   * @default false
   */
  asksAgain?: boolean
  /** Milliseconds after which a peer that was asked no longer holds a slot: another is asked beside it. */
  slowAfter (contact: Contact): number
}

/** How a lookup ended. */
export type LookupEnd =
  /** The k closest peers that neither failed nor are late have all answered. */
  | 'converged'
  /** Everybody we heard of was asked, and fewer than k answered. */
  | 'exhausted'
  /** `stop` was called. */
  | 'stopped'

/** What to do next. */
export type LookupStep =
  /** Ask this peer about the target, or `about` that peer; then call `onResponse` or `onFailure`; and call `next` again at once. */
  | { readonly type: 'ask', readonly contact: Contact, readonly about?: Contact }
  /**
   * Call `next` again after the next answer or failure, when a peer is late, or at `until`
   * (milliseconds since the Unix epoch), when the next one turns out slow; `Infinity` when
   * time alone cannot move the lookup.
   */
  | { readonly type: 'wait', readonly until: number }
  /** It is over. `closest`: the at most k closest that answered, closest first. */
  | { readonly type: 'done', readonly reason: LookupEnd, readonly closest: Contact[] }

/**
 * One iterative lookup (Kademlia paper, §2.3) as a value: it sends nothing and
 * waits for nothing, but says what to do next and is told what came of it.
 *
 * @example
 *
 * ```typescript
 * import { Lookup, contactOf, keyOf } from 'kadmium/engine'
 *
 * const peer = contactOf({ id: Uint8Array.of(1), addrs: [] })
 * const lookup = new Lookup({ target: keyOf(Uint8Array.of(2)), seeds: [peer], slowAfter: () => 1000 })
 *
 * lookup.next(0) // { type: 'ask', contact: peer }
 * lookup.next(0) // { type: 'wait', until: Infinity }
 * lookup.onResponse(peer.key, [])
 * lookup.next(5) // { type: 'done', reason: 'exhausted', closest: [peer] }
 * ```
 */
export class Lookup {
  readonly target: Key
  readonly #self: Key | undefined
  readonly #k: number
  readonly #paths: number
  readonly #alpha: number
  readonly #burst: number
  readonly #slowAfter: (contact: Contact) => number
  #moreSeeds: (() => Iterable<Contact>) | undefined
  readonly #candidates: Candidates
  readonly #slots: Slots
  readonly #edge: Edge | undefined
  #end: LookupEnd | undefined
  #asked = 0
  #answered = 0
  #failed = 0
  /** How many of those asked are slow, and how many late. */
  #slow = 0
  #late = 0
  /** Nobody is late: our own link is slow. */
  #isPatient = false

  constructor (init: LookupInit) {
    this.target = init.target
    this.#self = init.self
    this.#k = init.k ?? DEFAULT_K
    this.#paths = init.paths ?? 1
    this.#alpha = init.alpha ?? DEFAULT_ALPHA
    this.#burst = init.burst ?? this.#alpha
    this.#slots = new Slots(this.#alpha, this.#paths)
    this.#edge = init.asksAgain === true ? new Edge(init.target, this.#k) : undefined
    this.#slowAfter = init.slowAfter
    this.#moreSeeds = init.moreSeeds
    this.#candidates = new Candidates(init.target, MAX_CANDIDATES_PER_K * this.#k)
    this.addSeeds(init.seeds)
  }

  /** Begin with these, too. Only before anybody is asked. */
  addSeeds (seeds: Iterable<Contact>): void {
    for (const seed of seeds) {
      this.#hear(seed, 1, 0)
    }
    this.#candidates.sorted.forEach((seed, i) => { seed.path = i % this.#paths })
  }

  /** Everybody heard of, closest first. */
  get candidates (): readonly Candidate[] {
    return this.#candidates.sorted
  }

  /** The candidate with this key, if there is one. To name it once more changes nothing. */
  candidate (key: Key): Candidate | undefined {
    return this.#candidates.get(key)
  }

  /**
   * A peer that failed or is late may be reached elsewhere, as `contact` has it: it is to be asked there.
   *
   * @returns the contact in the place of which that is; undefined if the peer is no such candidate
   */
  retry (contact: Contact): Contact | undefined {
    const candidate = this.#get(contact.key)
    if (candidate?.state !== 'failed' && candidate?.state !== 'late') {
      return undefined
    }
    if (candidate.state === 'late') {
      this.#late--
      this.#failed++
    }
    const before = candidate.contact
    candidate.contact = contact
    candidate.state = 'heard'
    return before
  }

  /** The peer of `contact` is asked elsewhere by now, or was in vain, and answers at `contact` after all: to be called before {@link Lookup.onResponse}. */
  restore (contact: Contact): void {
    this.retry(contact)
    const candidate = this.#get(contact.key)
    if (candidate != null) {
      candidate.contact = contact
    }
  }

  /** How many requests were made: one for each peer asked, and one more for who was asked again. */
  get asked (): number {
    return this.#asked
  }

  /** How many of them were answered. */
  get answered (): number {
    return this.#answered
  }

  /** How many of them failed, or are late. */
  get failed (): number {
    return this.#failed + this.#late
  }

  /** The at most k closest that answered so far, closest first. */
  get closest (): Contact[] {
    return this.#closestAnswered().map(candidate => candidate.contact)
  }

  /** The largest hop count among {@link Lookup.closest}: how many answers in a row it took to know them all; 0 when nobody answered. */
  get hops (): number {
    return this.#closestAnswered().reduce((hops, candidate) => Math.max(hops, candidate.hop), 0)
  }

  /**
   * What to do? Call it again after each step, until it is done.
   *
   * @param now - milliseconds since the Unix epoch
   * @param toldUntil - the same: the lookup has been told of all answers that came before. Who should have answered later is not slow yet, for that answer may wait to be read
   */
  next (now: number, toldUntil: number = now): LookupStep {
    if (this.#end != null) {
      return this.#done(this.#end)
    }
    this.#slow += this.#slots.releaseSlow(toldUntil)
    const likelihood = 1 - this.#silentShare
    let inReach = 0
    let awaiting = false
    let beyondShare: MutableCandidate | undefined
    for (const candidate of this.#candidates.sorted) {
      const { state } = candidate
      if (state === 'failed' || state === 'late') {
        continue
      }
      if (state === 'heard') {
        if (this.#slots.full) {
          return { type: 'wait', until: this.#slots.nextSlow }
        }
        if (!this.#slots.hasItsShare(candidate.path)) {
          return this.#ask(candidate, now)
        }
        beyondShare ??= candidate
      }
      awaiting ||= state !== 'answered'
      inReach += this.#placeOf(state, likelihood)
      if (inReach > this.#k - ROUNDING) {
        break
      }
    }
    if (beyondShare != null) {
      return this.#ask(beyondShare, now)
    }
    const isComplete = inReach > this.#k - ROUNDING
    const step = this.#askAgain(isComplete) ?? this.#waitFor(awaiting)
    if (step != null) {
      return step
    }
    if (isComplete) {
      return this.#done('converged')
    }
    if (this.#late > MANY_LATE * this.#answered) {
      this.#waitForLate()
      return this.next(now, toldUntil)
    }
    return this.#hearMore() ? this.next(now, toldUntil) : this.#done('exhausted')
  }

  /**
   * The peer `from` answered, and named `closer` peers: at most
   * `MAX_CLOSER_PEERS` of them are taken. Ignored unless it was asked and
   * has neither answered nor failed, as far as it is not to be asked elsewhere.
   */
  onResponse (from: Key, closer: Iterable<Contact>): void {
    const candidate = this.#get(from)
    if (candidate == null || !this.#takeAnswer(candidate)) {
      return
    }
    let taken = 0
    for (const contact of closer) {
      if (taken++ === MAX_CLOSER_PEERS) {
        return
      }
      this.#hear(contact, candidate.hop + 1, candidate.path, candidate)
    }
  }

  /** The peer `from` will not answer. Ignored unless it was asked and has neither answered nor failed. */
  onFailure (from: Key): void {
    this.#giveUp(from, 'failed')
  }

  /** The peer `from` has not answered in time. Its answer counts if it comes before the end. Ignored unless it was asked and has neither answered nor failed. */
  onLate (from: Key): void {
    this.#giveUp(from, this.#isPatient ? 'slow' : 'late')
  }

  /** End it here, with what there is. Tell of an answer before stopping because of it. */
  stop (): void {
    this.#end ??= 'stopped'
  }

  /** The share of those asked that failed or are slow, while the lookup is in haste. */
  get #silentShare (): number {
    if (this.#burst <= this.#alpha || 2 * this.#answered < this.#alpha) {
      return 0
    }
    const silent = this.failed + this.#slow
    return Math.min(MAX_SILENT_SHARE, silent / (this.#answered + silent))
  }

  /** How much of the reach, k, a candidate takes that has not failed. */
  #placeOf (state: CandidateState, likelihood: number): number {
    switch (state) {
      case 'answered': return 1
      // with several paths, a slow one holds up the end, but keeps nobody out of reach
      case 'slow': return this.#paths > 1 ? 0 : 1
      default: return likelihood
    }
  }

  #ask (candidate: MutableCandidate, now: number): LookupStep {
    candidate.state = 'asked'
    candidate.slowAt = now + this.#slowAfter(candidate.contact)
    this.#slots.take(candidate)
    this.#asked++
    return { type: 'ask', contact: candidate.contact }
  }

  /** If anybody is silent: ask one who answered about the edge. */
  #askAgain (isComplete: boolean): LookupStep | undefined {
    if (this.failed + this.#slow === 0 || this.#slots.full) {
      return undefined
    }
    const question = this.#edge?.next(this.#candidates.sorted, isComplete)
    if (question == null) {
      return undefined
    }
    this.#slots.lend()
    this.#asked++
    return { type: 'ask', contact: question.asked.contact, about: question.about.contact }
  }

  /** `from` is not waited for as it was until now. What it was asked once more is not worth waiting for: that has failed. */
  #giveUp (from: Key, state: 'failed' | 'late' | 'slow'): void {
    const candidate = this.#get(from)
    if (candidate == null) {
      return
    }
    if (AWAITED.has(candidate.state)) {
      this.#settle(candidate, state)
    } else if (this.#settleAgain(candidate)) {
      this.#failed++
    }
  }

  /** What `candidate` was asked once more is over. Was anything? */
  #settleAgain (candidate: MutableCandidate): boolean {
    const wasAsked = this.#edge?.settle(candidate) === true
    if (wasAsked) {
      this.#slots.giveBack()
    }
    return wasAsked
  }

  /** Wait, if somebody is to answer. */
  #waitFor (awaiting: boolean): LookupStep | undefined {
    if (!awaiting && this.#edge?.isAwaited !== true) {
      return undefined
    }
    const timeMoves = this.#paths > 1 || this.#edge != null
    return { type: 'wait', until: timeMoves ? this.#slots.nextSlow : Infinity }
  }

  #done (reason: LookupEnd): LookupStep {
    this.#end = reason
    return { type: 'done', reason, closest: this.closest }
  }

  /** The rest of the seeds, once. Were there others among them? */
  #hearMore (): boolean {
    const seeds = this.#answered > 0 ? this.#moreSeeds?.() : undefined
    this.#moreSeeds = undefined
    if (seeds == null) {
      return false
    }
    const known = this.#candidates.sorted.length
    for (const seed of seeds) {
      this.#hear(seed, 1, 0)
    }
    return this.#candidates.sorted.length > known
  }

  #hear (contact: Contact, hop: number, path: number, namer?: MutableCandidate): void {
    if (this.#self == null || !sameKey(contact.key, this.#self)) {
      this.#candidates.add(contact, hop, path, namer)
    }
  }

  /** The candidate with that key, as long as it matters. */
  #get (key: Key): MutableCandidate | undefined {
    return this.#end == null ? this.#candidates.get(key) : undefined
  }

  /** `candidate` answered. Was it asked? */
  #takeAnswer (candidate: MutableCandidate): boolean {
    if (AWAITED.has(candidate.state)) {
      this.#settle(candidate, 'answered')
    } else if (candidate.state === 'heard' && candidate.slowAt > -Infinity) {
      candidate.state = 'answered' // after all, where it was asked before
      this.#failed--
    } else if (!this.#settleAgain(candidate)) {
      return false
    }
    this.#answered++
    if (2 * this.#answered >= this.#alpha) {
      this.#slots.widen(this.#burst)
    }
    return true
  }

  #waitForLate (): void {
    this.#isPatient = true
    this.#candidates.sorted.filter(({ state }) => state === 'late').forEach(candidate => { this.#settle(candidate, 'slow') })
  }

  #settle (candidate: MutableCandidate, state: 'answered' | 'failed' | 'late' | 'slow'): void {
    this.#count(candidate.state, -1)
    this.#count(state, 1)
    candidate.state = state
    this.#slots.release(candidate)
  }

  #count (state: CandidateState, change: 1 | -1): void {
    this.#slow += state === 'slow' ? change : 0
    this.#late += state === 'late' ? change : 0
    this.#failed += state === 'failed' ? change : 0
  }

  #closestAnswered (): Candidate[] {
    const closest: Candidate[] = []
    for (const candidate of this.#candidates.sorted) {
      if (closest.length === this.#k) {
        break
      }
      if (candidate.state === 'answered') {
        closest.push(candidate)
      }
    }
    return closest
  }
}
