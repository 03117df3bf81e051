import { peerDump } from '../dump/peer.ts'
import { contactOf } from '../keyspace/contact.ts'
import { multihashText } from '../record/multihash-text.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'

/** Characters of a PeerId that tell peers apart: its first ones are the same for all. */
const SHORT_ID = 8

/** A peer for people: where it is and the end of its PeerId, `127.0.0.1:4001 (…3R7pqXyZ)`. */
export function peerName (peer: PeerInfo): string {
  const endpoint = endpointText(contactOf(peer))
  const short = shortId(multihashText(peer.id))
  return endpoint == null ? short : `${endpoint} (${short})`
}

/** The end of a PeerId. */
export function shortId (peerId: string): string {
  return `…${peerId.slice(-SHORT_ID)}`
}

/** `host:port` of a peer, if it has an address of that kind. */
export function endpointText (contact: Contact): string | undefined {
  const { ip, port } = peerDump(contact)
  if (ip == null || port == null) {
    return undefined
  }
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
