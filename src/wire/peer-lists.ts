import { fieldLength } from './field-writer.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** Tags of a peer's fields: the field's number, and the wire type of bytes. */
export const PEER_ID_TAG = 1 << 3 | 2
export const PEER_ADDR_TAG = 2 << 3 | 2

/** The peers that a message carries. */
export interface PeerLists {
  readonly closer: readonly PeerInfo[]
  readonly providers: readonly PeerInfo[]
}

/**
 * As much of `lists`, which take more, as takes at most `room` bytes.
 *
 * Left out are the last addresses: every peer keeps at most n of them, with the largest
 * n that fits. A peer without an address cannot be reached, so when even one each is
 * too much, peers are left out instead: the last providers, then the last of the closer.
 */
export function fitPeers (lists: PeerLists, room: number): PeerLists {
  let fits = 1
  let tooMany = Math.max(1, ...[...lists.closer, ...lists.providers].map(peer => peer.addrs.length))
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >>> 1
    if (listsLength(cutAddrs(lists, middle)) <= room) {
      fits = middle
    } else {
      tooMany = middle
    }
  }
  const { closer, providers } = cutAddrs(lists, fits)
  const keptCloser = takeWhileFits(closer, room)
  return { closer: keptCloser, providers: takeWhileFits(providers, room - listLength(keptCloser)) }
}

/** Bytes that the fields of all these peers take. */
export function listsLength ({ closer, providers }: PeerLists): number {
  return listLength(closer) + listLength(providers)
}

/** Bytes of a peer as a message of its own. */
export function peerLength (id: Uint8Array, addrs: readonly Uint8Array[]): number {
  let length = fieldLength(id.byteLength)
  for (const addr of addrs) {
    length += fieldLength(addr.byteLength)
  }
  return length
}

function listLength (peers: readonly PeerInfo[]): number {
  let length = 0
  for (const { id, addrs } of peers) {
    length += fieldLength(peerLength(id, addrs))
  }
  return length
}

function cutAddrs ({ closer, providers }: PeerLists, most: number): PeerLists {
  const cut = ({ id, addrs }: PeerInfo): PeerInfo => ({ id, addrs: addrs.slice(0, most) })
  return { closer: closer.map(cut), providers: providers.map(cut) }
}

function takeWhileFits (peers: readonly PeerInfo[], room: number): readonly PeerInfo[] {
  let left = room
  const end = peers.findIndex(({ id, addrs }) => {
    left -= fieldLength(peerLength(id, addrs))
    return left < 0
  })
  return end === -1 ? peers : peers.slice(0, end)
}
