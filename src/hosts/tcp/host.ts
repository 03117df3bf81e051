import { Acceptor } from './acceptor.ts'
import { addressOf, parseRemoteAddress, withoutPeer } from './address.ts'
import { Admission } from './admission.ts'
import { dialBackAddrs, distinct } from './announce.ts'
import { Dialler } from './dialler.ts'
import { Mode, Refusal } from './hello.ts'
import { KeptSockets } from './kept-sockets.ts'
import { MAX_REMOTE_ADDRS } from './limits.ts'
import { listen } from './listener.ts'
import { Overheads } from './overheads.ts'
import { OwnAddrs } from './own-addrs.ts'
import { LibP2PTls } from './tls.ts'
import { Visitors } from './visitors.ts'
import type { InboundLimits } from './admission.ts'
import type { Hello } from './hello.ts'
import type { Listener } from './listener.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Clock } from '../../clock/clock.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Host, OpenStreamOptions, Stream, StreamHandler, Topology } from '../../rpc/connection.ts'
import type { AbortOptions, Ed25519PrivateKey } from '@libp2p/interface'
import type { Socket } from 'node:net'

const WILDCARDS = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']
const LOOPBACKS = ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0']

/** What {@link createTcpHost} takes. */
export interface TcpHostInit {
  /** Who we are. */
  privateKey: Ed25519PrivateKey
  /** Tells the time and runs our deadlines. The sockets themselves know only real time. */
  clock: Clock
  /**
   * Where to listen: multiaddrs, binary or text, or `host:port`; port 0 is any free
   * one. `[]`: nowhere, as a client. Default: any port of every interface, IPv4
   * and IPv6 (with security 'plain': of loopback).
   */
  listen?: ReadonlyArray<string | Uint8Array> | undefined
  /**
   * 'tls' encrypts, and both sides prove who they are. With 'plain' everything can
   * be read on the way, and a peer is whoever it claims to be in its hello: for
   * one machine, or a network where everybody is trusted. Both ends need the same.
   * Default 'tls'
   */
  security?: 'tls' | 'plain' | undefined
  /** May 'plain' listen and dial beyond loopback? Default false */
  allowRemotePlain?: boolean | undefined
  /** Addresses to announce instead of those we listen at, e.g. those of a router that forwards to us: multiaddrs, binary or text, or `host:port`. */
  announce?: ReadonlyArray<string | Uint8Array> | undefined
  /** How many inbound sockets there may be. */
  limits?: InboundLimits | undefined
  /** Name and version of the software, told to peers. Default 'kadmium' */
  agent?: string | undefined
}

/** How many sockets are open, for dumps. */
export interface SocketCounts {
  readonly inbound: number
  readonly outbound: number
  /** Inbound ones that have not said who they are yet. */
  readonly handshakes: number
}

/** A {@link Host} of sockets. */
export interface TcpHost extends Host {
  /** The addresses that are bound, as multiaddrs: wildcards stay wildcards. */
  readonly listenAddrs: readonly Uint8Array[]
  readonly sockets: SocketCounts
  /** Reset every socket and free the ports. No socket, server or timer is left then. */
  stop (): Promise<void>
}

/**
 * Start a host that carries each stream on a TCP socket of its own.
 *
 * @throws {ListenError} an address to listen on is in use, forbidden, or not ours
 * @throws {RemotePlainError} security 'plain' beyond loopback
 * @throws {InvalidAddressError} an address that is none, or that of another peer
 *
 * @example
 *
 * ```typescript
 * import { generateKeyPair } from '@libp2p/crypto/keys'
 * import { systemClock } from 'kadmium/engine'
 * import { createTcpHost } from 'kadmium/node'
 *
 * const host = await createTcpHost({ privateKey: await generateKeyPair('Ed25519'), clock: systemClock })
 * await host.handle('/echo/1.0.0', async stream => { await stream.sink(stream.source) })
 * await host.stop()
 * ```
 */
export async function createTcpHost (init: TcpHostInit): Promise<TcpHost> {
  const { security = 'tls', allowRemotePlain = false, privateKey, clock } = init
  const isPlain = security === 'plain'
  const announce = init.announce?.map(addr => withoutPeer(typeof addr === 'string' ? parseRemoteAddress(addr) : addr))
  const host = new SocketHost({ ...init, announce, allowRemotePlain, tls: isPlain ? undefined : await LibP2PTls.create(privateKey, clock) })
  await host.listen(init.listen ?? (isPlain && !allowRemotePlain ? LOOPBACKS : WILDCARDS), isPlain && !allowRemotePlain)
  return host
}

interface SocketHostInit extends Omit<TcpHostInit, 'announce'> {
  tls: LibP2PTls | undefined
  announce: Uint8Array[] | undefined
  allowRemotePlain: boolean
}

class SocketHost implements TcpHost {
  readonly #id: Uint8Array
  readonly #own: OwnAddrs
  readonly #agent: string
  readonly #inbound = new Set<TcpConnection>()
  readonly #outbound = new Set<TcpConnection>()
  readonly #admission: Admission
  readonly #visitors = new Visitors()
  readonly #acceptor: Acceptor
  readonly #dialler: Dialler
  readonly #overheads: Overheads
  readonly #kept: KeptSockets
  #listener: Listener = { bound: [], close: async () => {} }

  constructor ({ privateKey, clock, tls, announce, allowRemotePlain, limits, agent = 'kadmium' }: SocketHostInit) {
    this.#id = privateKey.publicKey.toMultihash().bytes
    this.#own = new OwnAddrs({ id: this.#id, clock, announced: announce, bound: () => this.#listener.bound })
    this.#agent = agent
    this.#admission = new Admission(clock, limits)
    const common = { self: this.#id, clock, tls, admission: this.#admission, hello: this.#hello }
    this.#acceptor = new Acceptor({ ...common, visitors: this.#visitors, onConnection: connection => { this.#track(connection, this.#inbound) } })
    this.#dialler = new Dialler({ ...common, allowRemotePlain, onConnection: connection => { this.#track(connection, this.#outbound) } })
    this.#overheads = new Overheads(clock, connection => { this.#cutOff(connection) })
    this.#kept = new KeptSockets(clock, stream => { stream.close(clock) })
  }

  async listen (addresses: ReadonlyArray<string | Uint8Array>, loopbackOnly: boolean): Promise<void> {
    this.#listener = await listen({ self: this.#id, addresses, loopbackOnly, onSocket: this.#acceptor.accept })
  }

  get self (): PeerInfo {
    return this.#own.self
  }

  get listenAddrs (): readonly Uint8Array[] {
    return this.#listener.bound.map(({ address, port }) => addressOf(address, port))
  }

  get sockets (): SocketCounts {
    return { inbound: this.#inbound.size, outbound: this.#outbound.size, handshakes: this.#admission.handshakes }
  }

  async openStream ({ id, addrs }: PeerInfo, protocol: string, options?: OpenStreamOptions): Promise<Stream> {
    options?.signal?.throwIfAborted()
    const kept = this.#kept.take(id, protocol)
    if (kept != null) {
      return kept
    }
    const { stream } = await this.#dialler.dial({ addrs, protocol, id, ...options })
    return stream
  }

  async identify (addr: Uint8Array, protocol: string, options?: AbortOptions): Promise<PeerInfo> {
    const { stream, id, hello } = await this.#dialler.dial({ addrs: [addr], protocol, ...options })
    this.#kept.keep(id, protocol, stream)
    const announced = stream.remoteIp == null ? [] : dialBackAddrs(hello.addrs, id, stream.remoteIp)
    return { id, addrs: distinct([withoutPeer(addr), ...announced]).slice(0, MAX_REMOTE_ADDRS) }
  }

  async handle (protocol: string, handler: StreamHandler): Promise<void> {
    this.#acceptor.handle(protocol, handler)
  }

  async unhandle (protocol: string): Promise<void> {
    this.#acceptor.unhandle(protocol)
  }

  watchAddrs (onChange: () => void): () => void {
    return this.#own.watch(onChange)
  }

  watch (protocol: string, topology: Topology): () => void {
    return this.#visitors.watch(protocol, topology)
  }

  async stop (): Promise<void> {
    this.#dialler.close()
    this.#kept.clear()
    this.#own.stop()
    const { close } = this.#listener
    this.#listener = { bound: [], close: async () => {} }
    const connections = [...this.#inbound, ...this.#outbound]
    const closed = connections.map(async connection => new Promise<void>(resolve => { connection.onClose(resolve) }))
    connections.forEach(connection => { connection.reset() })
    await Promise.all([close(), ...closed])
  }

  #track (connection: TcpConnection, connections: Set<TcpConnection>): void {
    connections.add(connection)
    connection.onClose(() => { connections.delete(connection) })
    this.#overheads.watch(connection)
  }

  #cutOff (connection: TcpConnection): void {
    const { raw: { remoteAddress }, overhead } = connection
    connection.reset()
    if (remoteAddress != null) {
      this.#admission.handshakeFailed(remoteAddress, overhead)
    }
  }

  /** What we say of ourselves to whom is at the other end of `raw`. */
  readonly #hello = (network: string, raw: Socket): Hello => {
    const addrs = this.#acceptor.serves(network) ? [...this.self.addrs] : []
    const { remoteAddress, remotePort } = raw
    return {
      network,
      mode: addrs.length > 0 ? Mode.SERVER : Mode.CLIENT,
      peer: new Uint8Array(this.#id),
      addrs: addrs.map(addr => new Uint8Array(addr)),
      observed: new Uint8Array(remoteAddress == null || remotePort == null ? [] : addressOf(remoteAddress, remotePort)),
      agent: this.#agent,
      refusal: Refusal.NONE
    }
  }
}
