import { contentRoutingSymbol, NotFoundError, peerDiscoverySymbol, peerRoutingSymbol, serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { abortable, sleep } from '../clock/wait.ts'
import { MODES } from '../dht/config.ts'
import { NoPeersError, NotStartedError, ValueNotFoundError } from '../dht/errors.ts'
import { Kademlia } from '../dht/kademlia.ts'
import { oneOf } from '../dht/option-checks.ts'
import { createLibp2pHost } from '../hosts/libp2p/host.ts'
import { contactOf } from '../keyspace/contact.ts'
import { keyOf } from '../keyspace/key.ts'
import { Turns } from '../store/turns.ts'
import { isAddrInScope } from '../wire/address.ts'
import { MAX_PROVIDER_KEY_BYTES } from '../wire/limits.ts'
import { ContactTags } from './contact-tags.ts'
import { builtInSelectors, builtInValidators, kindsOfMaps } from './kinds.ts'
import { ServiceMetrics } from './metrics.ts'
import { engineOptions } from './options.ts'
import { peerIdOf, toPeerInfo } from './peer-info.ts'
import { isLeft, query } from './query.ts'
import { DHTContentRouting, DHTPeerRouting } from './routing.ts'
import { openStores, unprovideStored } from './stores.ts'
import { Translator } from './translate.ts'
import type { QueryEvent } from './events.ts'
import type { KadDHTComponents, KadDHTInit, Selectors, Validators } from './init.ts'
import type { FindProvidersOptions, GetValueOptions, PublishingKadDHT, RoutingTable, SetModeOptions } from './kad-dht.ts'
import type { Operation } from './metrics.ts'
import type { EngineOptions } from './options.ts'
import type { QueryBody } from './query.ts'
import type { Stores } from './stores.ts'
import type { OperationOptions } from '../dht/events.ts'
import type { FindPeerResult } from '../dht/operations/find-peer.ts'
import type { GetOptions } from '../dht/operations/get.ts'
import type { LookupResult } from '../dht/operations/lookup.ts'
import type { Libp2pHost } from '../hosts/libp2p/host.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { AbortOptions, ContentRouting, Libp2pEvents, Logger, Metrics, Peer, PeerDiscovery, PeerDiscoveryEvents, PeerId, PeerInfo, PeerRouting, RoutingOptions, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'

/** The code of `/p2p-circuit` in the multiaddr protocol table: an address over a relay. */
const CODE_P2P_CIRCUIT = 290

/** Under which log component what is told of. */
const LOG_PART: { readonly [operation in Operation]: string } = {
  GET_VALUE: 'content-fetching',
  PUT_VALUE: 'content-fetching',
  PROVIDE: 'content-routing',
  FIND_PROVIDERS: 'content-routing',
  FIND_PEER: 'peer-routing',
  GET_CLOSEST_PEERS: 'peer-routing'
}

/** What runs between start and stop: each start makes another. */
interface Running {
  readonly dht: Kademlia
  readonly host: Libp2pHost
  readonly tags: ContactTags
}

/** What a query is given to tell what it finds. */
interface Telling {
  readonly dht: Kademlia
  readonly translator: Translator
  /** For the engine's operations. */
  readonly options: OperationOptions
  tell (event: QueryEvent): void
  /** Resolves when all that was told has been read, and more is wanted; or nobody reads any more. */
  wanted (): Promise<void>
}

/**
 * The DHT as a service of a libp2p node: the engine over the node's connections, its
 * datastore and its identify. `kadDHT` makes one.
 */
export class KadDHTService extends TypedEventEmitter<PeerDiscoveryEvents> implements PublishingKadDHT, Startable {
  readonly k: number
  readonly a: number
  readonly d: number
  readonly protocol: string
  readonly validators: Validators
  readonly selectors: Selectors
  readonly routingTable: RoutingTable
  readonly #components: KadDHTComponents
  readonly #init: KadDHTInit
  readonly #options: EngineOptions
  readonly #metrics: ServiceMetrics
  readonly #log: Logger
  /** Of its parts. */
  readonly #logs = new Map<string, Logger>()
  readonly #contentRouting: ContentRouting
  readonly #peerRouting: PeerRouting
  /** Starts and stops wait for each other: libp2p stops its services when one fails to start, while others still do. */
  readonly #turns = new Turns()
  #mode: 'client' | 'server'
  #running: Running | undefined

  constructor (components: KadDHTComponents, init: KadDHTInit = {}) {
    super()
    this.#components = components
    this.#init = init
    this.#options = engineOptions(init, (err, peer) => { this.#log.error('the peerInfoMapper failed for %p - %e', peer, err) })
    this.#log = components.logger.forComponent(this.#options.logPrefix)
    this.k = this.#options.k
    this.a = this.#options.alpha
    this.d = this.#options.disjointPaths
    this.protocol = this.#options.protocol
    this.validators = { ...builtInValidators, ...init.validators }
    this.selectors = { ...builtInSelectors, ...init.selectors }
    this.#mode = init.clientMode === false ? 'server' : 'client'
    this.#metrics = new ServiceMetrics(components.metrics, init.metricsPrefix ?? 'libp2p_kad_dht', () => this.#running?.dht)
    const { metrics } = components
    this.get = traced(metrics, 'get', this.get.bind(this), 1)
    this.put = traced(metrics, 'put', this.put.bind(this), 2)
    this.provide = traced(metrics, 'provide', this.provide.bind(this), 1)
    this.findProviders = traced(metrics, 'findProviders', this.findProviders.bind(this), 1)
    this.findPeer = traced(metrics, 'findPeer', this.findPeer.bind(this), 1)
    this.getClosestPeers = traced(metrics, 'getClosestPeers', this.getClosestPeers.bind(this), 1)
    this.#contentRouting = new DHTContentRouting(this)
    this.#peerRouting = new DHTPeerRouting(this)
    const contacts = (): number => this.#running?.dht.contacts ?? 0
    this.routingTable = { get size () { return contacts() } }
  }

  readonly [Symbol.toStringTag] = '@libp2p/kad-dht'

  readonly [serviceCapabilities]: string[] = [
    '@libp2p/content-routing',
    '@libp2p/peer-routing',
    '@libp2p/peer-discovery',
    '@libp2p/kad-dht'
  ]

  readonly [serviceDependencies]: string[] = ['@libp2p/identify']

  get [contentRoutingSymbol] (): ContentRouting {
    return this.#contentRouting
  }

  get [peerRoutingSymbol] (): PeerRouting {
    return this.#peerRouting
  }

  /** Emits `peer` for each peer that enters the routing table, having answered us, and for providers and peers that were searched. */
  get [peerDiscoverySymbol] (): PeerDiscovery {
    return this
  }

  isStarted (): boolean {
    return this.#running != null
  }

  async start (): Promise<void> {
    await this.#turns.take('', async () => this.#begin())
  }

  async #begin (): Promise<void> {
    if (this.#running != null) {
      return
    }
    if (this.#init.clientMode == null) {
      this.#components.events.addEventListener('self:peer:update', this.#onSelfUpdate)
    }
    try {
      const [stores] = await Promise.all([this.#openStores(), this.#followStored()])
      this.#running = this.#assemble(stores)
      await this.#running.dht.start({ join: 'later' })
    } catch (err) {
      await this.#end()
      throw err
    }
  }

  /** Come back to the contacts of earlier, now that libp2p can dial. */
  async afterStart (): Promise<void> {
    const { dht } = this.#started()
    if (dht.internals.peers.remembered.length > 0) {
      dht.rejoin().catch(err => { this.#log('could not rejoin - %e', err) })
    }
  }

  /** libp2p closes its connections while it stops its services: by then, peers are to have read what they were told. */
  async beforeStop (): Promise<void> {
    await this.stop()
  }

  async stop (): Promise<void> {
    await this.#turns.take('', async () => this.#end())
  }

  async #end (): Promise<void> {
    this.#components.events.removeEventListener('self:peer:update', this.#onSelfUpdate)
    const running = this.#running
    if (running == null) {
      return
    }
    this.#running = undefined
    running.tags.stop()
    await running.dht.stop()
    await running.host.stop()
  }

  getMode (): 'client' | 'server' {
    return this.#running?.dht.mode ?? this.#mode
  }

  async setMode (mode: 'client' | 'server', { force = false, signal }: SetModeOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (oneOf('mode', mode, MODES) === this.getMode() && !force) {
      return
    }
    this.#log('%s from now on', mode)
    await this.#running?.dht.setMode(mode, { force })
    this.#mode = mode
  }

  async refreshRoutingTable ({ signal }: AbortOptions = {}): Promise<void> {
    await unlessStopped(this.#running?.dht.refresh({ signal }))
  }

  async cancelReprovide ({ multihash: { bytes } }: CID, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#running != null) {
      await this.#running.dht.unprovide(bytes)
      return
    }
    await unprovideStored(this.#components, this.#init, bytes, this.#log)
  }

  get (key: Uint8Array, options: GetValueOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('GET_VALUE', options, async ({ dht, tell, translator, options: operation }) => {
      if (options.useNetwork === false) {
        await findKept(dht, key, operation)
      } else {
        await findValue(dht, key, { ...operation, quorum: options.quorum })
      }
      if (translator.best != null) {
        tell(translator.best)
      }
    })
  }

  put (key: Uint8Array, value: Uint8Array, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('PUT_VALUE', options, async ({ dht, options: operation }) => {
      await dht.put(key, value, operation)
    })
  }

  async unpublish (key: Uint8Array): Promise<boolean> {
    return this.#started().dht.unpublish(key)
  }

  provide (key: CID, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('PROVIDE', options, async ({ dht, translator, options: operation }) => {
      const { lookup: { closest } } = await dht.provide(key.multihash.bytes, operation)
      closest.forEach(peer => { translator.finalPeer(undefined, peer) })
    })
  }

  findProviders (key: CID, options: FindProvidersOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('FIND_PROVIDERS', options, async ({ dht, wanted, options: operation }) => {
      if (key.multihash.bytes.byteLength > MAX_PROVIDER_KEY_BYTES) {
        return // nobody has any; an error would end what libp2p's other routers find, too
      }
      let isFirst = true
      for await (const { from } of dht.findProviders(key.multihash.bytes, { ...operation, limit: options.limit, source: options.useNetwork === false ? 'store' : 'network' })) {
        if (isFirst && from == null) {
          // who has enough with those that we know makes us ask nobody, not even if libp2p reads one ahead for it
          await wanted()
          await sleep(this.#options.clock, 0, operation.signal)
        }
        isFirst = false
      }
    })
  }

  findPeer (id: PeerId, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('FIND_PEER', options, async ({ dht, translator, options: operation }) => {
      const known = options.useCache === false ? undefined : await this.#knownPeer(id, options)
      const found = known ?? (options.useNetwork === false ? undefined : await unlessStopped(dht.findPeer(id.toMultihash().bytes, { ...operation, source: 'network' })))
      if (found == null) {
        throw new NotFoundError('nobody who was asked knows where this peer is')
      }
      const event = translator.finalPeer(found.from, found.peer)
      if (event != null) {
        this.#discovered(event.peer)
      }
    })
  }

  getClosestPeers (key: Uint8Array, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    return this.#query('GET_CLOSEST_PEERS', options, async ({ dht, translator, options: operation }) => {
      const { closest } = await dht.lookup(key, operation)
      closest.forEach(peer => { translator.finalPeer(undefined, peer) })
    })
  }

  /** The events of one operation. */
  #query (name: Operation, options: RoutingOptions, body: (telling: Telling) => Promise<void>): AsyncGenerator<QueryEvent, void, undefined> {
    const run: QueryBody<QueryEvent> = async (tell, signal, wanted) => {
      const { dht } = this.#started()
      const { client, config } = dht.internals
      this.#logOf(LOG_PART[name])('%s', name)
      const translator = new Translator({
        self: this.#components.peerId,
        onProgress: options.onProgress,
        heard: config.heard,
        isOpen: peer => client.has(peer),
        tell: event => {
          tell(event)
          if (event.name === 'PROVIDER') {
            event.providers.forEach(provider => { this.#discovered(provider) })
          }
        }
      })
      await unlessStopped(body({ dht, translator, tell, wanted, options: { signal, onProgress: event => { translator.translate(event) } } }))
    }
    return query(async (tell, signal, wanted) => this.#metrics.measure(name, async () => run(tell, signal, wanted), () => isLeft(signal)), options.signal)
  }

  /** What the routing table or the peer store knows of a peer. */
  async #knownPeer (peerId: PeerId, { signal }: AbortOptions): Promise<FindPeerResult | undefined> {
    const { dht } = this.#started()
    const id = peerId.toMultihash().bytes
    const known = dht.internals.peers.table.get(keyOf(id))
    if (known != null) {
      return { peer: known, from: undefined }
    }
    try {
      const addrs = await this.#storedAddrs(peerId, signal)
      return addrs.length === 0 ? undefined : { peer: contactOf({ id, addrs }), from: undefined }
    } catch {
      signal?.throwIfAborted()
      return undefined // libp2p has not met it
    }
  }

  async #openStores (): Promise<Stores> {
    return openStores(this.#components, this.#init, {
      clock: this.#options.clock,
      log: this.#log,
      providersLog: this.#logOf('providers'),
      addrsOf: async id => this.#addrsOf(id)
    })
  }

  /** The parts of one run, from start to stop. */
  #assemble (stores: Stores): Running {
    const { connectionManager, peerStore, logger } = this.#components
    const { clock, logPrefix } = this.#options
    const host = createLibp2pHost(this.#components, { ...this.#init, logPrefix })
    const tags = new ContactTags({
      peerStore,
      clock,
      log: this.#logOf('routing-table'),
      contacts: () => dht.internals.peers.table.closest(dht.self.key, dht.contacts),
      neighbours: Math.min(this.k, Math.floor(connectionManager.getMaxConnections() / 2))
    })
    const dht = new Kademlia({
      ...this.#options,
      ...stores,
      host,
      mode: this.#mode,
      kinds: kindsOfMaps(this.validators, this.selectors),
      logger,
      observer: {
        ...this.#metrics.observer,
        onContact: contact => { this.#onContact(contact, tags) },
        onContactGone: contact => { this.#onContactGone(contact, tags) },
        onSelfLookup: result => { this.#onSelfLookup(result, tags) }
      }
    })
    return { dht, host, tags }
  }

  /** Made once: to make one takes longer than a request. */
  #logOf (part: string): Logger {
    const log = this.#logs.get(part) ?? this.#components.logger.forComponent(`${this.#options.logPrefix}:${part}`)
    this.#logs.set(part, log)
    return log
  }

  #onContact (contact: Contact, tags: ContactTags): void {
    this.#metrics.observer.onContact(contact)
    tags.onChange()
    const peer = this.listenerCount('peer') > 0 ? toPeerInfo(contact) : undefined
    if (peer != null) {
      this.#discovered(peer)
    }
  }

  /** libp2p keeps the addresses of peers that it is told of, so that they can be dialled by their id. */
  #discovered (peer: PeerInfo): void {
    if (peer.multiaddrs.length > 0) {
      this.safeDispatchEvent('peer', { detail: peer })
    }
  }

  #onSelfLookup (result: LookupResult, tags: ContactTags): void {
    const { closest, ms } = result
    this.#metrics.observer.onSelfLookup(result)
    tags.onChange()
    this.#components.events.dispatchEvent(new CustomEvent('kad-dht:query:self', { detail: { peers: closest.length, duration: ms } }))
  }

  #onContactGone (contact: Contact, tags: ContactTags): void {
    this.#metrics.observer.onContactGone(contact)
    tags.onChange()
  }

  /** The addresses in the peer store: those of providers that the other implementation wrote lie there, and what identify has told since. */
  async #addrsOf (id: Uint8Array): Promise<readonly Uint8Array[]> {
    const peerId = peerIdOf({ id, addrs: [] })
    const addrs = peerId == null ? [] : await this.#storedAddrs(peerId)
    return this.#running?.dht.internals.config.heard({ id, addrs }).addrs ?? []
  }

  async #storedAddrs (id: PeerId, signal?: AbortSignal): Promise<Uint8Array[]> {
    const { addresses } = await this.#components.peerStore.get(id, { signal })
    return addresses.map(({ multiaddr }) => multiaddr.bytes)
  }

  readonly #onSelfUpdate = ({ detail: { peer } }: Libp2pEvents['self:peer:update']): void => {
    this.#follow(peer).catch(err => { this.#log.error('could not change the mode - %e', err) })
  }

  /** libp2p tells of our addresses when they change: after a restart that may be never. */
  async #followStored (): Promise<void> {
    const { peerStore, peerId } = this.#components
    const self = this.#init.clientMode == null ? await peerStore.get(peerId).catch(() => undefined) : undefined // nothing before its first start
    if (self != null) {
      await this.#follow(self)
    }
  }

  /** Serve if everybody can dial us, and only ask otherwise. */
  async #follow ({ addresses }: Pick<Peer, 'addresses'>): Promise<void> {
    await this.setMode(addresses.some(({ multiaddr }) => isPubliclyDialable(multiaddr)) ? 'server' : 'client')
  }

  #started (): Running {
    if (this.#running == null) {
      throw new NotStartedError('the DHT is not running: start the libp2p node first')
    }
    return this.#running
  }
}

/** `method`, as a step in the traces of the collector, if there is one. Its options are its argument `optionsIndex`. */
function traced<M extends (...args: any[]) => AsyncGenerator<QueryEvent>> (metrics: Metrics | undefined, name: string, method: M, optionsIndex: number): M {
  return metrics?.traceFunction(`libp2p.kadDHT.${name}`, method, { optionsIndex }) ?? method
}

/** Everybody can dial it, and not only over a relay. */
function isPubliclyDialable (addr: Multiaddr): boolean {
  return isAddrInScope(addr.bytes, 'public') && addr.getComponents().every(({ code }) => code !== CODE_P2P_CIRCUIT)
}

/** What `task` gives; undefined, if the DHT is stopped meanwhile: to whoever reads on in the background that is no failure. */
async function unlessStopped<T> (task: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await task
  } catch (err) {
    if (err instanceof NotStartedError) {
      return undefined
    }
    throw err
  }
}

/** The values at `key` are told as they come in; there may be none. */
async function findValue (dht: Kademlia, key: Uint8Array, options: GetOptions): Promise<void> {
  try {
    await dht.get(key, options)
  } catch (err) {
    if (!(err instanceof ValueNotFoundError || err instanceof NoPeersError)) {
      throw err
    }
  }
}

/** The same, of what we keep ourselves. */
async function findKept ({ internals: { values } }: Kademlia, key: Uint8Array, { onProgress, signal }: OperationOptions): Promise<void> {
  const kept = await abortable(values.kept(key), signal)
  if (kept != null) {
    onProgress?.({ type: 'value', peer: undefined, value: kept.value, best: true, agreeing: 1 })
  }
}
