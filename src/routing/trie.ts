import { bitAt } from '../keyspace/distance.ts'
import { KBucket } from './k-bucket.ts'
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
