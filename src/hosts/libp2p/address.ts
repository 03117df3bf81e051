import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { MAX_DIALLED_ADDRS } from './limits.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A binary multiaddr, if it is one. Nothing is not one. */
export function parseAddr (addr: Uint8Array): Multiaddr | undefined {
  try {
    return addr.byteLength === 0 ? undefined : multiaddr(addr)
  } catch {
    return undefined // what a peer announced may be anything
  }
}

/** The peer id that `addr` ends in, as text. */
export function peerOf (addr: Multiaddr): string | undefined {
  const last = addr.getComponents().at(-1)
  return last?.code === CODE_P2P ? last.value : undefined
}

/** `addr` without the `/p2p/<id>` that it may end in. A relay's own id stays. */
export function withoutPeer (addr: Multiaddr): Multiaddr {
  return peerOf(addr) != null ? addr.decapsulateCode(CODE_P2P) : addr
}

/** Where to dial `peerId`: each address ends in its id, so that nobody else is taken for it. */
export function dialTargets (peerId: PeerId, addrs: readonly Uint8Array[]): Multiaddr[] {
  const proof = multiaddr(`/p2p/${peerId}`)
  return addrs
    .slice(0, MAX_DIALLED_ADDRS)
    .flatMap(addr => parseAddr(addr) ?? [])
    .map(withoutPeer)
    // libp2p looks up a peer without addresses in its peer routing, which may be this very DHT, waiting for this very dial
    .filter(addr => addr.bytes.byteLength > 0)
    .map(addr => addr.encapsulate(proof))
}

/** Binary, without `/p2p`, each once, at most `max`. */
export function toBinary (addrs: readonly Multiaddr[], max: number): Uint8Array[] {
  const distinct = new Map(addrs.map(addr => {
    const bare = withoutPeer(addr)
    return [bare.toString(), bare.bytes]
  }))
  return [...distinct.values()].filter(bytes => bytes.byteLength > 0).slice(0, max)
}
