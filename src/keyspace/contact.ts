import { keyOf, type Key } from './key.ts'

/**
 * Who a peer is and where it may be reached, as it came in: nothing here is
 * parsed before somebody dials or prints it.
 */
export interface PeerInfo {
  /** The PeerId's multihash. */
  readonly id: Uint8Array
  /** Binary multiaddrs, without a trailing `/p2p`, most useful first. */
  readonly addrs: readonly Uint8Array[]
}

/** A peer with its place in the keyspace. */
export interface Contact extends PeerInfo {
  /** SHA-256 of `id`, hashed once. */
  readonly key: Key
}

/** Keeps `addrs` of the peer unread until somebody asks for them. */
class PeerContact implements Contact {
  readonly key: Key
  readonly #peer: PeerInfo

  constructor (peer: PeerInfo) {
    this.#peer = peer
    this.key = keyOf(peer.id)
  }

  get id (): Uint8Array {
    return this.#peer.id
  }

  get addrs (): readonly Uint8Array[] {
    return this.#peer.addrs
  }
}

/** Hash a peer into the keyspace. Its addresses stay unparsed. */
export function contactOf (peer: PeerInfo): Contact {
  return new PeerContact(peer)
}
