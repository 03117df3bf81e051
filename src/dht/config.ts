import { multiaddr } from '@multiformats/multiaddr'
import { systemClock } from '../clock/clock.ts'
import { contactOf } from '../keyspace/contact.ts'
import { DEFAULT_ALPHA, DEFAULT_K } from '../lookup/lookup.ts'
import { LIBP2P_VALUE_TTL_MS, VALUE_TTL_MS } from '../store/limits.ts'
import { usableAddrs } from '../wire/address.ts'
import { InvalidOptionError } from './errors.ts'
import type { Clock } from '../clock/clock.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { RecordKind } from '../record/validator.ts'
import type { Host } from '../rpc/connection.ts'
import type { ProviderStore } from '../store/provider-store.ts'
import type { ValueStore } from '../store/value-store.ts'
import type { AddressScope } from '../wire/address.ts'
import type { ComponentLogger } from '@libp2p/interface'

/** The largest value a node keeps or fetches by default on its own network, bytes. */
export const MAX_VALUE_SIZE = 4 * 1024 * 1024

/** The same on libp2p networks, bytes. */
export const LIBP2P_MAX_VALUE_SIZE = 64 * 1024

/** Largest `maxValueSize`: a frame's length prefix has at most 4 bytes. */
const MAX_MAX_VALUE_SIZE = 128 * 1024 * 1024

/** A protocol id in the manner of the kad-dht spec, such as `/ipfs/kad/1.0.0` and `/ipfs/lan/kad/1.0.0`: others run it too, by their own rules. */
const LIBP2P_NETWORK = /\/kad\/1\.0\.0$/

const LIBP2P_DEFAULTS = { maxValueSize: LIBP2P_MAX_VALUE_SIZE, valueTtl: LIBP2P_VALUE_TTL_MS, probe: 'find-node' } as const
const DEFAULTS = { maxValueSize: MAX_VALUE_SIZE, valueTtl: VALUE_TTL_MS, probe: 'ping' } as const

/** What a {@link Kademlia} is made of. Only the host and the protocol are needed. */
export interface KademliaInit {
  /** Carries the bytes: raw TCP, the memory network, libp2p. */
  host: Host
  /** The network, as a protocol id: peers of another are refused. */
  protocol: string
  /** Contacts in a bucket, peers that keep a value, peers in an answer: 1 to 255. Default 20. */
  k?: number
  /** Requests a lookup keeps in flight: 1 to 255. Default 10. */
  alpha?: number
  /** Serve requests, or only ask? Clients are never entered in routing tables. Default `server`. */
  mode?: 'client' | 'server'
  /** The largest value in bytes, kept or fetched. Default 4 MiB; 64 KiB on libp2p networks. */
  maxValueSize?: number
  /** Milliseconds for which a value put here is served. Default 24 h; 48 h on libp2p networks. */
  valueTtl?: number
  /** Which addresses that others tell us are dialled and told on: `any`, only `public` or only `private` ones. Default `any`. */
  scope?: AddressScope
  /** How a peer is asked whether it is alive; libp2p networks deprecate PING. Default `ping`; `find-node` on libp2p networks. */
  probe?: 'ping' | 'find-node'
  /** Kinds of values beside `/kv/` and `/pk/`. */
  kinds?: readonly RecordKind[]
  /** Where values lie. Default: in memory. */
  values?: ValueStore
  /** Where provider records lie. Default: in memory. */
  providers?: ProviderStore
  /** Addresses (multiaddrs, as text or binary) of nodes through which to join, now and after all contacts were lost. */
  bootstrap?: ReadonlyArray<string | Uint8Array>
  /** How an address given as text is read; throws if it is none. Default: as a multiaddr. */
  parseAddr?(text: string): Uint8Array
  /** The source of time. Default: the machine's. */
  clock?: Clock
  /** `n` random bytes. Default: cryptographically strong ones. */
  random?(n: number): Uint8Array
  /** Gets a line for what happens. Default: nobody. */
  logger?: ComponentLogger
}

export interface KademliaConfig extends Required<Omit<KademliaInit, 'kinds' | 'values' | 'providers' | 'logger' | 'bootstrap'>> {
  readonly bootstrap: readonly Uint8Array[]
  /** A peer that somebody named: of its addresses only those are believed that are sound and in scope. */
  heard (peer: PeerInfo): Contact
}

/**
 * Fill in the defaults.
 *
 * @throws {InvalidOptionError} a number out of its range, a protocol without a leading slash
 */
export function configure (init: KademliaInit): KademliaConfig {
  const { host, protocol, mode = 'server', scope = 'any', clock = systemClock, parseAddr = parseMultiaddr } = init
  if (!/^\/\S+$/.test(protocol)) {
    throw new InvalidOptionError(`network must be a protocol id that starts with a slash, like /kadmium/1.0.0, not ${JSON.stringify(protocol)}`)
  }
  const defaults = LIBP2P_NETWORK.test(protocol) ? LIBP2P_DEFAULTS : DEFAULTS
  return {
    host,
    protocol,
    mode,
    scope,
    probe: init.probe ?? defaults.probe,
    clock,
    parseAddr,
    heard: peer => contactOf(peer, ({ id, addrs }) => usableAddrs(addrs, { peer: id, scope })),
    bootstrap: (init.bootstrap ?? []).map(addr => typeof addr === 'string' ? parseAddr(addr) : addr),
    k: whole('k', init.k ?? DEFAULT_K, 1, 255),
    alpha: whole('alpha', init.alpha ?? DEFAULT_ALPHA, 1, 255),
    maxValueSize: whole('maxValueSize', init.maxValueSize ?? defaults.maxValueSize, 1, MAX_MAX_VALUE_SIZE),
    valueTtl: whole('valueTtl', init.valueTtl ?? defaults.valueTtl, 1, Number.MAX_SAFE_INTEGER),
    random: init.random ?? (n => crypto.getRandomValues(new Uint8Array(n)))
  }
}

function parseMultiaddr (text: string): Uint8Array {
  try {
    return multiaddr(text).bytes
  } catch (cause) {
    throw new InvalidOptionError(`${JSON.stringify(text)} is no multiaddr: give one like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…`, { cause })
  }
}

function whole (name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidOptionError(`${name} must be a whole number from ${min} to ${max}, not ${value}`)
  }
  return value
}
