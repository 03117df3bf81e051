import { identify, identifyPush } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Identify, IdentifyPush } from '@libp2p/identify'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'

/** What every node of the tests runs beside the services it is given. */
export interface TestServices extends ServiceMap {
  identify: Identify
  identifyPush: IdentifyPush
}

/** The part of a libp2p node's options that tests may set. */
export type TestNodeOptions = Pick<Libp2pOptions, 'privateKey' | 'datastore' | 'peerStore' | 'start' | 'logger'>

export interface Libp2pNodeOptions<T extends ServiceMap> extends TestNodeOptions {
  services?: ServiceFactoryMap<T>
  /** Default: `memory`. For `tcp` and `ws` see `libp2p-tcp.ts`. */
  transport?: 'memory'
  /** Where to listen. Default: one address of its own; `[]` listens nowhere. */
  listen?: string[]
  /** What to tell others in place of that. Default: nothing */
  announce?: string[]
  /** Milliseconds that each chunk takes over the memory transport. Default: 0, at which bytes pass before any timer or other event */
  latency?: number
  /** Bytes of a yamux stream's receive window at most. Default: that of yamux, 16 MiB */
  maxStreamWindowSize?: number
  /** Dials at once, dials at once and waiting, and connections; what resolves `/dnsaddr`. Default: those of libp2p, 100, 500, and 300 (in browsers 100) */
  dials?: Pick<NonNullable<Libp2pOptions['connectionManager']>, 'maxParallelDials' | 'maxDialQueueLength' | 'maxConnections' | 'resolvers'>
}

/** How long identify push waits for more changes, in ms. libp2p's own default is 1000. */
const PUSH_DEBOUNCE = 1

/**
 * Streams that may arrive before the listener's side of a new connection is ready for
 * them. With yamux' own default, 10, the muxer resets everything on an eleventh: a test
 * that opens more at once on a new connection fails now and then.
 */
const MAX_EARLY_STREAMS = 256

let nodes = 0

/**
 * A libp2p node with noise, yamux and identify that dials nobody by itself, started
 * unless told otherwise. It is reached over libp2p's in-memory transport, so that it
 * runs in browsers too. Whoever makes it stops it.
 *
 * @example
 *
 * ```typescript
 * const node = await createLibp2pNode({ services: { dht: kadDHT({ protocol: '/test/kad/1.0.0' }) } })
 * await node.services.dht.findPeer(peerId)
 * await node.stop()
 * ```
 */
export async function createLibp2pNode<T extends ServiceMap> (options: Libp2pNodeOptions<T> = {}): Promise<Libp2p<T & TestServices>> {
  const { transport: _, latency, listen = [`/memory/kadmium-test-${nodes++}`], announce = [], ...rest } = options
  return createLibp2pNodeOver({ ...rest, transports: [memory({ latency })], addresses: { listen, announce } })
}

/** The same over transports of the caller's choice. */
export async function createLibp2pNodeOver<T extends ServiceMap> (
  { services, maxStreamWindowSize, dials, ...options }: Pick<Libp2pNodeOptions<T>, 'services' | 'maxStreamWindowSize' | 'dials'> & TestNodeOptions & Pick<Libp2pOptions, 'transports' | 'addresses'>
): Promise<Libp2p<T & TestServices>> {
  const all = {
    identify: identify(),
    identifyPush: identifyPush({ debounce: PUSH_DEBOUNCE }),
    ...services
  }
  return createLibp2p<T & TestServices>({
    ...options,
    // T is only known to the caller, so that the spread above cannot be seen to be complete
    services: all as ServiceFactoryMap<T & TestServices>,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxEarlyStreams: MAX_EARLY_STREAMS, ...(maxStreamWindowSize != null && { streamOptions: { maxStreamWindowSize } }) })],
    connectionGater: { denyDialMultiaddr: () => false },
    // every node of a test comes from the same IP address, and many at once
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000, ...dials },
    connectionMonitor: { enabled: false }
  })
}
