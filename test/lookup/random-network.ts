import { compare } from 'uint8arrays/compare'
import { distance } from '../../src/keyspace/distance.ts'
import { bytesToMapKey, keyFromBytes } from '../../src/keyspace/key.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import { SeededRandom } from '../routing/seeded-random.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'

export interface NetworkInit {
  seed: number
  nodes: number
  k: number
  /** The share of nodes that never answer: 0 … 1. */
  dead: number
  /**
   * `with-the-dead`: they took in everybody before the dead died. `repaired`: and have
   * noticed since. `of-the-living`: they never knew the dead.
   */
  tables: 'with-the-dead' | 'repaired' | 'of-the-living'
}

/** Nodes with random keys, each with a real routing table into which it took all others, in its own random order. */
export class RandomNetwork {
  readonly random: SeededRandom
  readonly k: number
  readonly living: Contact[]
  readonly dead: Contact[]
  readonly #tables = new Map<string, RoutingTable>()

  constructor ({ seed, nodes, k, dead, tables }: NetworkInit) {
    this.random = new SeededRandom(seed)
    this.k = k
    const all = Array.from({ length: nodes }, () => {
      const id = this.random.bytes(32)
      return { id, key: keyFromBytes(id), addrs: [] }
    })
    this.dead = all.slice(0, Math.floor(nodes * dead))
    this.living = all.slice(this.dead.length)
    for (const node of this.living) {
      const table = new RoutingTable({ self: node.key, k })
      this.random.shuffled(tables === 'of-the-living' ? this.living : all).forEach(other => { table.insert(other, 0) })
      if (tables === 'repaired') {
        this.dead.forEach(other => { table.remove(other.key) })
      }
      this.#tables.set(bytesToMapKey(node.key), table)
    }
  }

  randomKey (): Key {
    return keyFromBytes(this.random.bytes(32))
  }

  /** Whom `node` would name to somebody who looks for `target`, or more of those it knows; `undefined` if it is dead. */
  closest (node: Contact, target: Key, count = this.k): Contact[] | undefined {
    return this.#tables.get(bytesToMapKey(node.key))?.closest(target, count)
  }

  isDead (contact: Contact): boolean {
    return !this.#tables.has(bytesToMapKey(contact.key))
  }
}

/** By brute force: the `count` of `contacts` closest to `target`, each once, closest first. */
export function bruteClosest (contacts: readonly Contact[], target: Key, count: number): Contact[] {
  const unique = new Map(contacts.map(contact => [bytesToMapKey(contact.key), contact]))
  return [...unique.values()]
    .map(contact => ({ contact, distance: distance(contact.key, target) }))
    .sort((a, b) => compare(a.distance, b.distance))
    .slice(0, count)
    .map(({ contact }) => contact)
}
