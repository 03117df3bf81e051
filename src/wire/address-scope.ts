import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_GARLIC32, CODE_GARLIC64, CODE_IP4, CODE_IP6, CODE_IP6ZONE, CODE_MEMORY, CODE_ONION, CODE_ONION3, CODE_UNIX } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import type { Part } from './multiaddr-parts.ts'

/** Who can reach a place: everybody, those near it (the same machine, the same network), or nobody. */
export type Reach = 'public' | 'private' | 'none'

const PRIVATE_RANGES: ReadonlySet<string> = new Set(['private', 'loopback', 'linkLocal', 'uniqueLocal', 'carrierGradeNat'])

/** Ranges in which no single host is to be found. */
const UNREACHABLE_RANGES: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast'])

/** Domains that are resolved near by: RFC 6761, RFC 6762, ICANN's `internal`, RFC 8375, and `lan`, which routers use. */
const PRIVATE_NAMES = ['localhost', 'local', 'internal', 'home.arpa', 'lan']

const text = new TextDecoder()

/**
 * Who can reach the place that one part of an address names; undefined if the
 * part names none. Ranges kept for documentation and the like are neither public nor private.
 */
export function reachOf ({ code, value }: Part): Reach | 'reserved' | undefined {
  switch (code) {
    case CODE_IP4:
    case CODE_IP6:
      return reachOfIp(ipaddr.fromByteArray([...value]))
    case CODE_DNS:
    case CODE_DNS4:
    case CODE_DNS6:
    case CODE_DNSADDR:
      return reachOfName(text.decode(value))
    case CODE_ONION:
    case CODE_ONION3:
    case CODE_GARLIC32:
    case CODE_GARLIC64:
      return 'public'
    case CODE_IP6ZONE:
    case CODE_MEMORY:
    case CODE_UNIX:
      return 'private'
    default:
      return undefined
  }
}

function reachOfIp (ip: ReturnType<typeof ipaddr.fromByteArray>): Reach | 'reserved' {
  const range = 'isIPv4MappedAddress' in ip && ip.isIPv4MappedAddress() ? ip.toIPv4Address().range() : ip.range()
  if (range === 'unicast') {
    return 'public'
  }
  if (PRIVATE_RANGES.has(range)) {
    return 'private'
  }
  return UNREACHABLE_RANGES.has(range) ? 'none' : 'reserved'
}

/** A name that is an IP address, in any of the ways resolvers take, is one. */
function reachOfName (name: string): Reach | 'reserved' {
  const plain = name.toLowerCase().replace(/\.$/, '')
  if (ipaddr.isValid(plain)) {
    return reachOfIp(ipaddr.parse(plain))
  }
  return PRIVATE_NAMES.some(near => plain === near || plain.endsWith(`.${near}`)) ? 'private' : 'public'
}
