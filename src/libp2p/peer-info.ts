import { multiaddr } from '@multiformats/multiaddr'
import { PeerIds } from '../hosts/libp2p/peer-ids.ts'
import { nameOf } from '../keyspace/contact.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { PeerInfo as Libp2pPeerInfo, PeerId } from '@libp2p/interface'

/** Making a PeerId decodes a key; the same peers are met in lookup after lookup. */
const peerIds = new PeerIds()

/** The PeerId of a peer; undefined: its id is that of no key. */
export function peerIdOf (peer: PeerInfo): PeerId | undefined {
  try {
    return peerIds.of(peer.id, nameOf(peer))
  } catch {
    return undefined // the bytes have the form of a key, and are none
  }
}

/** A peer as libp2p has it; undefined: it has no PeerId. Its addresses must be sound. */
export function toPeerInfo (peer: PeerInfo): Libp2pPeerInfo | undefined {
  const id = peerIdOf(peer)
  return id == null ? undefined : { id, multiaddrs: peer.addrs.map(addr => multiaddr(addr)) }
}

/** Those of `peers` that have a PeerId, as libp2p has them. */
export function toPeerInfos (peers: Iterable<PeerInfo>): Libp2pPeerInfo[] {
  return [...peers].flatMap(peer => toPeerInfo(peer) ?? [])
}
