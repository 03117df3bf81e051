import { bitAt, compareDistance } from '../keyspace/distance.ts'
import { headOf } from '../keyspace/key-head.ts'
import { Branch } from './trie.ts'
import type { KBucket } from './k-bucket.ts'
import type { TrieNode } from './trie.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/** The `count` contacts under `root` that are closest to `target`, closest first. */
export function closestTo (target: Key, count: number, root: TrieNode): Contact[] {
  const closest = new Closest(target, count)
  closest.collect(root, 0)
  return closest.contacts
}

/** A walk through the table that ends when it has `count` contacts. */
class Closest {
  readonly contacts: Contact[] = []
  readonly #target: Key
  readonly #count: number
  readonly #head: number
  /** Of each of `contacts` the first 32 bits of its distance, in the order of signed integers. */
  readonly #ranks: number[] = []

  constructor (target: Key, count: number) {
    this.#target = target
    this.#count = count
    this.#head = headOf(target) ^ 0x8000_0000 // flipping the sign makes signed order of unsigned
  }

  /**
   * Take the contacts under `node` (whose branch is at bit `depth`), the closest first.
   *
   * All keys under one child of a branch are closer than all under the other, so
   * only contacts of one leaf are compared with each other.
   */
  collect (node: TrieNode, depth: number): void {
    if (!(node instanceof Branch)) {
      this.#sort(node)
      return
    }
    const bit = bitAt(this.#target, depth)
    this.collect(node.children[bit], depth + 1)
    if (this.contacts.length < this.#count) {
      this.collect(node.children[1 - bit], depth + 1)
    }
  }

  /** Insertion sort behind what is there already: a bucket is short. */
  #sort ({ contacts, heads }: KBucket): void {
    const start = this.contacts.length
    for (let i = 0; i < heads.length; i++) {
      const rank = heads[i] ^ this.#head
      let index = this.contacts.length
      while (index > start && this.#isCloser(rank, contacts[i], index - 1)) {
        index--
      }
      this.#insert(rank, contacts[i], index)
    }
  }

  #isCloser (rank: number, contact: Contact, index: number): boolean {
    const other = this.#ranks[index]
    return rank === other ? compareDistance(this.#target, contact.key, this.contacts[index].key) < 0 : rank < other
  }

  #insert (rank: number, contact: Contact, index: number): void {
    if (index >= this.#count) {
      return
    }
    const { contacts } = this
    const ranks = this.#ranks
    if (contacts.length < this.#count) {
      contacts.push(contact)
      ranks.push(rank)
    }
    for (let i = contacts.length - 1; i > index; i--) {
      contacts[i] = contacts[i - 1]
      ranks[i] = ranks[i - 1]
    }
    contacts[index] = contact
    ranks[index] = rank
  }
}
