import { bitAt, compareDistance } from '../keyspace/distance.ts'
import { KBucket } from './k-bucket.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/** An inner node of the routing table, at the depth of one bit: the keys where it is 0, and those where it is 1. */
export class Branch {
  readonly children: [TrieNode, TrieNode]

  constructor (children: [TrieNode, TrieNode]) {
    this.children = children
  }
}

export type TrieNode = Branch | KBucket

/** The leaf that `key` belongs in. */
export function leafOf (root: TrieNode, key: Key): KBucket {
  let node = root
  for (let depth = 0; node instanceof Branch; depth++) {
    node = node.children[bitAt(key, depth)]
  }
  return node
}

/** Put `branch` in the place of `leaf`; returns the new root. */
export function replaceLeaf (root: TrieNode, leaf: KBucket, branch: Branch): TrieNode {
  if (root === leaf) {
    return branch
  }
  let node = root
  for (let depth = 0; node instanceof Branch; depth++) {
    const bit = bitAt(leaf.prefix, depth)
    const child: TrieNode = node.children[bit]
    if (child === leaf) {
      node.children[bit] = branch
    }
    node = child
  }
  return root
}

/** All leaves, in the order of the keyspace. */
export function * leaves (node: TrieNode): Generator<KBucket> {
  if (node instanceof Branch) {
    yield * leaves(node.children[0])
    yield * leaves(node.children[1])
    return
  }
  yield node
}

/**
 * Append to `out`, up to a length of `count`, the contacts under `node` (whose
 * branch is at bit `depth`), those closest to `target` first.
 *
 * All keys under one child of a branch are closer than all under the other, so
 * only contacts of one leaf are compared with each other.
 */
export function collectClosest (node: TrieNode, depth: number, target: Key, count: number, out: Contact[]): void {
  if (out.length >= count) {
    return
  }
  if (node instanceof Branch) {
    const bit = bitAt(target, depth)
    collectClosest(node.children[bit], depth + 1, target, count, out)
    collectClosest(node.children[1 - bit], depth + 1, target, count, out)
    return
  }
  const start = out.length
  for (const entry of node.contacts) {
    insertSorted(out, start, count, entry, target)
  }
}

/** Insertion sort into `out[start … count)`: a bucket is short, and this allocates nothing. */
function insertSorted (out: Contact[], start: number, count: number, contact: Contact, target: Key): void {
  let index = out.length
  while (index > start && compareDistance(target, contact.key, out[index - 1].key) < 0) {
    index--
  }
  if (index >= count) {
    return
  }
  if (out.length < count) {
    out.push(contact)
  }
  for (let i = out.length - 1; i > index; i--) {
    out[i] = out[i - 1]
  }
  out[index] = contact
}
