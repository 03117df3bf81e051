import { compareDistance } from '../keyspace/distance.ts'
import { headOf } from '../keyspace/key-head.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/**
 * What a lookup knows of a peer; the diagram is in lookup.ts.
 *
 * - `heard`: somebody named it, nobody asked it
 * - `asked`: it holds one of the alpha slots
 * - `slow`: asked too long ago to hold a slot, still waited for
 * - `late`: its time is up, and nobody waits for it; it may answer after all
 * - `answered`, `failed`: final
 */
export type CandidateState = 'heard' | 'asked' | 'slow' | 'late' | 'answered' | 'failed'

/** A peer that a lookup heard of. */
export interface Candidate {
  readonly contact: Contact
  readonly state: CandidateState
  /** 1 for a seed, otherwise one more than that of the peer that named it first. */
  readonly hop: number
  /** That of the peer that named it first, counted from 0; seeds are dealt to the paths round robin. */
  readonly path: number
}

/** The same, for the lookup that moves it. */
export interface MutableCandidate extends Candidate {
  contact: Contact
  state: CandidateState
  path: number
  /** The distance's first 31 bits, a small integer to V8: they decide nearly every comparison. */
  readonly head: number
  /** When it loses its slot, once asked: milliseconds since the Unix epoch; `-Infinity`: it never was. */
  slowAt: number
  /** Who named it first; nobody, if it is a seed. */
  readonly namer: MutableCandidate | undefined
  /** How many of the candidates it named first. */
  named: number
}

/**
 * The peers a lookup heard of, closest to the target first. Two of equal distance
 * are the same key, so the order is also the identity.
 *
 * It holds at most `limit`: beyond that one goes that was never asked, of whoever named the most the
 * farthest. So peers that are made up, all closer than any that exist, displace each other, and not those whom others named.
 * Those asked stay, so that nobody is asked twice; hence the limit also bounds the requests.
 */
export class Candidates {
  readonly #target: Key
  readonly #targetHead: number
  readonly #limit: number
  readonly #sorted: MutableCandidate[] = []

  constructor (target: Key, limit: number) {
    this.#target = target
    this.#targetHead = headOf(target)
    this.#limit = limit
  }

  /** Closest first. */
  get sorted (): readonly MutableCandidate[] {
    return this.#sorted
  }

  get (key: Key): MutableCandidate | undefined {
    const index = this.#search(key, this.#headOf(key))
    return index < 0 ? undefined : this.#sorted[index]
  }

  /** Somebody named `contact`: `namer`, unless it is a seed. Whoever named it first stays. */
  add (contact: Contact, hop: number, path: number, namer?: MutableCandidate): void {
    const head = this.#headOf(contact.key)
    const index = this.#search(contact.key, head)
    if (index >= 0) {
      return
    }
    this.#sorted.splice(~index, 0, { contact, state: 'heard', hop, path, head, slowAt: -Infinity, namer, named: 0 })
    count(namer, 1)
    if (this.#sorted.length > this.#limit) {
      this.#dropOne()
    }
  }

  /** Where `key` is, or the complement (`~`) of where it belongs. */
  #search (key: Key, head: number): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = this.#sorted[middle]
      const order = candidate.head - head
      const exact = order === 0 ? compareDistance(this.#target, candidate.contact.key, key) : order
      if (exact === 0) {
        return middle
      }
      if (exact < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return ~low
  }

  #dropOne (): void {
    let index = -1
    let most = -1
    for (let i = this.#sorted.length - 1; i >= 0; i--) {
      const { state, namer } = this.#sorted[i]
      const named = namer?.named ?? 0
      if (state === 'heard' && named > most) {
        index = i
        most = named
      }
    }
    if (index >= 0) {
      const [{ namer }] = this.#sorted.splice(index, 1)
      count(namer, -1)
    }
  }

  /** {@link MutableCandidate.head} of the peer with that key. */
  #headOf (key: Key): number {
    return (headOf(key) ^ this.#targetHead) >>> 1
  }
}

function count (namer: MutableCandidate | undefined, change: 1 | -1): void {
  if (namer != null) {
    namer.named += change
  }
}
