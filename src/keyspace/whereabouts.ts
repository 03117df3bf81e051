import { equals } from 'uint8arrays/equals'

/**
 * Where a peer is, for those who know it for long, such as a routing table. They share it, all in a process who
 * know the peer at the same addresses: do not write into it.
 */
export class Whereabouts {
  /** Binary multiaddrs. None is a view of something larger, which it would keep alive. */
  readonly addrs: readonly Uint8Array[]
  /** The peer, id and addresses, as a message names it, with its length in front: whoever has written it leaves it here for the next time. */
  encoded: Uint8Array | undefined

  constructor (addrs: readonly Uint8Array[]) {
    this.addrs = addrs.map(ownBytes)
  }

  /** Are these its addresses, in this order? */
  isAt (addrs: readonly Uint8Array[]): boolean {
    return addrs === this.addrs || (addrs.length === this.addrs.length && this.addrs.every((addr, i) => equals(addr, addrs[i])))
  }
}

/** Bytes to keep for long: what is not a view of something larger is shared, not copied. */
export function ownBytes (bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
