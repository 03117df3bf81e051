import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { decode } from 'multiformats/hashes/digest'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { PeerInfo as Libp2pPeerInfo, PeerId } from '@libp2p/interface'

/** Making a PeerId decodes a key: once for each contact. */
const known = new WeakMap<PeerInfo, PeerId>()

/** The PeerId of a peer; undefined: its id is that of no key. */
export function peerIdOf (peer: PeerInfo): PeerId | undefined {
  let peerId = known.get(peer)
  if (peerId == null) {
    peerId = toPeerId(peer.id)
    if (peerId != null) {
      known.set(peer, peerId)
    }
  }
  return peerId
}

function toPeerId (multihash: Uint8Array): PeerId | undefined {
  try {
    return peerIdFromMultihash(decode(multihash))
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
