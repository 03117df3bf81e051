/**
 * @packageDocumentation
 *
 * The Kademlia DHT as a service of a libp2p node: a drop-in for `@libp2p/kad-dht`, with
 * the same names. Nothing here reaches a Node.js module.
 *
 * - `kadmium/node` runs it without libp2p, over raw TCP.
 * - `kadmium/memory` is a network in memory with a virtual clock, for tests and simulations.
 * - `kadmium/engine` is what they share, for hosts of your own.
 *
 * @example On the public network of IPFS
 *
 * ```typescript
 * import { identify } from '@libp2p/identify'
 * import { kadDHT } from 'kadmium'
 * import { createLibp2p } from 'libp2p'
 *
 * const node = await createLibp2p({
 *   services: {
 *     identify: identify(),
 *     dht: kadDHT()
 *   }
 * })
 * ```
 *
 * @example In a LAN, and on the public network at once
 *
 * ```typescript
 * import { identify } from '@libp2p/identify'
 * import { kadDHT, removePublicAddressesMapper } from 'kadmium'
 * import { createLibp2p } from 'libp2p'
 *
 * const node = await createLibp2p({
 *   services: {
 *     identify: identify(),
 *     wan: kadDHT(),
 *     lan: kadDHT({
 *       protocol: '/ipfs/lan/kad/1.0.0',
 *       peerInfoMapper: removePublicAddressesMapper,
 *       clientMode: false,
 *       logPrefix: 'libp2p:dht-lan',
 *       datastorePrefix: '/dht-lan',
 *       metricsPrefix: 'libp2p_dht_lan'
 *     })
 *   }
 * })
 * ```
 */

import { KadDHTService } from './libp2p/service.ts'
import type { KadDHTComponents, KadDHTInit } from './libp2p/init.ts'
import type { PublishingKadDHT } from './libp2p/kad-dht.ts'

export { Libp2pRecord as Record } from '@libp2p/record'
export { EventTypes, MessageType } from './libp2p/events.ts'
export { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from './libp2p/mappers.ts'
export type { AddPeerEvent, DHTProgressEvents, DHTRecord, DialPeerEvent, DisjointPath, FinalPeerEvent, MessageName, PathEndedEvent, PeerResponseEvent, ProviderEvent, QueryErrorEvent, QueryEvent, SendQueryEvent, ValueEvent } from './libp2p/events.ts'
export type { KadDHTComponents, KadDHTInit, Libp2pHostComponents, PeerInfoMapper, ProvidersInit, ReProvideInit, SelectFn, Selectors, TimeoutBounds, ValidateFn, Validators } from './libp2p/init.ts'
export type { FindProvidersOptions, GetValueOptions, KadDHT, PublishingKadDHT, RoutingTable, SetModeOptions, SingleKadDHT } from './libp2p/kad-dht.ts'

/**
 * The DHT as a service of a libp2p node, which must run identify too.
 *
 * @throws {InvalidOptionError} an option makes no sense
 */
export function kadDHT (init: KadDHTInit = {}): (components: KadDHTComponents) => PublishingKadDHT {
  return components => new KadDHTService(components, init)
}
