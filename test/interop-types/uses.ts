/**
 * A program written for the other implementation, which uses all that its types promise.
 * It must compile with ours in its place. Nothing here runs.
 */

import { identify } from '@libp2p/identify'
import { contentRoutingSymbol, peerDiscoverySymbol, peerRoutingSymbol } from '@libp2p/interface'
import { EventTypes, kadDHT, MessageType, passthroughMapper, Record as DHTValue, removePrivateAddressesMapper, removePublicAddressesMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import type { DHTProgressEvents, DHTRecord, DisjointPath, KadDHT, KadDHTComponents, KadDHTInit, MessageName, PeerInfoMapper, ProvidersInit, QueryEvent, ReProvideInit, SelectFn, Selectors, SingleKadDHT, ValidateFn, Validators } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { CID } from 'multiformats/cid'

const validate: ValidateFn = async (key, value, options) => {
  options?.signal?.throwIfAborted()
  if (key.byteLength === 0 || value.byteLength === 0) {
    throw new Error('empty')
  }
}

const select: SelectFn = (key, records) => records.findIndex(record => record.byteLength > key.byteLength)

const validators: Validators = { test: validate, sync: (key, value) => {} }

const selectors: Selectors = { test: select, async: async () => 0 }

const mapper: PeerInfoMapper = peer => ({ ...peer, multiaddrs: peer.multiaddrs.filter(addr => addr.toString() !== '/ip4/127.0.0.1/tcp/1') })

const providers: ProvidersInit = { cacheSize: 1, cleanupInterval: 1, provideValidity: 1 }

const reprovide: ReProvideInit = { concurrency: 1, maxQueueSize: 1, threshold: 1, interval: 1, validity: 1 }

/** Every option there is: one that is unknown is an error. */
export const everyOption: KadDHTInit = {
  kBucketSize: 20,
  kBucketSplitThreshold: 20,
  alpha: 10,
  disjointPaths: 10,
  routingTableUpdateQueueConcurrency: 16,
  routingTableUpdateMaxQueueSize: 1,
  prefixLength: 6,
  clientMode: false,
  selectors,
  validators,
  querySelfInterval: 1,
  initialQuerySelfInterval: 1,
  allowQueryWithZeroPeers: true,
  protocol: '/test/kad/1.0.0',
  logPrefix: 'test',
  datastorePrefix: '/test',
  metricsPrefix: 'test',
  pingOldContactTimeout: { minTimeout: 1, maxTimeout: 2, timeoutMultiplier: 1.2, failureMultiplier: 2, interval: 1 },
  pingOldContactConcurrency: 1,
  pingOldContactMaxQueueSize: 1,
  pingNewContactTimeout: { minTimeout: 1, maxTimeout: 2 },
  pingNewContactConcurrency: 1,
  pingNewContactMaxQueueSize: 1,
  maxInboundStreams: 1,
  maxOutboundStreams: 1,
  providers,
  reprovide,
  peerInfoMapper: mapper,
  networkDialTimeout: { minTimeout: 1 },
  onPeerConnectTimeout: 1,
  incomingMessageTimeout: 1
}

export const mappers: PeerInfoMapper[] = [passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper]

/** As a service of a node whose services are named in its type. */
export async function start (): Promise<Libp2p<{ dht: KadDHT, lan: KadDHT, identify: Identify, ping: Ping }>> {
  return createLibp2p({
    services: {
      dht: kadDHT(),
      lan: kadDHT({ ...everyOption, peerInfoMapper: removePublicAddressesMapper }),
      identify: identify(),
      ping: ping()
    }
  })
}

/** Without libp2p's help. */
export function assemble (components: KadDHTComponents): SingleKadDHT {
  return kadDHT(everyOption)(components) as SingleKadDHT // as programs do that read the table's size
}

/** Its symbols are not in its type: programs reach them so. */
export function symbols (dht: KadDHT): unknown[] {
  const service: KadDHT & { [contentRoutingSymbol]?: unknown, [peerRoutingSymbol]?: unknown, [peerDiscoverySymbol]?: unknown } = dht
  return [service[contentRoutingSymbol], service[peerRoutingSymbol], service[peerDiscoverySymbol]]
}

/** Every method, with every option. */
export async function methods (dht: SingleKadDHT, key: Uint8Array, cid: CID, peer: PeerId): Promise<[...number[], 'client' | 'server']> {
  const signal = AbortSignal.timeout(1)
  const options = { signal, onProgress, useCache: false, useNetwork: true }
  for (const query of [
    dht.get(key, options),
    dht.put(key, key, options),
    dht.provide(cid, options),
    dht.findProviders(cid, options),
    dht.findPeer(peer, options),
    dht.getClosestPeers(key, options)
  ]) {
    for await (const event of query) {
      byName(event)
      byType(event)
    }
  }
  await dht.cancelReprovide(cid, { signal })
  await dht.setMode('server', { signal, force: true })
  await dht.refreshRoutingTable({ signal })
  dht.validators.more = validate
  dht.selectors.more = select
  return [dht.k, dht.a, dht.d, dht.routingTable.size, dht.getMode()]
}

type Field = string | number | Error | PeerId | PeerInfo | PeerInfo[] | Uint8Array | DHTRecord | DisjointPath | undefined

/** Every field of every event, told apart by name; a kind that is not here does not compile. */
export function byName (event: QueryEvent): Field[] {
  switch (event.name) {
    case 'SEND_QUERY':
      return [event.to, event.messageName, event.messageType, event.path]
    case 'PEER_RESPONSE':
      return [event.from, event.messageName, event.messageType, event.closer, event.providers, event.record, event.record?.key, event.record?.value, event.record?.timeReceived?.getTime(), event.path]
    case 'FINAL_PEER':
      return [event.from, event.peer, event.path]
    case 'QUERY_ERROR':
      return [event.from, event.error, event.error.name, event.path]
    case 'PROVIDER':
      return [event.from, event.providers, event.path]
    case 'VALUE':
      return [event.from, event.value, event.path]
    case 'ADD_PEER':
      return [event.peer, event.path]
    case 'DIAL_PEER':
      return [event.peer, event.path]
    case 'PATH_ENDED':
      return [event.path.index, event.path.queued, event.path.running, event.path.total]
    default:
      return never(event)
  }
}

/** The same, told apart by number. */
export function byType (event: QueryEvent): Field[] {
  switch (event.type) {
    case EventTypes.SEND_QUERY:
      return [event.to]
    case EventTypes.PEER_RESPONSE:
      return [event.from]
    case EventTypes.FINAL_PEER:
      return [event.peer]
    case EventTypes.QUERY_ERROR:
      return [event.error]
    case EventTypes.PROVIDER:
      return event.providers
    case EventTypes.VALUE:
      return [event.value]
    case EventTypes.ADD_PEER:
    case EventTypes.DIAL_PEER:
      return [event.peer]
    case EventTypes.PATH_ENDED:
      return [event.path]
    default:
      return never(event)
  }
}

/** Every kind of message. */
export function describeMessage (type: MessageType): MessageName {
  switch (type) {
    case MessageType.PUT_VALUE:
    case MessageType.GET_VALUE:
    case MessageType.ADD_PROVIDER:
    case MessageType.GET_PROVIDERS:
    case MessageType.FIND_NODE:
    case MessageType.PING:
      return type
    default:
      return never(type)
  }
}

/** The codec of its enum is part of it. */
export const codec = MessageType.codec()

function onProgress (event: DHTProgressEvents): void {
  switch (event.type) {
    case 'kad-dht:query:send-query':
      byName(event.detail)
      break
    case 'kad-dht:query:peer-response':
      byName(event.detail)
      break
    case 'kad-dht:query:final-peer':
    case 'kad-dht:query:query-error':
    case 'kad-dht:query:provider':
    case 'kad-dht:query:value':
    case 'kad-dht:query:add-peer':
    case 'kad-dht:query:dial-peer':
      byType(event.detail)
      break
    default:
      never(event)
  }
}

/** A record as it lies in the datastore. */
export function readRow (row: Uint8Array): [Uint8Array, Uint8Array, Date] {
  const { key, value, timeReceived } = DHTValue.deserialize(row)
  return [key, value, timeReceived]
}

export const row: Uint8Array = new DHTValue(new Uint8Array(), new Uint8Array(), new Date()).serialize().subarray()

/** What programs put in its place in their own tests. */
export class NoDHT implements KadDHT {
  readonly k = 20
  readonly a = 10
  readonly d = 10
  readonly validators = validators
  readonly selectors = selectors

  async * get (): AsyncGenerator<QueryEvent> {}
  async * put (): AsyncGenerator<QueryEvent> {}
  async * provide (): AsyncGenerator<QueryEvent> {}
  async * findProviders (): AsyncGenerator<QueryEvent> {}
  async * findPeer (id: PeerId): AsyncGenerator<QueryEvent> {
    yield { type: EventTypes.FINAL_PEER, name: 'FINAL_PEER', from: id, peer: { id, multiaddrs: [] }, path: { index: 0, queued: 0, running: 0, total: 0 } }
  }

  async * getClosestPeers (): AsyncGenerator<QueryEvent> {}
  async cancelReprovide (): Promise<void> {}
  async setMode (): Promise<void> {}
  async refreshRoutingTable (): Promise<void> {}
  getMode (): 'client' { return 'client' }
}

function never (value: never): never {
  throw new Error(`not expected: ${String(value)}`)
}
