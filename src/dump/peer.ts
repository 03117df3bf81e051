import { multiaddr } from '@multiformats/multiaddr'
import { toString } from 'uint8arrays/to-string'
import { InvalidOptionError } from '../dht/errors.ts'
import { isBytes } from '../dht/text.ts'
import { keyOf } from '../keyspace/key.ts'
import { multihashText } from '../record/multihash-text.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** A peer in a dump. */
export interface PeerDump {
  /** Its place in the keyspace, the SHA-256 of its PeerId: 64 lower-case hex digits. */
  readonly id: string
  /** Its PeerId, `12D3Koo…`. */
  readonly peer_id: string
  /** IP address or name, and TCP port, of the first address that has both; null if none has. */
  readonly ip: string | null
  readonly port: number | null
  /** Where it may be reached: multiaddrs that end in its PeerId. */
  readonly addrs: readonly string[]
}

interface Endpoint {
  readonly ip: string
  readonly port: number
}

const HOSTS = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

/**
 * A peer, a contact or one that an event names, as dumps show it: its PeerId and addresses as text. This can
 * be copied, to another thread or as JSON; a contact loses its addresses on the way.
 *
 * @throws {InvalidOptionError} it is no peer, or a copy of a contact
 */
export function peerDump (peer: PeerInfo): PeerDump {
  const { id, addrs } = Object(peer) as PeerInfo
  if (!isBytes(id) || !Array.isArray(addrs)) {
    throw new InvalidOptionError('a peer has id and addrs, as bytes: the copy of a contact lacks addrs, dump it before it is copied')
  }
  const peerId = multihashText(id)
  const endpoint = addrs.map(endpointOf).find(found => found != null)
  return {
    id: keyText(keyOf(id)),
    peer_id: peerId,
    ip: endpoint?.ip ?? null,
    port: endpoint?.port ?? null,
    addrs: addrs.map(addr => addressText(addr, peerId))
  }
}

/** A key, or a distance, as lower-case hex digits with its leading zeroes. */
export function keyText (key: Uint8Array): string {
  return toString(key, 'hex')
}

/** A binary multiaddr as text that ends in `/p2p/<peerId>`; bytes that are none as `0x…`. */
function addressText (addr: Uint8Array, peerId: string): string {
  try {
    const text = multiaddr(addr).toString()
    return text.endsWith(`/p2p/${peerId}`) ? text : `${text}/p2p/${peerId}`
  } catch {
    return `0x${toString(addr, 'hex')}` // a dump shows what is there
  }
}

function endpointOf (addr: Uint8Array): Endpoint | undefined {
  try {
    const [host, transport] = multiaddr(addr).getComponents()
    return HOSTS.includes(host.name) && host.value != null && transport?.name === 'tcp'
      ? { ip: host.value, port: Number(transport.value) }
      : undefined
  } catch {
    return undefined // no multiaddr
  }
}
