import { commonPrefixLength } from '../keyspace/distance.ts'
import type { Candidate } from './candidates.ts'
import type { Key } from '../keyspace/key.ts'

// A peer names the k closest to the target that it knows, dead ones among them as long as it does not know better:
//
//   target   1  2  ✝  4  5  …  17  ✝  19  20 │ 21  22  23  …
//            └─ named by everybody nearby ──┘ └─ named by nobody who is asked about the target
//
// So the living who belong in the place of the dead, 21 and 22, are never heard of. But those nearby know them, and
// name them when asked about somebody who lives out there, at the edge: the farthest of the k in reach, or the
// farthest heard of when there are fewer.

/** So many are asked about an edge, for each number of bits that it shares with the target: the first may not know all who live beyond. */
const QUESTIONS = 2

/** A question to a peer that has answered before: who is closest to `about`? */
export interface EdgeQuestion {
  readonly asked: Candidate
  readonly about: Candidate
}

/** Finds out who lives beyond the silent ones among the closest, as a value: it says whom to ask once more, and is told when that is over. */
export class Edge {
  readonly #target: Key
  readonly #k: number
  /** How many were asked about an edge that shares so many bits with the target. */
  readonly #questions = new Map<number, number>()
  /** Who was asked once more: nobody is twice. */
  readonly #asked = new Set<Candidate>()
  readonly #awaited = new Set<Candidate>()

  constructor (target: Key, k: number) {
    this.#target = target
    this.#k = k
  }

  /** Is somebody still to answer? */
  get isAwaited (): boolean {
    return this.#awaited.size > 0
  }

  /**
   * What to ask next. Undefined: nobody who is close is silent, or enough were asked.
   *
   * @param sorted - all candidates, closest first
   * @param isComplete - are there k in reach?
   */
  next (sorted: readonly Candidate[], isComplete: boolean): EdgeQuestion | undefined {
    const { about, asked, isSilent } = this.#survey(sorted, isComplete)
    if (!isSilent || about == null || asked == null) {
      return undefined
    }
    const bits = commonPrefixLength(this.#target, about.contact.key)
    const questions = this.#questions.get(bits) ?? 0
    if (questions === QUESTIONS) {
      return undefined
    }
    this.#questions.set(bits, questions + 1)
    this.#asked.add(asked)
    this.#awaited.add(asked)
    return { asked, about }
  }

  /** What was asked of `candidate` is answered, or never will be. Was anything? */
  settle (candidate: Candidate): boolean {
    return this.#awaited.delete(candidate)
  }

  /** The edge; the farthest on this side of it who answered and can be asked (peers name themselves alone when asked about themselves); and whether anybody is silent there. */
  #survey (sorted: readonly Candidate[], isComplete: boolean): { about?: Candidate, asked?: Candidate, isSilent: boolean } {
    let about: Candidate | undefined
    let asked: Candidate | undefined
    let isSilent = false
    let inReach = 0
    for (const candidate of sorted) {
      const isGone = candidate.state === 'failed' || candidate.state === 'late'
      isSilent ||= isGone || candidate.state === 'slow'
      if (isGone && isComplete) {
        continue
      }
      if (about?.state === 'answered' && !this.#asked.has(about)) {
        asked = about
      }
      about = candidate
      if (isComplete && ++inReach === this.#k) {
        break
      }
    }
    return { about, asked, isSilent }
  }
}
