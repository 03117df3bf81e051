import { equals } from 'uint8arrays/equals'
import { identityAt } from './identity.ts'
import { bytesToMapKey } from './key.ts'
import type { Identity } from './identity.ts'
import type { Key } from './key.ts'
import type { Whereabouts } from './whereabouts.ts'

/**
 * Who a peer is and where it may be reached, as it came in: nothing here is
 * parsed before somebody dials or prints it.
 */
export interface PeerInfo {
  /** The PeerId's multihash. */
  readonly id: Uint8Array
  /** Binary multiaddrs, without a trailing `/p2p`, most useful first. */
  readonly addrs: readonly Uint8Array[]
  /** Where that of `id` is known already: it spares work. */
  readonly identity?: Identity | undefined
  /** What `addrs` are those of, where somebody keeps them: it spares the work of writing them. */
  readonly whereabouts?: Whereabouts | undefined
}

/**
 * A peer with its place in the keyspace. `structuredClone`, `postMessage`, JSON and `{ ...contact }` leave out `addrs`, which are
 * read when they are asked for: send `peerDump(contact)`, or `{ id, addrs }` of it.
 */
export interface Contact extends PeerInfo {
  /** SHA-256 of `id`, hashed once. */
  readonly key: Key
  /** As somebody named it: with all its addresses, believed or not. Absent if that is not known any more. */
  readonly named?: PeerInfo | undefined
}

/** Which addresses of a peer are believed. */
export type SelectAddrs = (peer: PeerInfo) => readonly Uint8Array[]

/** Keeps `addrs` of the peer unread until somebody asks for them. */
class PeerContact implements Contact {
  readonly id: Uint8Array
  readonly key: Key
  readonly identity: Identity
  readonly #peer: PeerInfo
  readonly #select: SelectAddrs
  #addrs: readonly Uint8Array[] | undefined

  constructor (peer: PeerInfo, select: SelectAddrs) {
    this.#peer = peer
    this.#select = select
    this.identity = peer.identity ?? identityAt(peer.id, 0, peer.id.byteLength)
    this.id = this.identity.id
    this.key = this.identity.key
  }

  get named (): PeerInfo {
    return this.#peer
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

/** The place of a peer in the keyspace: SHA-256 of its id. */
export function keyOfPeer ({ id, identity }: PeerInfo): Key {
  return (identity ?? identityAt(id, 0, id.byteLength)).key
}

/** The id of a peer as a string, fit for a `Map`: see {@link bytesToMapKey}. */
export function nameOf ({ id, identity }: PeerInfo): string {
  return identity?.name ?? bytesToMapKey(id)
}

/** Does `peer` have an address that it had not `before`? */
export function hasNewAddr ({ addrs }: PeerInfo, before: PeerInfo): boolean {
  return addrs.some(addr => !before.addrs.some(known => equals(addr, known)))
}

function allAddrs ({ addrs }: PeerInfo): readonly Uint8Array[] {
  return addrs
}
