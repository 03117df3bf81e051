import type { Libp2pHostComponents } from '../hosts/libp2p/host.ts'
import type { AbortOptions, Metrics, PeerInfo, PeerStore, PrivateKey } from '@libp2p/interface'
import type { AdaptiveTimeoutInit } from '@libp2p/utils'
import type { Datastore } from 'interface-datastore'

export type { Libp2pHostComponents } from '../hosts/libp2p/host.ts'

/** Changes what is believed of a peer's addresses, and told to others. */
export interface PeerInfoMapper {
  (peer: PeerInfo): PeerInfo
}

/** The index of the best of `records`, all valid for `key`. */
export interface SelectFn {
  (key: Uint8Array, records: Uint8Array[]): number | Promise<number>
}

/** Throws if `value` is not valid for `key`. Given the signal of the `get` that found it, if any. */
export interface ValidateFn {
  (key: Uint8Array, value: Uint8Array, options?: AbortOptions): void | Promise<void>
}

/** Selectors by namespace. */
export type Selectors = Record<string, SelectFn>

/** Validators by namespace. */
export type Validators = Record<string, ValidateFn>

/** Provider records of others. */
export interface ProvidersInit {
  /**
   * Providers whose addresses are kept in memory.
   *
   * @default 4096
   */
  cacheSize?: number | undefined

  /**
   * Seconds between collections of what is past its life.
   *
   * @default 5_400
   */
  cleanupInterval?: number | undefined

  /**
   * Seconds for which a provider's addresses are believed. Less than the life of its records
   * (`reprovide.validity`), if it is given, shortens that too.
   *
   * @default 86_400
   */
  provideValidity?: number | undefined
}

/** Provider records of our own. */
export interface ReProvideInit {
  /**
   * Records sent out again at once.
   *
   * @default 10
   */
  concurrency?: number | undefined

  /**
   * Records that are due and kept in mind at once; more wait in the datastore.
   *
   * @default 16_384
   */
  maxQueueSize?: number | undefined

  /**
   * A record is sent out again before it has less than so many milliseconds left to live: each at its own time in the cycle.
   *
   * @default 86_400_000
   */
  threshold?: number | undefined

  /**
   * Milliseconds between looks at which are due.
   *
   * @default 3_600_000
   */
  interval?: number | undefined

  /**
   * Milliseconds that provider records live.
   *
   * @default 172_800_000
   */
  validity?: number | undefined
}

/** Bounds of a deadline that adapts to measured response times, and is not scaled otherwise: milliseconds. */
export type TimeoutBounds = Omit<AdaptiveTimeoutInit, 'metricsName' | 'metrics'>

/** The options of the service. All have defaults. */
export interface KadDHTInit {
  /**
   * Contacts in a bucket, peers that a lookup is for, peers that keep a value: 1 to 255.
   * `Infinity` keeps every peer that answers, and looks for 20.
   *
   * @default 20
   */
  kBucketSize?: number | undefined

  /**
   * Contacts beyond which a bucket splits, if it may.
   *
   * @default kBucketSize
   */
  kBucketSplitThreshold?: number | undefined

  /**
   * Requests that a query has in flight, and twice as many towards its end unless it is 1: 1 to 255.
   *
   * @default 10
   */
  alpha?: number | undefined

  /**
   * Paths of a query that share `alpha` fairly: what one peer names never takes all of it.
   *
   * @default alpha
   */
  disjointPaths?: number | undefined

  /**
   * Newcomers asked at once whether they answer, before they enter the routing table.
   *
   * @default min(alpha * 2, 16)
   */
  routingTableUpdateQueueConcurrency?: number | undefined

  /**
   * Newcomers that wait for that; more are dropped.
   *
   * @default 16_384
   */
  routingTableUpdateMaxQueueSize?: number | undefined

  /**
   * Bits of a key down to which every bucket splits when it is full, so that the table holds
   * up to 2^prefixLength × kBucketSize contacts from all over. The bucket around our
   * own key always splits, so our neighbourhood is known however large the network.
   *
   * @default 6
   */
  prefixLength?: number | undefined

  /**
   * `true`: only ever be a client. `false`: be a server at once, for nodes known to be
   * dialable. Left out: a client that turns server when it has an address that
   * everybody can dial, and back when it loses it.
   */
  clientMode?: boolean | undefined

  /** Selectors beside that of `/pk/`. */
  selectors?: Selectors | undefined

  /** Validators beside that of `/pk/`. */
  validators?: Validators | undefined

  /**
   * Milliseconds between lookups of ourselves.
   *
   * @default 300_000
   */
  querySelfInterval?: number | undefined

  /**
   * Milliseconds from the start to the first of them.
   *
   * @default 1_000
   */
  initialQuerySelfInterval?: number | undefined

  /**
   * Begin queries at once, even if nobody is known who could be asked. If not, they wait
   * for the first lookup of ourselves.
   *
   * @default false
   */
  allowQueryWithZeroPeers?: boolean | undefined

  /**
   * The network.
   *
   * @default "/ipfs/kad/1.0.0"
   */
  protocol?: string | undefined

  /**
   * What log components begin with.
   *
   * @default "libp2p:kad-dht"
   */
  logPrefix?: string | undefined

  /**
   * What datastore keys begin with.
   *
   * @default "/dht"
   */
  datastorePrefix?: string | undefined

  /**
   * What metrics begin with.
   *
   * @default "libp2p_kad_dht"
   */
  metricsPrefix?: string | undefined

  /** The deadline for contacts that are asked whether they are alive still. */
  pingOldContactTimeout?: TimeoutBounds | undefined

  /**
   * Contacts asked at once whether they are alive still.
   *
   * @default 10
   */
  pingOldContactConcurrency?: number | undefined

  /**
   * Contacts that wait for that; of more it is assumed.
   *
   * @default 100
   */
  pingOldContactMaxQueueSize?: number | undefined

  /** The deadline for newcomers to answer. */
  pingNewContactTimeout?: TimeoutBounds | undefined

  /**
   * Newcomers asked at once; the lesser of this and `routingTableUpdateQueueConcurrency` counts.
   *
   * @default 10
   */
  pingNewContactConcurrency?: number | undefined

  /**
   * Newcomers that wait; the lesser of this and `routingTableUpdateMaxQueueSize` counts.
   *
   * @default 100
   */
  pingNewContactMaxQueueSize?: number | undefined

  /**
   * Streams that one peer may have open to us on one connection; on all of its connections together twice as many.
   *
   * @default 32
   */
  maxInboundStreams?: number | undefined

  /**
   * Streams that we have open on one connection; one is enough.
   *
   * @default 64
   */
  maxOutboundStreams?: number | undefined

  /** Provider records of others. */
  providers?: ProvidersInit | undefined

  /** Provider records of our own. */
  reprovide?: ReProvideInit | undefined

  /**
   * What is believed of a peer's addresses, and told to others. If it throws for a peer: nothing.
   *
   * @default removePrivateAddressesMapper
   */
  peerInfoMapper?(peer: PeerInfo): PeerInfo

  /** Bounds of the deadlines for requests, which adapt to how fast peers answer. Default: 2,000 ms, and 10,000 ms or `minTimeout` if that is more. */
  networkDialTimeout?: TimeoutBounds | undefined

  /**
   * Milliseconds that a newcomer has to answer.
   *
   * @default 10_000
   */
  onPeerConnectTimeout?: number | undefined

  /**
   * Milliseconds that a peer has to deliver a request, beside what its bytes need on a slow link.
   *
   * @default 10_000
   */
  incomingMessageTimeout?: number | undefined

  /**
   * The largest value that is kept or fetched, bytes.
   *
   * @default 65_536
   */
  maxValueSize?: number | undefined

  /**
   * Send the values that were put here out again before their life is over, after a restart
   * too, until `unpublish`.
   *
   * @default false
   */
  republish?: boolean | undefined

  /**
   * Milliseconds after which a value that is held for others is passed on to the k closest,
   * unless it came again meanwhile (Kademlia paper, §2.5).
   *
   * @default Infinity, which is never
   */
  replicateInterval?: number | undefined

  /**
   * Give newcomers the values that they should hold (Kademlia paper, §2.5).
   *
   * @default false
   */
  handOver?: boolean | undefined

  /**
   * After a get, leave the value with the closest other peer that had none (Kademlia paper, §2.3).
   *
   * @default false
   */
  cacheFound?: boolean | undefined
}

/** What the service needs of its libp2p node, which gives it. */
export interface KadDHTComponents extends Libp2pHostComponents {
  peerStore: Pick<PeerStore, 'all' | 'get' | 'merge'>
  datastore: Datastore
  metrics?: Metrics
  /** Not used. */
  privateKey?: PrivateKey
  /** Not used: peers are asked over the DHT's own protocol whether they are alive. */
  ping?: unknown
}
