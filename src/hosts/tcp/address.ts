import { isIPv4, isIPv6 } from 'node:net'
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_IP4, CODE_IP6, CODE_P2P, CODE_TCP, multiaddr } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import { InvalidAddressError } from './errors.ts'
import { peerIdText } from './identity.ts'
import type { Component } from '@multiformats/multiaddr'

const EXAMPLE = 'for example 192.0.2.1:4001, [2001:db8::1]:4001 or /ip4/192.0.2.1/tcp/4001'
const MAX_PORT = 65_535

/** A multiaddr as sockets understand it. */
export interface Endpoint {
  /** IP address, or a name to look up. */
  readonly host: string
  /** 1 … 65,535 to dial, also 0 to listen. */
  readonly port: number
  /** The version of IP that `host` is or must resolve to; undefined: either. */
  readonly family?: 4 | 6
  /** Is `host` a name rather than an IP address? */
  readonly isName: boolean
  /** The multihash of the PeerId at its end. */
  readonly id?: Uint8Array
}

/**
 * Read an address as people write them: a multiaddr or `host:port`, either with a
 * trailing `/p2p/<id>`. `127.0.0.1:4001` is the same as `/ip4/127.0.0.1/tcp/4001`.
 *
 * @returns a binary multiaddr
 * @throws {InvalidAddressError} it is none that TCP can reach
 */
export function parseAddress (text: string): Uint8Array {
  const trimmed = text.trim()
  try {
    const addr = multiaddr(trimmed.startsWith('/') ? trimmed : multiaddrText(trimmed)).bytes
    parseEndpoint(addr)
    return addr
  } catch (err) {
    throw new InvalidAddressError(`"${trimmed}" is no address: ${faultIn(trimmed, err)}; ${EXAMPLE}`, { cause: err })
  }
}

/** What is wrong with an address for which `err` was thrown: that says little of a peer id of which a part is missing. */
function faultIn (text: string, err: unknown): string {
  const [, id] = /\/p2p\/([^/]*)\/?$/.exec(text) ?? []
  return id == null || isPeerId(id) ? faultOf(err) : `${JSON.stringify(id)} is no peer id, give all of it, as "kadmium start" prints it`
}

function isPeerId (text: string): boolean {
  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}

/**
 * The same for an address of somebody else, where port 0 makes no sense.
 *
 * @throws {InvalidAddressError} it is none that can be dialled
 */
export function parseRemoteAddress (text: string): Uint8Array {
  const addr = parseAddress(text)
  if (parseEndpoint(addr).port === 0) {
    throw new InvalidAddressError(`nobody can be reached at "${text.trim()}": port 0 stands for any free one when a node listens; give the port that it got`)
  }
  return addr
}

/** The text of a binary multiaddr, ending in `/p2p/<id>` when `id` is given and it does not yet. */
export function formatAddress (addr: Uint8Array, id?: Uint8Array): string {
  const text = multiaddr(addr).toString()
  return id == null || text.includes('/p2p/') ? text : `${text}/p2p/${peerIdText(id)}`
}

/**
 * What to dial or listen on for a binary multiaddr
 * `/ip4|ip6|dns|dns4|dns6/<host>/tcp/<port>[/p2p/<id>]`.
 *
 * @throws {InvalidAddressError} it is another one, or damaged
 */
export function parseEndpoint (addr: Uint8Array): Endpoint {
  const [host, tcp, peer, ...rest] = componentsOf(addr)
  if (host == null || tcp?.code !== CODE_TCP || rest.length > 0 || (peer != null && peer.code !== CODE_P2P)) {
    throw new InvalidAddressError('TCP reaches only /ip4, /ip6, /dns, /dns4 and /dns6, then /tcp/<port>, then perhaps /p2p/<id>')
  }
  return {
    ...hostOf(host),
    port: portOf(tcp.value),
    ...peer?.value == null ? {} : { id: peerIdFromString(peer.value).toMultihash().bytes }
  }
}

/** `addr` without a trailing `/p2p`. */
export function withoutPeer (addr: Uint8Array): Uint8Array {
  return multiaddr(addr).decapsulateCode(CODE_P2P).bytes
}

/** The binary multiaddr of an IP address and a port. An IPv4 address mapped into IPv6 becomes IPv4 again. */
export function addressOf (ip: string, port: number): Uint8Array {
  const plain = unmapped(ip)
  return multiaddr(`/${isIPv4(plain) ? 'ip4' : 'ip6'}/${plain}/tcp/${port}`).bytes
}

/** `::ffff:192.0.2.1`, as dual-stack sockets show an IPv4 peer, is `192.0.2.1`. The zone of `fe80::1%eth0`, our name of an interface, tells others nothing. */
function unmapped (ip: string): string {
  const [withoutZone] = ip.split('%')
  return ipaddr.process(withoutZone).toString()
}

/** Does this endpoint stay on this machine? */
export function isLoopback ({ host, isName }: Endpoint): boolean {
  return isName ? host === 'localhost' : isLoopbackIp(host)
}

export function isLoopbackIp (ip: string): boolean {
  return ipaddr.process(ip).range() === 'loopback'
}

function componentsOf (addr: Uint8Array): Component[] {
  try {
    return multiaddr(addr).getComponents()
  } catch (err) {
    throw new InvalidAddressError(`a damaged multiaddr: ${faultOf(err)}`, { cause: err })
  }
}

function hostOf ({ code, value }: Component): Pick<Endpoint, 'host' | 'family' | 'isName'> {
  if (value == null || value === '') {
    throw new InvalidAddressError('there is no host')
  }
  switch (code) {
    case CODE_IP4:
      return { host: value, family: 4, isName: false }
    case CODE_IP6:
      return { host: value, family: 6, isName: false }
    case CODE_DNS:
      return { host: nameOf(value), isName: true }
    case CODE_DNS4:
      return { host: nameOf(value), family: 4, isName: true }
    case CODE_DNS6:
      return { host: nameOf(value), family: 6, isName: true }
    default:
      throw new InvalidAddressError('it names no host that TCP can reach')
  }
}

/** Host names of RFC 1123, §2.1, and the underscore that many use. */
function nameOf (name: string): string {
  if (name.length > 253 || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(name)) {
    throw new InvalidAddressError(`${JSON.stringify(name.slice(0, 253))} is no host name`)
  }
  return name.toLowerCase()
}

function portOf (text: string | undefined): number {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : NaN
  if (!(port <= MAX_PORT)) {
    throw new InvalidAddressError(`a port is a number from 0 to ${MAX_PORT}`)
  }
  return port
}

/** `host:port` or `[v6]:port`, either with a trailing `/p2p/<id>`, as a multiaddr. */
function multiaddrText (text: string): string {
  const [, v6, name, port, peer] = /^(?:\[([^\]]*)\]|([^:/[\]]*)):(\d+)((?:\/p2p\/[^/]+)?)$/.exec(text) ?? []
  if (port == null) {
    throw new InvalidAddressError(isIPv6(text) ? 'an IPv6 address stands in brackets, and a port follows' : 'it is neither a multiaddr nor host:port')
  }
  if (v6 != null && !isIPv6(v6)) {
    throw new InvalidAddressError('there is no IPv6 address in the brackets')
  }
  const host = v6 ?? name
  if (host === '') {
    throw new InvalidAddressError('there is no host before the port, like 0.0.0.0 for all of this machine')
  }
  return `/${protocolOf(host)}/${host}/tcp/${portOf(port)}${peer}`
}

function protocolOf (host: string): string {
  if (isIPv4(host)) {
    return 'ip4'
  }
  return isIPv6(host) ? 'ip6' : 'dns'
}

function faultOf (err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}
