import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import { equals } from 'uint8arrays/equals'
import { ownBytes } from '../../keyspace/whereabouts.ts'
import { addressOf, isLoopback, isLoopbackIp, parseEndpoint, withoutPeer } from './address.ts'
import { InvalidAddressError } from './errors.ts'
import { MAX_REMOTE_ADDRS } from './limits.ts'
import type { Endpoint } from './address.ts'
import type { AddressInfo } from 'node:net'

/**
 * The addresses at which a listener can be dialled: its own, or those of every
 * interface if it listens on all. Loopback comes last, link-local IPv6 not at
 * all: it means nothing without the name of an interface.
 */
export function addressesOf (bound: readonly AddressInfo[]): Uint8Array[] {
  const addresses = bound.flatMap(({ address, port }) => ipsFor(address).map(ip => ({ ip, port })))
  const outside = addresses.filter(({ ip }) => !isLoopbackIp(ip))
  const inside = addresses.filter(({ ip }) => isLoopbackIp(ip))
  return distinct([...outside, ...inside].map(({ ip, port }) => addressOf(ip, port)))
}

/**
 * Where to dial a peer back: what it announces, but first the address that it was
 * seen at with the ports that it announces. A peer behind a wildcard announces its
 * inner addresses; the one seen is where it really is, unless that is link-local
 * IPv6, which cannot be dialled.
 *
 * @param announced - binary multiaddrs
 * @param id - who it is: addresses that end in another `/p2p` are dropped, as are all that TCP cannot reach
 * @param seenAt - the IP address at the other end of its socket
 * @param maxOthers - how many to keep beside those where it was seen, public ones and names first
 * @returns at most {@link MAX_REMOTE_ADDRS} binary multiaddrs without `/p2p`
 */
export function dialBackAddrs (announced: readonly Uint8Array[], id: Uint8Array, seenAt: string, maxOthers = MAX_REMOTE_ADDRS): Uint8Array[] {
  const endpoints = announced.flatMap(addr => endpointFor(addr, id))
  const ip = ipaddr.process(seenAt)
  const family = ip.kind() === 'ipv4' ? 4 : 6
  const seen = (family === 6 && ip.range() === 'linkLocal' ? [] : endpoints)
    .filter(endpoint => endpoint.family == null || endpoint.family === family)
    .map(({ port }) => addressOf(seenAt, port))
  // loopback addresses of another machine would be ours
  const foreign = isLoopbackIp(seenAt) ? endpoints : endpoints.filter(endpoint => !isLoopback(endpoint))
  const places = distinct(seen)
  const others = [...foreign.filter(isPublic), ...foreign.filter(endpoint => !isPublic(endpoint))].map(({ addr }) => addr)
  // kept for as long as the peer is connected: those of multiaddr() would keep all of a pool alive
  return distinct([...places, ...others]).slice(0, Math.min(MAX_REMOTE_ADDRS, places.length + maxOthers)).map(ownBytes)
}

function isPublic ({ host, isName }: Endpoint): boolean {
  return isName || ipaddr.process(host).range() === 'unicast'
}

/** Each address once, the first of its kind where it stands. */
export function distinct (addrs: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(addrs.map(addr => [addr.join(), addr])).values()]
}

interface AnnouncedEndpoint extends Endpoint {
  /** Without a trailing `/p2p`. */
  readonly addr: Uint8Array
}

function endpointFor (addr: Uint8Array, id: Uint8Array): AnnouncedEndpoint[] {
  try {
    const endpoint = parseEndpoint(addr)
    const isTheirs = endpoint.id == null || equals(endpoint.id, id)
    return isTheirs && endpoint.port > 0 ? [{ ...endpoint, addr: withoutPeer(addr) }] : []
  } catch (err) {
    if (err instanceof InvalidAddressError) {
      return []
    }
    throw err
  }
}

function ipsFor (ip: string): string[] {
  if (ip !== '0.0.0.0' && ip !== '::') {
    return [ip]
  }
  const family = ip === '::' ? 'IPv6' : 'IPv4'
  return Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ family: theirs, address }) => theirs === family && ipaddr.process(address).range() !== 'linkLocal')
    .map(({ address }) => address)
}
