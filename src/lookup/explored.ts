import { bitAt, commonPrefixLength, compareDistance, sameKey } from '../keyspace/distance.ts'
import { withBitFlipped } from '../keyspace/prefix.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'
import type { Prefix } from '../keyspace/prefix.ts'

// A trie of the keyspace:
//
//   unknown ──learn──▶ known: all who live there, fewer than k
//           ──learn──▶ split: two halves, each of them unknown, known or split
//
// The k closest to a target share c bits with it, c being what the farthest of them shares. So the half of that
// prefix in which the target lies, c + 1 bits long, has fewer than k peers, all of them in the answer; and the
// prefix itself has k or more. Hence wherever in such a part a lookup is made it tells of the same part: these are
// the leaves of the trie which splits where k or more live, and n peers make about n / (k · ln 2) of them.

type Part =
  | { readonly type: 'unknown' }
  | { readonly type: 'known', contacts: Contact[] }
  | { readonly type: 'split', readonly halves: [Part, Part] }

const UNKNOWN: Part = { type: 'unknown' }

/** Who lives closest to a target, as far as is known. */
export type Neighbourhood =
  /** Its k closest, closest first; fewer if there are no more. */
  | { readonly type: 'known', readonly closest: Contact[] }
  /** Nobody can tell before this part of the keyspace, the nearest that is unknown, is. */
  | { readonly type: 'unknown', readonly part: Prefix }

/** What lookups have told of the keyspace: which parts of it are known completely, and who lives there. */
export class Explored {
  readonly #k: number
  #root: Part = UNKNOWN

  constructor (k: number) {
    this.#k = k
  }

  /** The k closest to `target`, or what it takes to know them. */
  neighbourhood (target: Key): Neighbourhood {
    const closest: Contact[] = []
    const part = this.#collect(this.#root, target, { key: target, bits: 0 }, closest)
    return part == null ? { type: 'known', closest } : { type: 'unknown', part }
  }

  /**
   * A lookup of `target` gave `closest`: the k closest of all who are alive, closest
   * first, or all there are if they are fewer.
   *
   * @returns how many bits long the prefix of `target` is that is known completely by that
   */
  learn (target: Key, closest: readonly Contact[]): number {
    const farthest = closest.length < this.#k ? undefined : closest.at(-1)
    const bits = farthest == null ? 0 : Math.min(commonPrefixLength(target, farthest.key) + 1, target.byteLength * 8)
    const contacts = closest.filter(({ key }) => commonPrefixLength(target, key) >= bits)
    this.#root = learned(this.#root, target, 0, bits, contacts)
    return bits
  }

  /** The peer with that key is gone. */
  drop (key: Key): void {
    let part = this.#root
    for (let depth = 0; part.type === 'split'; depth++) {
      part = part.halves[bitAt(key, depth)]
    }
    if (part.type === 'known') {
      part.contacts = part.contacts.filter(contact => !sameKey(contact.key, key))
    }
  }

  /** Know nothing any more: it may all be otherwise now. */
  forget (): void {
    this.#root = UNKNOWN
  }

  /** Add whoever lives in `part` to `closest`, until they are k. The nearest part that is unknown, if it takes that. */
  #collect (part: Part, target: Key, prefix: Prefix, closest: Contact[]): Prefix | undefined {
    if (closest.length >= this.#k) {
      return undefined
    }
    switch (part.type) {
      case 'unknown':
        return prefix
      case 'known':
        // all of them are closer than whoever lives in a part that comes later
        closest.push(...part.contacts.toSorted((a, b) => compareDistance(target, a.key, b.key)).slice(0, this.#k - closest.length))
        return undefined
      default: {
        const bits = prefix.bits + 1
        const nearHalf = bitAt(target, prefix.bits)
        return this.#collect(part.halves[nearHalf], target, { key: prefix.key, bits }, closest) ??
          this.#collect(part.halves[1 - nearHalf], target, { key: withBitFlipped(prefix.key, prefix.bits), bits }, closest)
      }
    }
  }
}

/** `part`, in which the prefix of `key` that is `bits` long is known now. */
function learned (part: Part, key: Key, depth: number, bits: number, contacts: Contact[]): Part {
  if (depth === bits) {
    return { type: 'known', contacts }
  }
  if (part.type === 'known') {
    // more live here than when it was explored: whoever is new is added
    const added = contacts.filter(contact => !part.contacts.some(known => sameKey(known.key, contact.key)))
    return { type: 'known', contacts: [...part.contacts, ...added] }
  }
  const halves: [Part, Part] = part.type === 'split' ? part.halves : [UNKNOWN, UNKNOWN]
  const half = bitAt(key, depth)
  halves[half] = learned(halves[half], key, depth + 1, bits, contacts)
  return { type: 'split', halves }
}
