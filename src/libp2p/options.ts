import { systemClock } from '../clock/clock.ts'
import { LIBP2P_MAX_VALUE_SIZE } from '../dht/config.ts'
import { anObject, between, flag, having, milliseconds, orInfinity, protocolId, whole } from '../dht/option-checks.ts'
import { MAX_INBOUND_STREAMS } from '../hosts/libp2p/limits.ts'
import { DEFAULT_ALPHA, DEFAULT_K } from '../lookup/lookup.ts'
import { ANSWER_TIMEOUT_MS, LIBP2P_CLIENT_IDLE_MS } from '../rpc/limits.ts'
import { LIBP2P_VALUE_TTL_MS, PROVIDER_ADDRS_TTL_MS, PROVIDER_TTL_MS } from '../store/limits.ts'
import { removePrivateAddressesMapper, scopeOf } from './mappers.ts'
import { toPeerInfo } from './peer-info.ts'
import type { KadDHTInit, ProvidersInit, ReProvideInit } from './init.ts'
import type { OnMapperError } from './mappers.ts'
import type { KademliaInit } from '../dht/init.ts'

/** The public network of IPFS. */
const DEFAULT_PROTOCOL = '/ipfs/kad/1.0.0'

const DEFAULT_PREFIX_LENGTH = 6

/** Milliseconds below which no deadline adapts: a dial is mostly cryptography, for which a busy machine takes its time. */
const MIN_TIMEOUT_MS = 2_000
const DEFAULT_QUERY_SELF_INTERVAL_MS = 300_000
const DEFAULT_INITIAL_QUERY_SELF_INTERVAL_MS = 1_000
const DEFAULT_CLEANUP_INTERVAL_S = 5_400

/** Two peers that dial each other at the same time have as many connections, each with its streams. */
const CONNECTIONS_AT_ONCE = 2

/** Seconds that a timer can wait. */
const MAX_TIMER_S = 2_147_483

/** The options of the other implementation, as those of the engine. */
export type EngineOptions = Omit<KademliaInit, 'host' | 'values' | 'providers' | 'contacts' | 'kinds' | 'logger' | 'observer' | 'mode'> & Required<Pick<KademliaInit, 'protocol' | 'clock' | 'k' | 'alpha' | 'disjointPaths' | 'logPrefix'>>

/** What {@link KadDHTInit} means to the engine. */
export function engineOptions (init: KadDHTInit, onMapperError: OnMapperError = () => {}): EngineOptions {
  checkOptions(init)
  const alpha = init.alpha ?? DEFAULT_ALPHA
  const minTimeout = init.networkDialTimeout?.minTimeout ?? MIN_TIMEOUT_MS
  return {
    ...tableOptions(init),
    ...scopeOf(init.peerInfoMapper ?? removePrivateAddressesMapper, toPeerInfo, onMapperError),
    protocol: init.protocol ?? DEFAULT_PROTOCOL,
    clock: systemClock,
    alpha,
    disjointPaths: init.disjointPaths ?? alpha,
    probe: 'find-node',
    awaitContacts: init.allowQueryWithZeroPeers !== true,
    maxValueSize: init.maxValueSize ?? LIBP2P_MAX_VALUE_SIZE,
    valueTtl: LIBP2P_VALUE_TTL_MS,
    maxValueTtl: LIBP2P_VALUE_TTL_MS,
    republish: init.republish ?? false,
    replicateInterval: init.replicateInterval ?? Infinity,
    handOver: init.handOver ?? false,
    cacheFound: init.cacheFound ?? false,
    selfLookupInterval: init.querySelfInterval ?? DEFAULT_QUERY_SELF_INTERVAL_MS,
    firstSelfLookup: init.initialQuerySelfInterval ?? DEFAULT_INITIAL_QUERY_SELF_INTERVAL_MS,
    clientIdle: LIBP2P_CLIENT_IDLE_MS,
    maxInboundStreams: CONNECTIONS_AT_ONCE * (init.maxInboundStreams ?? MAX_INBOUND_STREAMS),
    requestTimeout: init.incomingMessageTimeout,
    minTimeout,
    maxTimeout: init.networkDialTimeout?.maxTimeout ?? Math.max(minTimeout, ANSWER_TIMEOUT_MS),
    maxVerifications: Math.min(init.routingTableUpdateQueueConcurrency ?? Math.min(alpha * 2, 16), init.pingNewContactConcurrency ?? 10),
    maxVerificationsWaiting: Math.min(init.routingTableUpdateMaxQueueSize ?? 16_384, init.pingNewContactMaxQueueSize ?? 100),
    verificationTimeout: Math.min(init.onPeerConnectTimeout ?? 10_000, init.pingNewContactTimeout?.maxTimeout ?? Infinity),
    maxChecks: init.pingOldContactConcurrency ?? 10,
    maxChecksWaiting: init.pingOldContactMaxQueueSize ?? 100,
    checkTimeout: init.pingOldContactTimeout?.maxTimeout,
    reprovide: { ...init.reprovide, validity: providerLife(init.providers, init.reprovide) },
    collectInterval: (init.providers?.cleanupInterval ?? DEFAULT_CLEANUP_INTERVAL_S) * 1000,
    logPrefix: init.logPrefix ?? 'libp2p:kad-dht'
  }
}

/** In the names of {@link KadDHTInit}, and as soon as the service is made. */
function checkOptions (init: KadDHTInit): void {
  anObject('the options of kadDHT', init)
  for (const [check, ...names] of CHECKS) {
    for (const name of names) {
      const value = name.split('.').reduce((from, part) => Reflect.get(Object(from), part), init)
      if (value != null) {
        check(name, value)
      }
    }
  }
}

type Group = 'pingOldContactTimeout' | 'pingNewContactTimeout' | 'networkDialTimeout' | 'providers' | 'reprovide'

/** An option, or one of a group of them. */
type Name = Exclude<keyof KadDHTInit, Group> | { [G in Group]: `${G}.${keyof NonNullable<KadDHTInit[G]> & string}` }[Group]

type Check = (name: string, value: any) => unknown

const count = (max: number): Check => (name, value) => whole(name, value, 1, max)
const time = (min: number): Check => (name, value) => milliseconds(name, value, min)
const lifetime = (min: number): Check => (name, value) => between(name, value, min)
const unbounded = (min: number, max?: number): Check => (name, value) => orInfinity(name, value, min, max)

const CHECKS: ReadonlyArray<readonly [Check, ...Name[]]> = [
  [protocolId, 'protocol'],
  [unbounded(1, 255), 'kBucketSize'],
  [unbounded(0, 256), 'prefixLength'],
  [unbounded(0), 'pingOldContactMaxQueueSize', 'providers.cacheSize'],
  [unbounded(1), 'kBucketSplitThreshold', 'routingTableUpdateQueueConcurrency', 'routingTableUpdateMaxQueueSize', 'pingOldContactConcurrency', 'pingNewContactConcurrency',
    'pingNewContactMaxQueueSize', 'maxInboundStreams', 'maxOutboundStreams', 'reprovide.concurrency', 'reprovide.maxQueueSize'],
  [count(255), 'alpha', 'disjointPaths'],
  [count(128 * 1024 * 1024), 'maxValueSize'],
  [time(0), 'querySelfInterval', 'initialQuerySelfInterval'],
  [time(1), 'onPeerConnectTimeout', 'incomingMessageTimeout', 'pingOldContactTimeout.maxTimeout', 'pingNewContactTimeout.maxTimeout', 'networkDialTimeout.minTimeout',
    'networkDialTimeout.maxTimeout', 'reprovide.interval'],
  [(name, value) => value === Infinity || milliseconds(name, value), 'replicateInterval'],
  [lifetime(0), 'reprovide.threshold'],
  [lifetime(1), 'providers.provideValidity', 'reprovide.validity'],
  [(name, value) => between(name, value, 1, MAX_TIMER_S), 'providers.cleanupInterval'],
  [flag, 'clientMode', 'allowQueryWithZeroPeers', 'republish', 'handOver', 'cacheFound'],
  [(name, value) => { having(name, value, 'call', 'a function') }, 'peerInfoMapper']
]

/** With `kBucketSize` infinite all contacts are kept, and lookups are for as many as always. */
function tableOptions ({ kBucketSize: k = DEFAULT_K, kBucketSplitThreshold: splitThreshold, prefixLength = DEFAULT_PREFIX_LENGTH }: KadDHTInit): Required<Pick<KademliaInit, 'k' | 'prefixLength' | 'splitThreshold'>> {
  return k === Infinity
    ? { k: DEFAULT_K, prefixLength: Infinity, splitThreshold: Math.min(splitThreshold ?? DEFAULT_K, DEFAULT_K) }
    : { k, prefixLength, splitThreshold: splitThreshold ?? k }
}

/** Milliseconds that a provider record lives. */
export function providerLife (providers: ProvidersInit = {}, reprovide: ReProvideInit = {}): number {
  const validity = reprovide.validity ?? PROVIDER_TTL_MS
  return providers.provideValidity == null ? validity : Math.min(validity, providers.provideValidity * 1000)
}

/** Milliseconds that its addresses are believed. */
export function providerAddrsLife ({ provideValidity }: ProvidersInit = {}): number {
  return provideValidity == null ? PROVIDER_ADDRS_TTL_MS : provideValidity * 1000
}
