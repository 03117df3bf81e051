import { KeyCache } from './key-cache.ts'
import type { Key } from './key.ts'

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

/** Peers of one generation whose keys are remembered: those that a node meets in some minutes. Two generations take about 2 MB. */
const REMEMBERED_KEYS = 4_096

const keys = new KeyCache(REMEMBERED_KEYS)

/** Which addresses of a peer are believed. */
export type SelectAddrs = (peer: PeerInfo) => readonly Uint8Array[]

/** Keeps `addrs` of the peer unread until somebody asks for them. */
class PeerContact implements Contact {
  readonly key: Key
  readonly #peer: PeerInfo
  readonly #select: SelectAddrs
  #addrs: readonly Uint8Array[] | undefined

  constructor (peer: PeerInfo, select: SelectAddrs) {
    this.#peer = peer
    this.#select = select
    this.key = keys.keyOf(peer.id)
  }

  get id (): Uint8Array {
    return this.#peer.id
  }

  get addrs (): readonly Uint8Array[] {
    this.#addrs ??= this.#select(this.#peer)
    return this.#addrs
  }
}

/** Hash a peer into the keyspace. Its addresses stay unread; `select` is asked which to believe when they are. Default: all. */
export function contactOf (peer: PeerInfo, select: SelectAddrs = allAddrs): Contact {
  return new PeerContact(peer, select)
}

function allAddrs ({ addrs }: PeerInfo): readonly Uint8Array[] {
  return addrs
}
