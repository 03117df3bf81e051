import { keyText, peerDump } from '../dump/peer.ts'
import { distance } from '../keyspace/distance.ts'
import { columns } from './columns.ts'
import { endpointText } from './peer-name.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Key } from '../keyspace/key.ts'

/** Hex digits of a distance that tell its order of magnitude. */
const DISTANCE_DIGITS = 12

/** Peers for people, with their distance to `target`. */
export function peerLines (peers: readonly Contact[], target: Key): string {
  return columns([
    ['distance', 'peer id', 'address'],
    ...peers.map(peer => [
      `${keyText(distance(target, peer.key)).slice(0, DISTANCE_DIGITS)}…`,
      peerDump(peer).peer_id,
      endpointText(peer) ?? 'none known'
    ])
  ])
}

/** Where a peer is, as multiaddrs that end in its PeerId; that alone if nobody knows. */
export function whereabouts (peer: PeerInfo): readonly string[] {
  const { addrs, peer_id: peerId } = peerDump(peer)
  return addrs.length > 0 ? addrs : [`/p2p/${peerId}`]
}
