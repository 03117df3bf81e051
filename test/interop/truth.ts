import { createHash } from 'node:crypto'
import type { InteropNode } from './node.ts'

/** The `count` nodes closest to SHA-256 of `target` by brute force, closest first, without `asker`. */
export function trulyClosest (nodes: readonly InteropNode[], asker: InteropNode, target: Uint8Array, count = 20): string[] {
  const key = sha256(target)
  return nodes
    .filter(node => node !== asker)
    .map(({ libp2p: { peerId } }) => ({ id: peerId.toString(), distance: xor(sha256(peerId.toMultihash().bytes), key) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, count)
    .map(({ id }) => id)
}

function sha256 (bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

function xor (a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ b[index])
}
