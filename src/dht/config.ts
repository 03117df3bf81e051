import { multiaddr } from '@multiformats/multiaddr'
import { systemClock } from '../clock/clock.ts'
import { contactOf } from '../keyspace/contact.ts'
import { DEFAULT_ALPHA, DEFAULT_K } from '../lookup/lookup.ts'
import { ANSWER_TIMEOUT_MS, CLIENT_IDLE_MS, FRAME_TIMEOUT_MS, LIBP2P_CLIENT_IDLE_MS, MAX_INBOUND_STREAMS_PER_PEER, MIN_TIMEOUT_MS, SERVER_IDLE_MS } from '../rpc/limits.ts'
import { LIBP2P_VALUE_TTL_MS, MAX_VALUE_TTL_MS, PROVIDER_TTL_MS, VALUE_TTL_MS } from '../store/limits.ts'
import { usableAddrs } from '../wire/address.ts'
import { REQUEST_DEADLINE_MS } from './deadlines.ts'
import { InvalidOptionError } from './errors.ts'
import { anObject, arrayOf, between, flag, having, milliseconds, oneOf, orInfinity, protocolId, whole } from './option-checks.ts'
import { randomBytes } from './random-bytes.ts'
import { toBytes } from './text.ts'
import type { KademliaInit } from './init.ts'
import type { ReprovideOptions } from './maintenance/reprovide.ts'
import type { Contact, PeerInfo, SelectAddrs } from '../keyspace/contact.ts'

/** The largest value a node keeps or fetches by default on its own network, bytes. */
export const MAX_VALUE_SIZE = 4 * 1024 * 1024

/** The same on libp2p networks, bytes. */
export const LIBP2P_MAX_VALUE_SIZE = 64 * 1024

/** Largest `maxValueSize`: a frame's length prefix has at most 4 bytes. */
const MAX_MAX_VALUE_SIZE = 128 * 1024 * 1024

/** A protocol id in the manner of the kad-dht spec, such as `/ipfs/kad/1.0.0` and `/ipfs/lan/kad/1.0.0`: others run it too, by their own rules. */
const LIBP2P_NETWORK = /\/kad\/1\.0\.0$/

/** Peers that wait to be asked whether they answer. A flood of them changes nothing but who waits. */
const MAX_VERIFICATIONS_WAITING = 256

/** Peers asked that at once. */
const MAX_VERIFICATIONS = 8

const MINUTE_MS = 60_000

/** Milliseconds after which a bucket without a lookup is refreshed (Kademlia paper, §2.3). */
const REFRESH_INTERVAL_MS = 60 * MINUTE_MS

/** Milliseconds after which a holder passes a value on, unless it got it again (Kademlia paper, §2.5). */
const REPLICATE_INTERVAL_MS = 60 * MINUTE_MS

/** Milliseconds between collections of values and provider records past their life. */
const COLLECT_INTERVAL_MS = 90 * MINUTE_MS

/** Provider records of ours sent out again at once. */
const REPROVIDE_CONCURRENCY = 10

/** Provider records of ours that are due and kept in mind at once. */
const REPROVIDE_QUEUE_SIZE = 16_384

/** How a node may run. */
export const MODES = ['client', 'server'] as const

const DEFAULTS = {
  mode: 'server',
  scope: 'any',
  probe: 'ping',
  clock: systemClock,
  parseAddr: parseMultiaddr,
  random: randomBytes,
  awaitContacts: false,
  bootstrap: [],
  prefixLength: 0,
  maxValueSize: MAX_VALUE_SIZE,
  valueTtl: VALUE_TTL_MS,
  maxValueTtl: MAX_VALUE_TTL_MS,
  republish: true,
  replicateInterval: REPLICATE_INTERVAL_MS,
  handOver: true,
  cacheFound: true,
  selfLookupInterval: REFRESH_INTERVAL_MS,
  refreshInterval: REFRESH_INTERVAL_MS,
  collectInterval: COLLECT_INTERVAL_MS,
  reprovide: {},
  clientIdle: CLIENT_IDLE_MS,
  serverIdle: SERVER_IDLE_MS,
  maxInboundStreams: MAX_INBOUND_STREAMS_PER_PEER,
  requestTimeout: FRAME_TIMEOUT_MS,
  minTimeout: MIN_TIMEOUT_MS,
  maxTimeout: ANSWER_TIMEOUT_MS,
  maxVerifications: MAX_VERIFICATIONS,
  maxVerificationsWaiting: MAX_VERIFICATIONS_WAITING,
  verificationTimeout: REQUEST_DEADLINE_MS,
  maxChecks: MAX_VERIFICATIONS,
  maxChecksWaiting: MAX_VERIFICATIONS_WAITING,
  checkTimeout: REQUEST_DEADLINE_MS
} as const satisfies Partial<KademliaInit>

const LIBP2P_DEFAULTS = {
  maxValueSize: LIBP2P_MAX_VALUE_SIZE,
  valueTtl: LIBP2P_VALUE_TTL_MS,
  maxValueTtl: LIBP2P_VALUE_TTL_MS,
  republish: false,
  replicateInterval: Infinity,
  handOver: false,
  cacheFound: false,
  probe: 'find-node',
  clientIdle: LIBP2P_CLIENT_IDLE_MS,
  selfLookupInterval: 5 * MINUTE_MS
} as const satisfies Partial<KademliaInit>

export interface KademliaConfig extends Required<Omit<KademliaInit, 'kinds' | 'values' | 'providers' | 'publications' | 'contacts' | 'logger' | 'logPrefix' | 'observer' | 'bootstrap' | 'selectAddrs' | 'reprovide'>> {
  readonly reprovide: Required<ReprovideOptions>
  readonly bootstrap: readonly Uint8Array[]
  /** A peer that somebody named: of its addresses only those are believed that are sound and in scope. */
  heard (peer: PeerInfo): Contact
}

/**
 * Fill in the defaults.
 *
 * @throws {InvalidOptionError} a number out of its range, a word that is none of those there are, a protocol that is empty or has spaces
 */
export function configure (init: KademliaInit): KademliaConfig {
  const { host, selectAddrs } = checkParts(init)
  const protocol = protocolId('protocol', init.protocol)
  const given = { ...DEFAULTS, ...LIBP2P_NETWORK.test(protocol) ? LIBP2P_DEFAULTS : {}, ...defined(init) }
  const { scope, parseAddr, k = DEFAULT_K, alpha = DEFAULT_ALPHA } = given
  const believed: SelectAddrs = ({ id, addrs }) => usableAddrs(addrs, { peer: id, scope })
  return {
    host,
    protocol,
    mode: oneOf('mode', given.mode, MODES),
    scope: oneOf('scope', scope, ['any', 'public', 'private']),
    probe: oneOf('probe', given.probe, ['ping', 'find-node']),
    clock: given.clock,
    parseAddr,
    random: given.random,
    heard: peer => contactOf(peer, selectAddrs == null ? believed : ({ id, addrs }) => selectAddrs({ id, addrs: believed({ id, addrs }) })),
    bootstrap: parseAddrs('bootstrap', given.bootstrap, parseAddr),
    k: whole('k', k, 1, 255),
    alpha: whole('alpha', alpha, 1, 255),
    disjointPaths: whole('disjointPaths', given.disjointPaths ?? alpha, 1, 255),
    prefixLength: orInfinity('prefixLength', given.prefixLength, 0, 256),
    splitThreshold: orInfinity('splitThreshold', given.splitThreshold ?? k, 1),
    maxValueSize: whole('maxValueSize', given.maxValueSize, 1, MAX_MAX_VALUE_SIZE),
    valueTtl: whole('valueTtl', given.valueTtl, 1),
    maxValueTtl: Math.max(whole('maxValueTtl', given.maxValueTtl, 1), given.valueTtl),
    replicateInterval: given.replicateInterval === Infinity ? Infinity : milliseconds('replicateInterval', given.replicateInterval),
    selfLookupInterval: milliseconds('selfLookupInterval', given.selfLookupInterval, 0),
    firstSelfLookup: milliseconds('firstSelfLookup', given.firstSelfLookup ?? given.selfLookupInterval, 0),
    reprovide: reprovideOptions(anObject('reprovide', given.reprovide)),
    maxChecksWaiting: orInfinity('maxChecksWaiting', given.maxChecksWaiting, 0),
    ...each(FLAGS, given, flag),
    ...each(COUNTS, given, (name, value: number) => orInfinity(name, value, 1)),
    ...each(TIMES, given, milliseconds)
  }
}

/** Those of one kind are checked alike. */
const FLAGS = ['awaitContacts', 'republish', 'handOver', 'cacheFound'] as const
const COUNTS = ['refreshInterval', 'maxInboundStreams', 'maxVerifications', 'maxVerificationsWaiting', 'maxChecks'] as const
const TIMES = ['collectInterval', 'clientIdle', 'serverIdle', 'requestTimeout', 'minTimeout', 'maxTimeout', 'verificationTimeout', 'checkTimeout'] as const

/** The values at `names`, which `check` lets pass. */
function each<N extends string, T> (names: readonly N[], given: Readonly<Record<N, NoInfer<T>>>, check: (name: N, value: T) => T): Record<N, T> {
  const all: Partial<Record<N, T>> = {}
  names.forEach(name => { all[name] = check(name, given[name]) })
  return all as Record<N, T>
}

/** What a node is made of, with a method by which it is known, and what it is. */
const PARTS: ReadonlyArray<readonly [name: keyof KademliaInit, method: string, what: string]> = [
  ['host', 'openStream', 'a Host'],
  ['clock', 'schedule', 'a Clock'],
  ['logger', 'forComponent', 'a ComponentLogger, as defaultLogger() of @libp2p/logger makes it'],
  ['random', 'call', 'a function'],
  ['parseAddr', 'call', 'a function'],
  ['selectAddrs', 'call', 'a function'],
  ['values', 'values', 'a ValueStore'],
  ['providers', 'add', 'a ProviderStore'],
  ['publications', 'times', 'a PublicationStore'],
  ['contacts', 'load', 'a ContactStore']
]

/** @throws {InvalidOptionError} a part is none, or of the wrong kind */
function checkParts (init: KademliaInit): KademliaInit {
  anObject('the options', init)
  anObject('host', init.host)
  PARTS.forEach(([name, method, what]) => { having(name, init[name], method, what) })
  if (typeof init.kinds !== 'function') {
    arrayOf('kinds', init.kinds ?? []).forEach(kind => { ['validate', 'select'].forEach(method => { having('each of kinds', anObject('each of kinds', kind), method, 'a RecordKind') }) })
  }
  return init
}

/**
 * Addresses as multiaddrs.
 *
 * @throws {InvalidOptionError} they are no array, or one is neither text nor bytes
 */
export function parseAddrs (name: string, addrs: ReadonlyArray<string | Uint8Array>, parse: (text: string) => Uint8Array): Uint8Array[] {
  return arrayOf(name, addrs).map(addr => typeof addr === 'string' ? parse(addr) : toBytes(`an address of ${name}`, addr))
}

/** Those options that were given: undefined means the default. */
function defined (init: KademliaInit): Partial<KademliaInit> {
  return Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined))
}

function parseMultiaddr (text: string): Uint8Array {
  try {
    return multiaddr(text).bytes
  } catch (cause) {
    throw new InvalidOptionError(`${JSON.stringify(text)} is no multiaddr: give one like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…`, { cause })
  }
}

function reprovideOptions (init: ReprovideOptions): Required<ReprovideOptions> {
  return {
    interval: milliseconds('reprovide.interval', init.interval ?? REFRESH_INTERVAL_MS),
    threshold: between('reprovide.threshold', init.threshold ?? PROVIDER_TTL_MS / 2, 0),
    validity: between('reprovide.validity', init.validity ?? PROVIDER_TTL_MS, 1),
    concurrency: orInfinity('reprovide.concurrency', init.concurrency ?? REPROVIDE_CONCURRENCY, 1),
    maxQueueSize: orInfinity('reprovide.maxQueueSize', init.maxQueueSize ?? REPROVIDE_QUEUE_SIZE, 1)
  }
}
