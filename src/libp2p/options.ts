import { systemClock } from '../clock/clock.ts'
import { LIBP2P_MAX_VALUE_SIZE } from '../dht/config.ts'
import { DEFAULT_ALPHA, DEFAULT_K } from '../lookup/lookup.ts'
import { LIBP2P_CLIENT_IDLE_MS } from '../rpc/limits.ts'
import { LIBP2P_VALUE_TTL_MS, PROVIDER_ADDRS_TTL_MS, PROVIDER_TTL_MS } from '../store/limits.ts'
import { removePrivateAddressesMapper, scopeOf } from './mappers.ts'
import { toPeerInfo } from './peer-info.ts'
import type { KadDHTInit, ProvidersInit, ReProvideInit } from './init.ts'
import type { KademliaInit } from '../dht/config.ts'

/** The public network of IPFS. */
export const DEFAULT_PROTOCOL = '/ipfs/kad/1.0.0'

const DEFAULT_PREFIX_LENGTH = 6
const DEFAULT_QUERY_SELF_INTERVAL_MS = 300_000
const DEFAULT_INITIAL_QUERY_SELF_INTERVAL_MS = 1_000
const DEFAULT_CLEANUP_INTERVAL_S = 5_400

/** The options of the other implementation, as those of the engine. */
export type EngineOptions = Omit<KademliaInit, 'host' | 'values' | 'providers' | 'contacts' | 'kinds' | 'logger' | 'observer' | 'mode'> & Required<Pick<KademliaInit, 'protocol' | 'clock' | 'k' | 'alpha' | 'disjointPaths'>>

/** What {@link KadDHTInit} means to the engine. */
export function engineOptions (init: KadDHTInit): EngineOptions {
  const alpha = init.alpha ?? DEFAULT_ALPHA
  return {
    ...tableOptions(init),
    ...scopeOf(init.peerInfoMapper ?? removePrivateAddressesMapper, toPeerInfo),
    protocol: init.protocol ?? DEFAULT_PROTOCOL,
    clock: systemClock,
    alpha,
    disjointPaths: init.disjointPaths ?? alpha,
    probe: 'find-node',
    awaitContacts: init.allowQueryWithZeroPeers !== true,
    maxValueSize: init.maxValueSize ?? LIBP2P_MAX_VALUE_SIZE,
    valueTtl: LIBP2P_VALUE_TTL_MS,
    selfLookupInterval: init.querySelfInterval ?? DEFAULT_QUERY_SELF_INTERVAL_MS,
    firstSelfLookup: init.initialQuerySelfInterval ?? DEFAULT_INITIAL_QUERY_SELF_INTERVAL_MS,
    clientIdle: LIBP2P_CLIENT_IDLE_MS,
    requestTimeout: init.incomingMessageTimeout,
    minTimeout: init.networkDialTimeout?.minTimeout,
    maxTimeout: init.networkDialTimeout?.maxTimeout,
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
