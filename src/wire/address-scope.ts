import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_GARLIC32, CODE_GARLIC64, CODE_IP4, CODE_IP6, CODE_IP6ZONE, CODE_MEMORY, CODE_ONION, CODE_ONION3, CODE_UNIX } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import type { Part } from './multiaddr-parts.ts'

/** Who can reach a place: everybody, those near it (the same machine, the same network), nobody, or nobody can tell. */
export type Reach = 'public' | 'private' | 'none' | 'unknown'

/** Ranges in which no single host is to be found. */
const UNREACHABLE_RANGES: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast'])

/** Domains that each network resolves for itself: RFC 6762, ICANN's `internal`, RFC 8375, and `lan`, which routers use. Of a cluster this may be all of the world. */
const LOCAL_DOMAINS = ['local', 'internal', 'home.arpa', 'lan']

const text = new TextDecoder()

/**
 * Who can reach the place that one part of an address names; undefined if the
 * part names none. Ranges that are reserved are in nobody's reach from afar, and some networks use them.
 */
export function reachOf ({ code, value }: Part): Reach | undefined {
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

function reachOfIp (ip: ReturnType<typeof ipaddr.fromByteArray>): Reach {
  const range = 'isIPv4MappedAddress' in ip && ip.isIPv4MappedAddress() ? ip.toIPv4Address().range() : ip.range()
  if (range === 'unicast') {
    return 'public'
  }
  return UNREACHABLE_RANGES.has(range) ? 'none' : 'private'
}

/** A name that is an IP address, in any of the ways resolvers take, is one. */
function reachOfName (name: string): Reach {
  const plain = name.toLowerCase().replace(/\.$/, '')
  if (isIp(plain)) {
    return reachOfIp(ipaddr.parse(plain))
  }
  const isIn = (domain: string): boolean => plain === domain || plain.endsWith(`.${domain}`)
  if (isIn('localhost')) {
    return 'private'
  }
  return LOCAL_DOMAINS.some(isIn) ? 'unknown' : 'public'
}

/** As `ipaddr.isValid`, which takes fifty times as long for a name: it reads beyond null and catches that. */
function isIp (name: string): boolean {
  try {
    return name.includes(':')
      ? ipaddr.IPv6.isIPv6(name) && ipaddr.IPv6.isValid(name)
      : ipaddr.IPv4.isIPv4(name) && ipaddr.IPv4.isValid(name)
  } catch {
    return false // a number that is too large
  }
}
