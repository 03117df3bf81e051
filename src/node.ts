/**
 * @packageDocumentation
 *
 * A standalone Kademlia node over raw TCP, for Node.js.
 *
 * @example
 *
 * ```typescript
 * import { createNode } from 'kadmium/node'
 *
 * const root = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
 * const node = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: root.addresses })
 *
 * await node.put('greeting', 'hello')
 * const { value } = await root.get('greeting')
 * console.log(new TextDecoder().decode(value)) // hello
 *
 * await node.stop()
 * await root.stop()
 * ```
 */

import { generateKeyPair } from '@libp2p/crypto/keys'
import { systemClock } from './clock/clock.ts'
import { openDataDir } from './data-dir/data-dir.ts'
import { makeFolder } from './data-dir/folder.ts'
import { parseAddrs } from './dht/config.ts'
import { InvalidOptionError } from './dht/errors.ts'
import { Kademlia } from './dht/kademlia.ts'
import { anObject, checkOperation, ed25519Key, flag, having, networkId, oneOf, orInfinity } from './dht/option-checks.ts'
import { writeLookup, writeState } from './dump/write.ts'
import { formatAddress, parseAddress, parseRemoteAddress } from './hosts/tcp/address.ts'
import { createTcpHost } from './hosts/tcp/host.ts'
import { loadOrCreateIdentity, peerIdText } from './hosts/tcp/identity.ts'
import type { RowCounts } from './data-dir/count-rows.ts'
import type { DataDir } from './data-dir/data-dir.ts'
import type { KademliaInit } from './dht/init.ts'
import type { LookupResult } from './dht/operations/lookup.ts'
import type { TcpHost, TcpHostInit } from './hosts/tcp/host.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

export { openDataDir } from './data-dir/data-dir.ts'
export { DataDirError, DataDirInUseError, DiskFullError } from './data-dir/errors.ts'
export type { RowCounts } from './data-dir/count-rows.ts'
export type { DataDir, DataDirInit } from './data-dir/data-dir.ts'
export { createTcpHost } from './hosts/tcp/host.ts'
export { IdentityError, InvalidAddressError, InvalidCertificateError, ListenError, RemotePlainError } from './hosts/tcp/errors.ts'
export type { InboundLimits } from './hosts/tcp/admission.ts'
export type { SocketCounts, TcpHost, TcpHostInit } from './hosts/tcp/host.ts'
export { SealedDatastore } from './store/sealed-datastore.ts'
export type { SealedDatastoreInit } from './store/sealed-datastore.ts'

/** The network that nodes are on unless told otherwise. */
export const DEFAULT_NETWORK = '/kadmium/1.0.0'

/** What {@link createNode} takes: the options of the DHT, of its TCP host, and these. */
export interface NodeInit extends Omit<KademliaInit, 'host' | 'protocol' | 'parseAddr'>, Partial<Omit<TcpHostInit, 'clock' | 'privateKey'>> {
  /** The network, as a protocol id: nodes of another are refused. Default {@link DEFAULT_NETWORK}. */
  network?: string | undefined
  /**
   * The folder, made if need be, where the node keeps what comes back after a restart: its
   * identity (`identity.key`), and in a LevelDB (`db/`) values, provider records, the
   * publisher's list and the contacts of its routing table, but for those whose store is
   * given. One process at a time. Default: none, and all of it in memory.
   */
  dataDir?: string | undefined
  /** The identity. Default: the one in `dataDir`, or a new one. */
  privateKey?: Ed25519PrivateKey | undefined
  /** Start at once? If not, call {@link Kademlia.start} yourself, with a signal and `onProgress` if you like. Default true. */
  start?: boolean | undefined
  /** Ends the making of the node; one that is made is ended by {@link KadNode.stop}. */
  signal?: AbortSignal | undefined
}

/** Every option that there is. */
const OPTIONS: Readonly<Record<keyof NodeInit, true>> = {
  network: true,
  dataDir: true,
  privateKey: true,
  start: true,
  signal: true,
  listen: true,
  announce: true,
  security: true,
  allowRemotePlain: true,
  limits: true,
  agent: true,
  bootstrap: true,
  mode: true,
  k: true,
  alpha: true,
  disjointPaths: true,
  prefixLength: true,
  splitThreshold: true,
  maxValueSize: true,
  valueTtl: true,
  maxValueTtl: true,
  republish: true,
  replicateInterval: true,
  handOver: true,
  cacheFound: true,
  scope: true,
  probe: true,
  selectAddrs: true,
  kinds: true,
  values: true,
  providers: true,
  publications: true,
  contacts: true,
  selfLookupInterval: true,
  firstSelfLookup: true,
  refreshInterval: true,
  reprovide: true,
  collectInterval: true,
  clientIdle: true,
  serverIdle: true,
  maxInboundStreams: true,
  requestTimeout: true,
  minTimeout: true,
  maxTimeout: true,
  maxVerifications: true,
  maxVerificationsWaiting: true,
  verificationTimeout: true,
  maxChecks: true,
  maxChecksWaiting: true,
  checkTimeout: true,
  awaitContacts: true,
  clock: true,
  random: true,
  logger: true,
  logPrefix: true,
  observer: true
}

/** A {@link Kademlia} over raw TCP, with what there is to say and to stop of that. */
export class KadNode extends Kademlia {
  readonly #host: TcpHost
  readonly #dataDir: DataDir | undefined

  /** {@link createNode} makes one. */
  constructor (host: TcpHost, init: KademliaInit, dataDir?: DataDir) {
    super(init)
    this.#host = host
    this.#dataDir = dataDir
  }

  /** What came back from the data directory; undefined without one. */
  get restored (): RowCounts | undefined {
    return this.#dataDir?.restored
  }

  /** Our PeerId as text, `12D3Koo…`. */
  get peerId (): string {
    return peerIdText(this.self.id)
  }

  /** Where we can be dialled, as multiaddrs that end in our PeerId. Empty for a client. */
  get addresses (): string[] {
    return this.self.addrs.map(addr => formatAddress(addr, this.self.id))
  }

  /** Leave the network, close every socket, then the data directory. Nothing is left running afterwards. */
  override async stop (): Promise<void> {
    try {
      await super.stop()
      await this.#host.stop()
    } finally {
      await this.#dataDir?.close()
    }
  }

  /** `await using node = await createNode()`: {@link KadNode.stop} when the block ends. */
  async [Symbol.asyncDispose] (): Promise<void> {
    await this.stop()
  }

  /**
   * Write all that is going on inside to `path` as JSON and to `path.plantuml` as
   * PlantUML. Parent folders are made, the files replaced at once.
   */
  async dumpState (path: string): Promise<void> {
    await writeState(this, path)
  }

  /** Write what a lookup found to `path` and `path.plantuml`, closest first. */
  async dumpLookup (lookup: LookupResult, path: string): Promise<void> {
    await writeLookup(lookup, path)
  }
}

/**
 * Make a node: create or load its identity, open its stores, listen, start it, join through
 * `bootstrap`. `signal` ends that; a node that is made is ended by {@link KadNode.stop}.
 *
 * @throws {InvalidOptionError} an option makes no sense, or none has that name
 * @throws {InvalidAddressError} an address is none, or cannot be what it is given for
 * @throws {ListenError} an address to listen on is in use, or not ours
 * @throws {IdentityError} the identity in `dataDir` cannot be read
 * @throws {DataDirInUseError} a node runs in `dataDir` already
 * @throws {DataDirError} `dataDir` is empty, cannot be made or written, or its database not be repaired
 */
export async function createNode (init: NodeInit = {}): Promise<KadNode> {
  check(init)
  if (init.dataDir == null) {
    const privateKey = init.privateKey ?? await generateKeyPair('Ed25519')
    return assemble({ ...init, privateKey })
  }
  const { clock, logger, signal } = init
  const dir = await makeFolder(init.dataDir)
  const privateKey = init.privateKey ?? await loadOrCreateIdentity(dir)
  const dataDir = await openDataDir({ dir, self: privateKey.publicKey.toMultihash().bytes, clock, logger, signal })
  try {
    return await assemble({ ...init, privateKey }, dataDir)
  } catch (err) {
    await dataDir.close()
    throw err
  }
}

async function assemble (init: NodeInit & { readonly privateKey: Ed25519PrivateKey }, dataDir?: DataDir): Promise<KadNode> {
  const { network = DEFAULT_NETWORK, mode = 'server', clock = systemClock, signal } = init
  const listen = init.listen ?? (mode === 'client' ? [] : undefined)
  signal?.throwIfAborted()
  const host = await createTcpHost({ ...init, listen, clock })
  let node: KadNode | undefined
  try {
    const dht = { ...init, ...storesOf(init, dataDir), host, clock, mode, protocol: networkId('network', network), parseAddr: parseRemoteAddress }
    node = new KadNode(host, dht, dataDir)
    if (init.start !== false) {
      await node.start({ signal })
    }
    return node
  } catch (err) {
    await node?.stop()
    await host.stop()
    throw err
  }
}

/** What is not for the engine, which checks the rest. */
function check (init: NodeInit): void {
  const { signal, clock } = anObject('the options of createNode', init)
  for (const name of Object.keys(init)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new InvalidOptionError(`${JSON.stringify(name)} is no option of createNode, which has ${Object.keys(OPTIONS).join(', ')}`)
    }
  }
  checkOperation({ signal })
  having('clock', clock, 'schedule', 'a Clock')
  const { security = 'tls', listen = [], announce = [], start = true, allowRemotePlain = false, limits = {}, dataDir = '', privateKey } = init
  oneOf('security', security, ['tls', 'plain'])
  parseAddrs('listen', listen ?? [], parseAddress)
  parseAddrs('announce', announce ?? [], parseRemoteAddress)
  flag('start', start)
  flag('allowRemotePlain', allowRemotePlain)
  for (const [name, value] of Object.entries(anObject('limits', limits))) {
    if (value != null) {
      orInfinity(`limits.${name}`, value, 0)
    }
  }
  if (dataDir != null && typeof dataDir !== 'string') {
    throw new InvalidOptionError('dataDir must be the path of a folder, as text')
  }
  if (privateKey != null) {
    ed25519Key('privateKey', privateKey)
  }
}

/** The stores that were given, and those of the data directory for the rest. */
function storesOf ({ values, providers, publications, contacts }: NodeInit, dataDir?: DataDir): Pick<KademliaInit, 'values' | 'providers' | 'publications' | 'contacts'> {
  return {
    values: values ?? dataDir?.values,
    providers: providers ?? dataDir?.providers,
    publications: publications ?? dataDir?.publications,
    contacts: contacts ?? dataDir?.contacts
  }
}
