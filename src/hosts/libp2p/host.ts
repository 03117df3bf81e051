import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { hasNewAddr } from '../../keyspace/contact.ts'
import { asError, DialError, ProtocolTakenError, StreamResetError } from '../../rpc/errors.ts'
import { toBinary } from './address.ts'
import { Dialler } from './dialler.ts'
import { MAX_INBOUND_STREAMS, MAX_OPEN_MS, MAX_OUTBOUND_STREAMS } from './limits.ts'
import { Neighbours } from './neighbours.ts'
import { PeerIds } from './peer-ids.ts'
import { StreamAdapter } from './stream.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Host, OpenStreamOptions, Stream, StreamHandler, Topology } from '../../rpc/connection.ts'
import type { AbortOptions, ComponentLogger, Connection, Libp2pEvents, Logger, PeerId, PeerStore, Stream as Libp2pStream, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'

/** What a libp2p host needs of a libp2p node: part of what every service is given. */
export interface Libp2pHostComponents {
  readonly peerId: PeerId
  readonly registrar: Pick<Registrar, 'handle' | 'unhandle'>
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'getMaxConnections' | 'openConnection'>
  readonly addressManager: Pick<AddressManager, 'getAddresses'>
  readonly peerStore: Pick<PeerStore, 'get'>
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly logger: ComponentLogger
}

export interface Libp2pHostOptions {
  /** Inbound streams of one protocol on one connection. libp2p resets those beyond. Default: {@link MAX_INBOUND_STREAMS} */
  readonly maxInboundStreams?: number
  /** Outbound streams of one protocol on one connection. More are a `LimitError`. Default: {@link MAX_OUTBOUND_STREAMS} */
  readonly maxOutboundStreams?: number
  /** Use connections over relays that limit bytes or time, and serve on them? Default: false */
  readonly runOnLimitedConnection?: boolean
  /** What the log component begins with. Default: `kadmium` */
  readonly logPrefix?: string
}

/** When our addresses may have changed. libp2p announces it a second late, but its transports at once. */
const SELF_EVENTS = ['self:peer:update', 'transport:listening', 'transport:close'] as const

/**
 * A {@link Host} over a libp2p node: its connections, its streams, its identify.
 *
 * The node must run identify to `watch`. Streams are libp2p's, so that all connections,
 * dials and addresses are shared with whatever else the node does. Peer store entries
 * are left to libp2p.
 */
export class Libp2pHost implements Host {
  readonly maxOpenMs = MAX_OPEN_MS
  readonly #components: Libp2pHostComponents
  readonly #options: Required<Omit<Libp2pHostOptions, 'logPrefix'>>
  readonly #log: Logger
  readonly #dialler: Dialler
  readonly #neighbours: Neighbours
  /** Those whose keys are asked for: others can make us look for any, and displace none of those that we dial. */
  readonly #peerIds = new PeerIds()
  readonly #handled = new Set<string>()
  /** Each with the protocol we serve on it: none, if we opened it. As many as libp2p allows. */
  readonly #streams = new Map<StreamAdapter, string | undefined>()
  /** Connections that libp2p would have closed, being too many, but for the streams on them. */
  readonly #unwanted = new Set<Connection>()
  /** How many of those are being closed. */
  #closing = 0
  #self: PeerInfo | undefined
  /** Told of new addresses. */
  readonly #watchers = new Set<() => void>()
  #stopped = false

  constructor (components: Libp2pHostComponents, options: Libp2pHostOptions = {}) {
    const { maxInboundStreams = MAX_INBOUND_STREAMS, maxOutboundStreams = MAX_OUTBOUND_STREAMS, runOnLimitedConnection = false, logPrefix = 'kadmium' } = options
    this.#components = components
    this.#options = { maxInboundStreams, maxOutboundStreams, runOnLimitedConnection }
    this.#log = components.logger.forComponent(`${logPrefix}:libp2p-host`)
    // libp2p's components are a proxy: they have no properties of their own to spread
    const { connectionManager, peerStore, events } = components
    this.#dialler = new Dialler({ connectionManager, peerStore, maxOutboundStreams, runOnLimitedConnection })
    this.#neighbours = new Neighbours({ connectionManager, peerStore, events, runOnLimitedConnection })
    SELF_EVENTS.forEach(event => { events.addEventListener(event, this.#onSelf) })
    events.addEventListener('connection:prune', this.#onPrune)
  }

  get self (): PeerInfo {
    this.#self ??= {
      id: this.#components.peerId.toMultihash().bytes,
      addrs: toBinary(this.#components.addressManager.getAddresses(), Infinity)
    }
    return this.#self
  }

  /** How many streams are open, in either direction. */
  get openStreams (): number {
    return this.#streams.size
  }

  /**
   * Open a stream, over an open connection if there is one, or else by a dial of the
   * peer's addresses, then of those in libp2p's peer store if it is at none of them.
   * Dials of one peer at the same time are one dial.
   *
   * @throws {DialError} it cannot be reached, or the stream was refused
   * @throws {UnsupportedProtocolError} it does not serve `protocol`
   * @throws {LimitError} `maxOutboundStreams` are open, or others have filled libp2p's queue of dials
   */
  async openStream (peer: PeerInfo, protocol: string, options: OpenStreamOptions = {}): Promise<Stream> {
    this.#checkRunning()
    const stream = await this.#dialler.openStream(peer, protocol, options)
    if (this.#stopped) {
      stream.abort(new StreamResetError('this host has stopped'))
    }
    this.#checkRunning()
    return this.#keep(stream, undefined)
  }

  isConnected (peer: PeerInfo): boolean {
    return this.#dialler.isConnected(peer)
  }

  addrsOf (id: Uint8Array): readonly Uint8Array[] {
    return this.#neighbours.addrsOfPeer(id)
  }

  async publicKeyOf (id: Uint8Array): Promise<Uint8Array | undefined> {
    const { peerId: self, peerStore } = this.#components
    try {
      const peerId = this.#peerIds.of(id)
      const { publicKey } = peerId.equals(self) ? self : (await peerStore.get(peerId)).id
      return publicKey == null ? undefined : publicKeyToProtobuf(publicKey)
    } catch {
      return undefined // it is the id of no key, or that of a peer which libp2p has not met
    }
  }

  async identify (addr: Uint8Array, protocol: string, { signal }: AbortOptions = {}): Promise<PeerInfo> {
    this.#checkRunning()
    return this.#dialler.identify(addr, protocol, signal)
  }

  /** @throws {ProtocolTakenError} something else of this libp2p node serves it */
  async handle (protocol: string, handler: StreamHandler): Promise<void> {
    this.#checkRunning()
    const isOurs = this.#handled.has(protocol)
    this.#handled.add(protocol) // before it is through: when libp2p fails, it may have begun
    try {
      await this.#components.registrar.handle(protocol, (stream, connection) => {
        this.#serve(protocol, handler, stream, connection)
      }, { ...this.#options, ...isOurs ? { force: true } : {} })
    } catch (err) {
      if (asError(err).name === 'DuplicateProtocolHandlerError') {
        this.#handled.delete(protocol)
        throw new ProtocolTakenError(`another service of this libp2p node serves ${protocol}: give one of them another protocol, or leave it out`, { cause: err })
      }
      throw err
    }
  }

  async unhandle (protocol: string): Promise<void> {
    if (!this.#handled.delete(protocol)) {
      return // somebody else of this node may serve it
    }
    const unhandled = this.#components.registrar.unhandle(protocol)
    for (const [stream, served] of this.#streams) {
      if (served === protocol) {
        stream.abort(new StreamResetError(`${protocol} is served no more`))
      }
    }
    await unhandled
  }

  watchAddrs (onChange: () => void): () => void {
    const watcher = (): void => { onChange() } // an object of its own, so that one function can watch twice
    this.#watchers.add(watcher)
    void this.self // what comes is compared with it
    return () => { this.#watchers.delete(watcher) }
  }

  /**
   * Be told of peers that serve `protocol`, as identify has it, also of those that are
   * connected already. `onConnect` is called again when a peer connects once more, or names an address that
   * it had not named before; `onUnsupported` when it takes the protocol back.
   */
  watch (protocol: string, topology: Topology): () => void {
    return this.#neighbours.watch(protocol, topology)
  }

  /** Serve, watch and open nothing more; streams are reset. The libp2p node and its connections are left as they are. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#neighbours.stop()
    const { events } = this.#components
    SELF_EVENTS.forEach(event => { events.removeEventListener(event, this.#onSelf) })
    events.removeEventListener('connection:prune', this.#onPrune)
    const reason = new StreamResetError('this host has stopped')
    this.#streams.forEach((_, stream) => { stream.abort(reason) })
    await Promise.all([...this.#handled].map(async protocol => this.unhandle(protocol)))
  }

  readonly #onSelf = (): void => {
    const before = this.#self
    this.#self = undefined
    if (this.#watchers.size > 0 && before != null && hasNewAddr(this.self, before)) {
      this.#watchers.forEach(onChange => { onChange() })
    }
  }

  readonly #onPrune = ({ detail }: CustomEvent<Connection[]>): void => {
    detail.forEach(connection => { this.#unwanted.add(connection) })
    this.#closeUnwanted()
  }

  /** libp2p looks only when another connection opens, and leaves those that have streams; ours stay open for a while. */
  #closeUnwanted (): void {
    if (this.#unwanted.size === 0) {
      return
    }
    const { connectionManager } = this.#components
    let excess = connectionManager.getConnections().length - this.#closing - connectionManager.getMaxConnections()
    for (const connection of this.#unwanted) {
      if (excess <= 0 || connection.status !== 'open') {
        this.#unwanted.delete(connection)
      } else if (connection.streams.length === 0) {
        excess--
        this.#unwanted.delete(connection)
        void this.#close(connection)
      }
    }
  }

  async #close (connection: Connection): Promise<void> {
    this.#closing++
    try {
      await connection.close()
    } catch (err) {
      connection.abort(asError(err))
    } finally {
      this.#closing--
    }
  }

  #serve (protocol: string, handler: StreamHandler, stream: Libp2pStream, connection: Connection): void {
    const ours = this.#keep(stream, protocol)
    handler(ours, new Remote(this.#neighbours, connection, protocol)).catch((err: unknown) => {
      this.#log('reset a stream of %p - %e', connection.remotePeer, err)
      ours.abort(asError(err))
    })
  }

  #keep (stream: Libp2pStream, served: string | undefined): StreamAdapter {
    const ours = new StreamAdapter(stream)
    this.#streams.set(ours, served)
    ours.whenOver(() => {
      this.#streams.delete(ours)
      this.#closeUnwanted()
    })
    return ours
  }

  #checkRunning (): void {
    if (this.#stopped) {
      throw new DialError('this host has stopped: create another')
    }
  }
}

/** Carry the DHT's streams over a libp2p node. */
export function createLibp2pHost (components: Libp2pHostComponents, options?: Libp2pHostOptions): Libp2pHost {
  return new Libp2pHost(components, options)
}

/** Who is at the other end of a connection. Where it listens is found out when somebody asks. */
class Remote implements PeerInfo {
  readonly id: Uint8Array
  readonly #neighbours: Neighbours
  readonly #connection: Connection
  readonly #protocol: string

  constructor (neighbours: Neighbours, connection: Connection, protocol: string) {
    this.id = connection.remotePeer.toMultihash().bytes
    this.#neighbours = neighbours
    this.#connection = connection
    this.#protocol = protocol
  }

  get addrs (): Uint8Array[] {
    return this.#neighbours.addrsOf(this.#connection, this.#protocol)
  }
}
