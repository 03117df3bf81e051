import { identify, identifyPush } from '@libp2p/identify'
import { passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { ipnsSelector } from 'ipns/selector'
import { ipnsValidator } from 'ipns/validator'
import { createLibp2p } from 'libp2p'
import { Counters } from './counters.ts'
import { kadDHT } from './implementations.ts'
import { Journal } from './journal.ts'
import type { Implementation } from './implementations.ts'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { KadDHTInit, SingleKadDHT } from '@libp2p/kad-dht'
import type { Datastore } from 'interface-datastore'

/** The prefix under which the service writes its log. */
export const LOG_PREFIX = 'libp2p:kad-dht'

/** The network that the suite runs on, of its own so that nobody takes it for a public one. */
export const PROTOCOL = '/interop/kad/1.0.0'

export interface InteropNodeInit extends KadDHTInit {
  datastore?: Datastore
  privateKey?: PrivateKey
}

/** One libp2p node with one DHT, and what it noted. */
export interface InteropNode {
  readonly kind: Implementation
  readonly protocol: string
  readonly libp2p: Libp2p
  readonly dht: SingleKadDHT
  readonly journal: Journal
  readonly counters: Counters
}

/** The options that every DHT of the suite has. */
export const DHT_INIT: KadDHTInit = {
  protocol: PROTOCOL,
  clientMode: false,
  peerInfoMapper: passthroughMapper,
  initialQuerySelfInterval: 1,
  // twenty nodes share one thread here, so that a fast answer says little of the next one
  networkDialTimeout: { minTimeout: 5_000 },
  validators: {
    v (_key, value) {
      if (value.byteLength === 0) {
        throw new Error('a value of /v/ has at least one byte')
      }
    },
    ipns: ipnsValidator
  },
  selectors: {
    v: (_key, records) => longest(records),
    ipns: ipnsSelector
  }
}

/** A node with one DHT that listens on a free port of the loopback interface. */
export async function createInteropNode (kind: Implementation, init: InteropNodeInit = {}): Promise<InteropNode> {
  const [node] = await createMultiDhtNode(kind, [init], init)
  return node
}

/** One libp2p node with several DHTs: one view of it for each. */
export async function createMultiDhtNode (kind: Implementation, inits: readonly KadDHTInit[], { datastore, privateKey }: Pick<InteropNodeInit, 'datastore' | 'privateKey'> = {}): Promise<InteropNode[]> {
  const journal = new Journal()
  const counters = new Counters()
  const libp2p = await createLibp2p({
    ...(datastore == null ? {} : { datastore }),
    ...(privateKey == null ? {} : { privateKey }),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // all peers share one address here, and all of them dial at once
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 200 },
    connectionMonitor: { enabled: false },
    logger: journal,
    metrics: () => counters,
    services: {
      identify: identify(),
      identifyPush: identifyPush({ debounce: 1 }),
      ping: ping(),
      ...Object.fromEntries(inits.map((init, index) => [`dht${index}`, kadDHT[kind]({ ...DHT_INIT, ...init })]))
    }
  })
  const services: ReadonlyMap<string, unknown> = new Map(Object.entries(libp2p.services))
  return inits.map(({ protocol = PROTOCOL }, index) => ({ kind, protocol, libp2p, dht: single(services.get(`dht${index}`)), journal, counters }))
}

/** Both services have a routing table; the type that their factory returns leaves it out. */
function single (service: unknown): SingleKadDHT {
  if (!isSingle(service)) {
    throw new Error('this service is no DHT with one routing table')
  }
  return service
}

function isSingle (service: unknown): service is SingleKadDHT {
  return typeof service === 'object' && service != null && 'getClosestPeers' in service && 'routingTable' in service
}

function longest (records: readonly Uint8Array[]): number {
  return records.reduce((best, { byteLength }, index) => byteLength > records[best].byteLength ? index : best, 0)
}
