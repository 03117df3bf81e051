import { abortable } from '../clock/wait.ts'
import { contactOf } from '../keyspace/contact.ts'
import { immutableKeyOf } from '../record/immutable.ts'
import { RpcClient } from '../rpc/client.ts'
import { RpcServer } from '../rpc/server.ts'
import { MemoryPublicationStore } from '../store/memory-publications.ts'
import { MemoryProviderStore, MemoryValueStore } from '../store/memory.ts'
import { configure, MODES, parseAddrs } from './config.ts'
import { createContext } from './context.ts'
import { NotStartedError, ValueNotFoundError } from './errors.ts'
import { guardObserver } from './guard-observer.ts'
import { handlersOf } from './handlers.ts'
import { loggersOf } from './loggers.ts'
import { Holdings } from './maintenance/holdings.ts'
import { Maintenance, passesOn } from './maintenance/maintenance.ts'
import { Publisher } from './maintenance/publisher.ts'
import { replicate } from './maintenance/replicate.ts'
import { republish } from './maintenance/republish.ts'
import { findPeer } from './operations/find-peer.ts'
import { findProviders } from './operations/find-providers.ts'
import { get, searchValue } from './operations/get.ts'
import { join, refresh } from './operations/join.ts'
import { lookUp } from './operations/lookup.ts'
import { provide, unprovide } from './operations/provide.ts'
import { getMutable, putMutable } from './operations/put-mutable.ts'
import { put, store } from './operations/put.ts'
import { findNodeAt, findValueAt, ping } from './operations/single.ts'
import { anObject, checkOperation, oneOf } from './option-checks.ts'
import { Peers } from './peers.ts'
import { Serving } from './serving.ts'
import { Tasks } from './tasks.ts'
import { toBytes } from './text.ts'
import { Values } from './values.ts'
import type { DhtContext } from './context.ts'
import type { NodeCounts } from './counts.ts'
import type { OperationOptions } from './events.ts'
import type { KademliaInit } from './init.ts'
import type { FindPeerOptions, FindPeerResult } from './operations/find-peer.ts'
import type { FindProvidersOptions, FoundProvider } from './operations/find-providers.ts'
import type { FoundValue, GetOptions, GetResult } from './operations/get.ts'
import type { JoinResult } from './operations/join.ts'
import type { LookupResult } from './operations/lookup.ts'
import type { ProvideResult } from './operations/provide.ts'
import type { MutablePut, MutablePutResult, MutableValue } from './operations/put-mutable.ts'
import type { PutOptions, PutResult, StoreOptions, StoreResult } from './operations/put.ts'
import type { FindNodeResult, FindValueResult, PeerOrAddr, PingResult } from './operations/single.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { ValueStore } from '../store/value-store.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** How to start a {@link Kademlia}. */
export interface StartOptions extends OperationOptions {
  /** `later`: do not join yet, {@link Kademlia.rejoin} is called when the host can dial. Default `now`. */
  readonly join?: 'now' | 'later' | undefined
}

/**
 * A Kademlia node over any {@link Host}: the engine that every way of running
 * kadmium shares. `createNode` of `kadmium/node` gives you one over TCP.
 *
 * Keys and targets are strings or bytes. A value's key in bytes that begins with a
 * namespace known here, like `/pk/…`, is taken as it is; as a string it is read as
 * `parseRecordKey` does: `/immutable/Qm…`, `/mutable/12D3Koo…/name`. Any other lies in
 * the open namespace: `greeting` is `/kv/greeting`.
 *
 * Every operation on the network takes `{ signal, timeout, onProgress }`. It rejects with the
 * signal's reason when aborted, with {@link NotStartedError} when the node does
 * not run, with {@link TimeoutError} when so many others are under way that its turn does not come in time, and with {@link InvalidOptionError} before anybody is asked for what no peer
 * takes: an empty key or target, a key of more than 4,096 bytes, a target of more than
 * 15 KiB, a multihash of more than 80 bytes to provide or to find the providers of.
 *
 * @example
 *
 * ```typescript
 * import { Kademlia } from 'kadmium/engine'
 * import { VirtualClock, createMemoryNetwork } from 'kadmium/memory'
 *
 * const clock = new VirtualClock()
 * const network = createMemoryNetwork({ clock, seed: 1 })
 * const [a, b] = [1, 2].map(() => new Kademlia({ host: network.createHost(), protocol: '/example/1.0.0', clock }))
 *
 * await clock.run(Promise.all([a.start(), b.start()]))
 * await clock.run(b.join(a.self.addrs))
 * await clock.run(b.put('greeting', 'hello'))
 * const { value } = await clock.run(a.get('greeting'))
 * ```
 */
export class Kademlia {
  readonly #dht: DhtContext
  readonly #store: ValueStore
  readonly #server: RpcServer
  readonly #serving: Serving
  readonly #maintenance: Maintenance
  #mode: 'client' | 'server'
  #status: 'new' | 'running' | 'stopped' = 'new'
  readonly #unwatch: Array<() => void> = []
  /** Settles when all has begun but to join. */
  #begun = Promise.resolve()
  /** Settles when all is over, once it was stopped. */
  #over = Promise.resolve()

  /** @throws {InvalidOptionError} an option makes no sense */
  constructor (init: KademliaInit) {
    const config = configure(init)
    const { host, protocol, clock, random, clientIdle, serverIdle, requestTimeout, minTimeout, maxTimeout } = config
    const logOf = loggersOf(init.logPrefix ?? 'kadmium', init.logger)
    const log = logOf()
    const observer = init.observer && guardObserver(init.observer, log)
    const self = contactOf(host.self)
    const tasks = new Tasks(log)
    this.#mode = config.mode
    this.#store = init.values ?? new MemoryValueStore(clock)
    const maintained = { clock, random, tasks }
    const publications = init.publications ?? new MemoryPublicationStore()
    const publisher = new Publisher({ ...maintained, log: logOf('republisher'), store: publications, republish: async (ids, signal) => republish(this.#dht, ids, signal) })
    const holdings = new Holdings({ ...maintained, log: logOf('replicator'), interval: config.replicateInterval, replicate: async (ids, signal) => replicate(this.#dht, ids, signal) })
    const values = new Values({
      config,
      store: this.#store,
      publications,
      kinds: init.kinds ?? [],
      signal: tasks.signal,
      onKept: passesOn(config) ? (key, expires) => { holdings.kept(key, expires) } : undefined,
      onOutdone: async ({ key, value }) => { this.#dht.counts.superseded += Number(await publisher.remove(key, value)) }
    })
    const { maxRecordSize } = values
    const client = new RpcClient({ host, protocol, clock, maxRecordSize, idleMs: clientIdle, minTimeout, maxTimeout, observer: observer?.client })
    const providers = init.providers ?? new MemoryProviderStore(clock, { self: self.id })
    const peers = new Peers({
      config,
      client,
      self,
      tasks,
      log: logOf('routing-table'),
      networkLog: logOf('network'),
      onProbe: observer?.onProbe,
      onLost: () => { this.#maintenance.onLost() },
      onNew: contact => {
        this.#maintenance.onContact(contact)
        observer?.onContact(contact)
      },
      onGone: contact => { observer?.onContactGone(contact) }
    })
    this.#dht = createContext({ config, self, client, peers, values, tasks, log, providers, publisher, holdings, awaitContacts: async (ms, signals) => this.#maintenance.awaitContacts(ms, signals) })
    this.#server = new RpcServer({
      clock,
      maxRecordSize,
      idleMs: serverIdle,
      requestMs: requestTimeout,
      maxStreamsPerPeer: config.maxInboundStreams,
      handlers: handlersOf(this.#dht),
      observer: observer?.server
    })
    const rpcLog = logOf('rpc')
    this.#serving = new Serving(host, protocol, (stream, remote) => this.#server.serve(stream, remote).catch((err: unknown) => {
      rpcLog('a stream of %b ended: %e', remote.id, err)
      throw err
    }))
    this.#maintenance = new Maintenance(this.#dht, { store: this.#store, contacts: init.contacts, observer, logOf, rejoin: async signal => this.rejoin({ signal }) })
  }

  /** Who we are: our id, our key, and where we listen. */
  get self (): Contact {
    const { config: { host }, self } = this.#dht
    return { id: self.id, key: self.key, addrs: host.self.addrs }
  }

  /** The network we are on, as a protocol id. */
  get protocol (): string {
    return this.#dht.config.protocol
  }

  /** `server`: we answer requests; `client`: we only ask. */
  get mode (): 'client' | 'server' {
    return this.#mode
  }

  /** How many contacts the routing table holds. */
  get contacts (): number {
    return this.#dht.peers.table.size
  }

  /** How much this node keeps, what was refused and evicted, and what it did to keep values and provider records where they belong. */
  get counts (): NodeCounts {
    const { providers, publisher, holdings, counts, reproviding } = this.#dht
    return {
      values: this.#store.counts,
      providers: providers.counts,
      published: publisher.counts,
      held: holdings.counts,
      upkeep: counts,
      reproviding
    }
  }

  /**
   * What is going on inside, for dumps and statistics: look, and change nothing.
   *
   * @internal
   */
  get internals (): Pick<DhtContext, 'client' | 'config' | 'counts' | 'holdings' | 'peers' | 'publisher' | 'reproviding' | 'values'> & { readonly server: RpcServer, readonly store: ValueStore } {
    const { client, config, counts, holdings, peers, publisher, reproviding, values } = this.#dht
    return { client, config, counts, holdings, peers, publisher, reproviding, values, server: this.#server, store: this.#store }
  }

  /**
   * Begin to serve (unless a client) and join through the `bootstrap` addresses, if
   * any were given. If none of them answers, the node runs all the same and keeps
   * trying, less and less often. Resolves early when the node is stopped meanwhile. Called again, it
   * waits until all has begun but to join, and rejects as it did before.
   *
   * @throws {NotStartedError} it was stopped before: a node runs once
   * @throws {InvalidOptionError} `options` make no sense
   */
  async start (options: StartOptions = {}): Promise<void> {
    const { config: { bootstrap }, peers, tasks } = this.#dht
    checkOperation(options)
    if (this.#status !== 'new') {
      this.#running() // a node that was stopped says what to do
      return this.#begun
    }
    this.#status = 'running'
    this.#begun = this.#begin()
    await this.#begun
    if (!tasks.signal.aborted && options.join !== 'later' && (bootstrap.length > 0 || peers.remembered.length > 0)) {
      await this.rejoin(options)
    }
  }

  /**
   * Join through the `bootstrap` addresses and the contacts remembered from earlier. If
   * nobody answers, or nobody stays, keep trying in the background, less and less often.
   */
  async rejoin (options: OperationOptions = {}): Promise<void> {
    const { config: { bootstrap }, log } = this.#running(options)
    await this.join(bootstrap, options).catch(err => {
      options.signal?.throwIfAborted()
      log('could not join: %e', err)
    })
    if (this.contacts === 0) {
      this.#maintenance.onLost()
    }
  }

  /** Serve requests from now on, or only ask. As a server, the host must be one that others can dial. With `force`, even if the mode is set already. Throws an InvalidOptionError for any other mode. */
  async setMode (mode: 'client' | 'server', { force = false }: { readonly force?: boolean | undefined } = {}): Promise<void> {
    if (oneOf('mode', mode, MODES) === this.#mode && !force) {
      return
    }
    const before = this.#mode
    this.#mode = mode
    if (this.#status !== 'running') {
      return
    }
    try {
      await (mode === 'server' ? this.#serving.begin() : this.#serving.end())
    } catch (err) {
      this.#mode = this.#mode === mode ? before : this.#mode // it may have been set again meanwhile
      throw err
    }
  }

  /** Look ourselves up, and a key in every bucket: whatever changed in the network is in the routing table afterwards. Deadline: 180 s. */
  async refresh (options: OperationOptions = {}): Promise<void> {
    await refresh(this.#running(options), options)
  }

  /** Leave: stop serving, abort what is under way, close every stream. Nothing of the DHT runs afterwards, whoever stopped it first. */
  async stop (): Promise<void> {
    const isRunning = this.#status === 'running'
    this.#status = 'stopped'
    if (isRunning) {
      this.#over = this.#end()
    }
    await this.#over
  }

  /**
   * Join a network through its nodes at `addrs` (multiaddrs, as text or binary): ping each, enter
   * those that answer, look ourselves up, refresh the buckets farther away. Contacts
   * that were lost before are asked too.
   *
   * @throws {InvalidOptionError} `addrs` is no array, or one of them no address
   * @throws {NoPeersError} nobody answered; the message says why at each address
   */
  async join (addrs: ReadonlyArray<string | Uint8Array>, options?: OperationOptions): Promise<JoinResult> {
    return this.#whileRunning(async dht => join(dht, parseAddrs('addrs', addrs, dht.config.parseAddr), dht.peers.remembered, options), options)
  }

  /**
   * Is this node alive, and how fast? Deadline: 20 s.
   *
   * @throws {DialError} it cannot be reached
   * @throws {UnsupportedProtocolError} it is on another network, or a client
   * @throws {TimeoutError} it does not answer
   */
  async ping (peer: PeerOrAddr, options?: OperationOptions): Promise<PingResult> {
    return ping(this.#running(options), peer, options)
  }

  /**
   * Have one node keep a value.
   *
   * @throws {ValueTooLargeError} the value is over `maxValueSize`
   * @throws {StreamResetError} the node refused it
   * @throws as {@link Kademlia.ping}
   */
  async store (peer: PeerOrAddr, key: string | Uint8Array, value: string | Uint8Array, options?: StoreOptions): Promise<StoreResult> {
    return this.#whileRunning(async dht => store(dht, peer, key, value, options), options)
  }

  /**
   * Ask one node for the peers it knows closest to SHA-256 of `target`.
   *
   * @throws as {@link Kademlia.ping}
   */
  async findNode (peer: PeerOrAddr, target: string | Uint8Array, options?: OperationOptions): Promise<FindNodeResult> {
    return findNodeAt(this.#running(options), peer, target, options)
  }

  /**
   * Ask one node for the value at `key`, and the peers it knows closest to it.
   *
   * @throws as {@link Kademlia.ping}
   */
  async findValue (peer: PeerOrAddr, key: string | Uint8Array, options?: OperationOptions): Promise<FindValueResult> {
    return this.#whileRunning(async dht => findValueAt(dht, peer, key, options), options)
  }

  /**
   * The node lookup (Kademlia paper, §2.3) with all there is to say of it: the k
   * closest peers to SHA-256 of `target`, hops, requests, time. The target is taken as it
   * is: where a value lies says its record key, `/kv/greeting` rather than `greeting`.
   * Deadline: 60 s, after which the result is what was found so far.
   */
  async lookup (target: string | Uint8Array, options?: OperationOptions): Promise<LookupResult> {
    return lookUp(this.#running(options), toBytes('the target', target), options)
  }

  /** The k closest peers to SHA-256 of `target`, closest first: {@link Kademlia.lookup} for a loop. */
  async * getClosestPeers (target: string | Uint8Array, options?: OperationOptions): AsyncGenerator<Contact> {
    const { closest } = await this.lookup(target, options)
    yield * closest
  }

  /**
   * Keep a value at the k peers closest to its key for the life of `ttl`, and say where
   * it is. With `republish` (the default, but on libp2p networks) it is sent out again before
   * its life is over, until {@link Kademlia.unpublish}, after a restart too if `publications`
   * outlives it. With nobody to keep it, `storedAt` is empty and the value lies with us
   * alone. Deadline: 180 s.
   *
   * @throws {InvalidOptionError} a `ttl` that is none, or over `maxValueTtl`
   * @throws {ValueTooLargeError} the value is over `maxValueSize`
   * @throws {InvalidRecordError} the key's namespace refuses it
   */
  async put (key: string | Uint8Array, value: string | Uint8Array, options?: PutOptions): Promise<PutResult> {
    return this.#whileRunning(async dht => put(dht, key, value, options), options)
  }

  /**
   * Keep the value at `key` alive no longer: it is there until its life is over. Returns
   * whether we kept it alive at all.
   */
  async unpublish (key: string | Uint8Array): Promise<boolean> {
    const { publisher, values } = this.#dht
    return publisher.remove(values.keyOf(key))
  }

  /**
   * Keep a value at the k peers closest to its own hash: its key is in the result, and
   * whatever is found there is this value. Deadline: 180 s.
   *
   * @throws {ValueTooLargeError} the value is over `maxValueSize`
   */
  async putImmutable (value: string | Uint8Array, options?: PutOptions): Promise<PutResult> {
    const bytes = toBytes('the value', value)
    return this.#whileRunning(async dht => put(dht, immutableKeyOf(bytes), bytes, options), options)
  }

  /**
   * Write the next version of a value that only the holder of `privateKey` can write (as
   * BEP 44 has it). Deadlines: of a get, then of a put; a `timeout` is for both.
   *
   * @throws {ValueTooLargeError} the value is over `maxValueSize`
   * @throws {SequenceMismatchError} `cas` is not the sequence that was found, nor 0 where nothing was
   * @throws {TimeoutError} to find the newest version took all of the time: nothing was written
   * @throws {InvalidOptionError} no Ed25519 private key, or a salt of more than 64 bytes
   */
  async putMutable (privateKey: Ed25519PrivateKey, init: MutablePut): Promise<MutablePutResult> {
    return this.#whileRunning(async dht => putMutable(dht, privateKey, init), anObject('what is put (value, salt, cas)', init))
  }

  /**
   * The newest version of the mutable value at a record key, `/mutable/12D3Koo…/name` or the bytes of
   * `mutableKeyOf`: what {@link Kademlia.get} finds there, and its sequence. Deadline: 120 s.
   *
   * @throws {InvalidOptionError} `key` is none of a mutable value
   * @throws {InvalidKeyError} it begins like the text of one, and is none
   * @throws {ValueNotFoundError} nobody who answered has one
   * @throws {NoPeersError} nobody answered
   * @throws {TimeoutError} nobody did in time
   */
  async getMutable (key: string | Uint8Array, options?: GetOptions): Promise<MutableValue> {
    return this.#whileRunning(async dht => getMutable(dht, key, options), options)
  }

  /**
   * The best value at `key` (in the open namespace: the newest). Deadline: 120 s.
   *
   * @throws {ValueNotFoundError} nobody who answered has one
   * @throws {NoPeersError} nobody answered
   * @throws {TimeoutError} nobody did in time
   */
  async get (key: string | Uint8Array, options?: GetOptions): Promise<GetResult> {
    return this.#whileRunning(async dht => get(dht, key, options), options)
  }

  /** The values at `key` as they come in, each better than the one before: {@link Kademlia.get} for a loop. Ends without any if there is none. */
  async * searchValue (key: string | Uint8Array, options?: GetOptions): AsyncGenerator<FoundValue> {
    try {
      yield * this.#each(dht => searchValue(dht, key, options), options)
    } catch (err) {
      if (!(err instanceof ValueNotFoundError)) {
        throw err
      }
    }
  }

  /**
   * Tell the k peers closest to the multihash `key` (`cid.multihash.bytes` of a CID) that we provide it, now and again
   * before they forget, until {@link Kademlia.unprovide}. Deadline: 120 s.
   */
  async provide (key: Uint8Array, options?: OperationOptions): Promise<ProvideResult> {
    return this.#whileRunning(async dht => provide(dht, key, options), options)
  }

  /** Provide the multihash `key` no longer. Those that were told forget it when its life is over. */
  async unprovide (key: Uint8Array): Promise<void> {
    await unprovide(this.#dht, key)
  }

  /** The providers of the multihash `key` as they come in, at most k unless told otherwise. Deadline: 120 s. */
  async * findProviders (key: Uint8Array, options?: FindProvidersOptions): AsyncGenerator<FoundProvider> {
    yield * this.#each(dht => findProviders(dht, key, options), options)
  }

  /**
   * Where the peer with this PeerId is, text (`12D3Koo…`) or its multihash; undefined if nobody who answers knows. Deadline: 60 s.
   *
   * @throws {InvalidOptionError} a text that is no PeerId
   */
  async findPeer (peerId: string | Uint8Array, options?: FindPeerOptions): Promise<FindPeerResult | undefined> {
    return findPeer(this.#running(options), peerId, options)
  }

  async #begin (): Promise<void> {
    const { config: { host, protocol }, peers, tasks } = this.#dht
    if (this.#mode === 'server') {
      await this.#serving.begin()
    }
    if (tasks.signal.aborted) {
      return
    }
    this.#unwatch.push(host.watch(protocol, {
      onConnect (peer) { peers.verify(peer) },
      onDisconnect () {},
      onUnsupported (peer) { peers.drop(peer) }
    }), host.watchAddrs?.(() => { this.#onAddrs() }) ?? (() => {}))
    await this.#maintenance.contacts.load()
    if (!tasks.signal.aborted) {
      this.#maintenance.begin()
    }
  }

  /** A client is dialled by nobody, wherever it is. */
  #onAddrs (): void {
    if (this.#mode === 'server') {
      this.#maintenance.onAddrs()
    }
  }

  async #end (): Promise<void> {
    const { tasks, client } = this.#dht
    this.#unwatch.forEach(unwatch => { unwatch() })
    await tasks.stop(new NotStartedError('the node was stopped'))
    await this.#begun.catch(() => {}) // who has started it hears of that
    await this.#serving.end()
    await client.close()
    await this.#maintenance.contacts.save()
  }

  /** Do `work`; if it fails when the node was stopped meanwhile, that is why, whatever it says. */
  async #whileRunning<T> (work: (dht: DhtContext) => Promise<T>, options: OperationOptions | undefined): Promise<T> {
    const dht = this.#running(options)
    try {
      // a kind of values or a store may take its time, and knows of no signal
      return await abortable(work(dht), options?.signal, dht.tasks.signal)
    } catch (err) {
      dht.tasks.signal.throwIfAborted()
      throw err
    }
  }

  /** The same for a loop. */
  async * #each<T> (begin: (dht: DhtContext) => AsyncGenerator<T>, options: OperationOptions | undefined): AsyncGenerator<T> {
    const items = begin(this.#running(options))
    try {
      while (true) {
        const { done, value } = await this.#whileRunning(async () => items.next(), options)
        if (done === true) {
          return
        }
        yield value
      }
    } finally {
      items.return(undefined).catch(() => {}) // not awaited: it may wait itself
    }
  }

  /** What operations work on, if they may begin, and their options are some. */
  #running (options?: OperationOptions): DhtContext {
    if (this.#status !== 'running') {
      throw new NotStartedError(this.#status === 'new'
        ? 'this node was not started: await node.start() first'
        : 'this node was stopped: create another')
    }
    checkOperation(options)
    return this.#dht
  }
}
