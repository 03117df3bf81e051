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
import { Kademlia } from './dht/kademlia.ts'
import { writeLookup, writeState } from './dump/write.ts'
import { formatAddress, parseAddress } from './hosts/tcp/address.ts'
import { createTcpHost } from './hosts/tcp/host.ts'
import { loadOrCreateIdentity, peerIdText } from './hosts/tcp/identity.ts'
import type { KademliaInit } from './dht/config.ts'
import type { LookupResult } from './dht/operations/lookup.ts'
import type { TcpHost, TcpHostInit } from './hosts/tcp/host.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

export { createTcpHost } from './hosts/tcp/host.ts'
export { IdentityError, InvalidAddressError, InvalidCertificateError, ListenError, RemotePlainError } from './hosts/tcp/errors.ts'
export type { InboundLimits } from './hosts/tcp/admission.ts'
export type { SocketCounts, TcpHost, TcpHostInit } from './hosts/tcp/host.ts'

/** The network that nodes are on unless told otherwise. */
export const DEFAULT_NETWORK = '/kadmium/1.0.0'

/** What {@link createNode} takes: the options of the DHT, of its TCP host, and these. */
export interface NodeInit extends Omit<KademliaInit, 'host' | 'protocol' | 'parseAddr'>, Partial<Omit<TcpHostInit, 'clock' | 'privateKey'>> {
  /** The network, as a protocol id: nodes of another are refused. Default {@link DEFAULT_NETWORK}. */
  network?: string
  /** The folder where the identity is kept, made if need be. Default: none, and a new identity each time. */
  dataDir?: string
  /** The identity. Default: the one in `dataDir`, or a new one. */
  privateKey?: Ed25519PrivateKey
  /** Start at once? If not, call {@link Kademlia.start} yourself, with a signal and `onProgress` if you like. Default true. */
  start?: boolean
}

/** A {@link Kademlia} over raw TCP, with what there is to say and to stop of that. */
export class KadNode extends Kademlia {
  readonly #host: TcpHost

  /** {@link createNode} makes one. */
  constructor (host: TcpHost, init: KademliaInit) {
    super(init)
    this.#host = host
  }

  /** Our PeerId as text, `12D3Koo…`. */
  get peerId (): string {
    return peerIdText(this.self.id)
  }

  /** Where we can be dialled, as multiaddrs that end in our PeerId. Empty for a client. */
  get addresses (): string[] {
    return this.self.addrs.map(addr => formatAddress(addr, this.self.id))
  }

  /** Leave the network and close every socket. Nothing is left running afterwards. */
  override async stop (): Promise<void> {
    await super.stop()
    await this.#host.stop()
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
 * Make a node: create or load its identity, listen, start it, join through `bootstrap`.
 *
 * @throws {InvalidOptionError} an option makes no sense
 * @throws {ListenError} an address to listen on is in use, or not ours
 * @throws {IdentityError} the identity in `dataDir` cannot be read
 */
export async function createNode (init: NodeInit = {}): Promise<KadNode> {
  const { network = DEFAULT_NETWORK, dataDir, mode = 'server', clock = systemClock } = init
  const privateKey = init.privateKey ?? (dataDir == null ? await generateKeyPair('Ed25519') : await loadOrCreateIdentity(dataDir))
  const listen = init.listen ?? (mode === 'client' ? [] : undefined)
  const host = await createTcpHost({ ...init, privateKey, listen, clock })
  try {
    const node = new KadNode(host, { ...init, host, clock, mode, protocol: network, parseAddr: parseAddress })
    if (init.start !== false) {
      await node.start()
    }
    return node
  } catch (err) {
    await host.stop()
    throw err
  }
}
