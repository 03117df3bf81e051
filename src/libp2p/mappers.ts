import { toBinary } from '../hosts/libp2p/address.ts'
import { isAddrInScope } from '../wire/address.ts'
import type { PeerInfoMapper } from './init.ts'
import type { SelectAddrs } from '../keyspace/contact.ts'
import type { AddressScope } from '../wire/address.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'

/** Told that a mapper threw for a peer. */
export type OnMapperError = (err: unknown, peer: PeerId) => void

/** Believe, and tell, only addresses that everybody can reach: for public networks. */
export function removePrivateAddressesMapper (peer: PeerInfo): PeerInfo {
  return onlyScope(peer, 'public')
}

/** Believe, and tell, only addresses near by: for networks within a LAN. */
export function removePublicAddressesMapper (peer: PeerInfo): PeerInfo {
  return onlyScope(peer, 'private')
}

/** Believe all addresses. */
export function passthroughMapper (peer: PeerInfo): PeerInfo {
  return peer
}

function onlyScope (peer: PeerInfo, scope: AddressScope): PeerInfo {
  return { ...peer, multiaddrs: peer.multiaddrs.filter(({ bytes }) => isAddrInScope(bytes, scope)) }
}

/**
 * What a mapper comes to: the three above work on bytes, others are given what they ask for. Whoever one of these throws
 * for has no addresses: it is asked deep within whatever the peers of a network say, where nobody could handle that.
 */
export function scopeOf (mapper: PeerInfoMapper, toLibp2p: (peer: Parameters<SelectAddrs>[0]) => PeerInfo | undefined, onError: OnMapperError): { scope: AddressScope, selectAddrs?: SelectAddrs } {
  switch (mapper) {
    case removePrivateAddressesMapper:
      return { scope: 'public' }
    case removePublicAddressesMapper:
      return { scope: 'private' }
    case passthroughMapper:
      return { scope: 'any' }
    default:
      return {
        scope: 'any',
        selectAddrs (peer) {
          const info = toLibp2p(peer)
          if (info == null) {
            return []
          }
          try {
            return toBinary(mapper(info).multiaddrs, Infinity)
          } catch (err) {
            onError(err, info.id)
            return []
          }
        }
      }
  }
}
