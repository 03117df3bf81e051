import { generateKeyPair, privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createIPNSRecord, marshalIPNSRecord, multihashToIPNSRoutingKey, unmarshalIPNSRecord } from 'ipns'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { decode } from 'multiformats/hashes/digest'
import { toString } from 'uint8arrays/to-string'
import { toPeerInfos } from '../../../src/libp2p/peer-info.ts'
import { best, closestPeers, findPeer, findProviders, get, provide, put } from '../ask.ts'
import { createInteropNode } from '../node.ts'
import { idBytes } from './our-client.ts'
import type { Outcome } from '../ask.ts'
import type { InteropNode } from '../node.ts'
import type { LivePeer, LivePeerInit, Identified, Resolved } from './live-peer.ts'
import type { OurClient } from './our-client.ts'
import type { Whereabouts } from './reply.ts'
import type { PeerInfo as OurPeerInfo } from '../../../src/keyspace/contact.ts'
import type { PeerInfo, PrivateKey } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

/** Milliseconds that the IPNS records of the tests are valid. */
const NAME_LIFE = 3_600_000

export interface OurPeerInit extends LivePeerInit {
  readonly datastore?: Datastore
}

/** A node of ours in libp2p. Its single requests are sent by a client that is ours, too. */
export class OurPeer implements LivePeer {
  readonly kind = 'ours'
  readonly node: InteropNode
  readonly #client: OurClient
  readonly #names = new Map<string, PrivateKey>()

  private constructor (node: InteropNode, client: OurClient) {
    this.node = node
    this.#client = client
  }

  static async start (client: OurClient, { client: clientMode = false, key, datastore }: OurPeerInit = {}): Promise<OurPeer> {
    const privateKey = key == null ? undefined : privateKeyFromProtobuf(key)
    return new OurPeer(await createInteropNode('ours', { clientMode, privateKey, datastore }), client)
  }

  get id (): string {
    return this.node.libp2p.peerId.toString()
  }

  get addrs (): string[] {
    return this.node.libp2p.getMultiaddrs().map(String)
  }

  async connect (other: LivePeer): Promise<void> {
    await this.node.libp2p.dial(other.addrs.map(addr => multiaddr(addr)))
  }

  async identify (other: LivePeer): Promise<Identified> {
    const { protocols, metadata } = await this.node.libp2p.peerStore.get(peerIdFromString(other.id))
    return { agent: toString(metadata.get('AgentVersion') ?? new Uint8Array()), protocols }
  }

  async tableSize (): Promise<number> {
    return this.node.dht.routingTable.size
  }

  /** To GET_PROVIDERS ours names contacts only, a contact at the key first. FIND_NODE for its id would name a client that is connected, too. */
  async hasContact (id: string): Promise<boolean> {
    const { closer } = await this.#client.ask(this, { type: 'get-providers', key: idBytes(id) })
    return whereaboutsOfAll(closer).some(({ peer }) => peer === id)
  }

  async closest (key: Uint8Array): Promise<string[]> {
    const { peers } = flawless(await closestPeers(this.node, key))
    return peers.map(({ id }) => id.toString())
  }

  async findPeer (id: string): Promise<readonly string[]> {
    const { peers } = await findPeer(this.node, peerIdFromString(id), { useCache: false })
    return peers.flatMap(peer => whereabouts(peer).addrs)
  }

  async put (key: Uint8Array, value: Uint8Array): Promise<void> {
    flawless(await put(this.node, key, value))
  }

  async get (key: Uint8Array): Promise<Uint8Array | undefined> {
    return best(flawless(await get(this.node, key)))
  }

  async provide (hash: Uint8Array): Promise<void> {
    flawless(await provide(this.node, cidOf(hash)))
  }

  async findProviders (hash: Uint8Array): Promise<Whereabouts[]> {
    return [...flawless(await findProviders(this.node, cidOf(hash))).providers.values()].map(whereabouts)
  }

  async publish ({ path, sequence }: Resolved, name?: string): Promise<string> {
    const privateKey = this.#names.get(name ?? '') ?? await generateKeyPair('Ed25519')
    const id = peerIdFromPrivateKey(privateKey)
    this.#names.set(id.toString(), privateKey)
    await this.put(multihashToIPNSRoutingKey(id.toMultihash()), marshalIPNSRecord(await createIPNSRecord(privateKey, path, sequence, NAME_LIFE)))
    return id.toString()
  }

  async resolve (name: string): Promise<Resolved> {
    const bytes = await this.get(nameKey(name)) // a record that is not valid is never got
    if (bytes == null) {
      throw new Error(`nobody has a record of ${name}`)
    }
    const { value, sequence } = unmarshalIPNSRecord(bytes)
    return { path: value, sequence: Number(sequence) }
  }

  async closestAt (other: LivePeer, key: Uint8Array): Promise<Whereabouts[]> {
    const { closer } = await this.#client.ask(other, { type: 'find-node', target: key })
    return whereaboutsOfAll(closer)
  }

  async putAt (other: LivePeer, key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#client.ask(other, { type: 'put-value', record: { key, value } })
  }

  async valueAt (other: LivePeer, key: Uint8Array): Promise<Uint8Array | undefined> {
    const { record } = await this.#client.ask(other, { type: 'get-value', key })
    return record?.value
  }

  async providersAt (other: LivePeer, hash: Uint8Array): Promise<Whereabouts[]> {
    const { providers } = await this.#client.ask(other, { type: 'get-providers', key: hash })
    return whereaboutsOfAll(providers)
  }

  async stop (): Promise<void> {
    await this.node.libp2p.stop()
  }
}

/** The key of the record of an IPNS name, given as a peer id. */
export function nameKey (name: string): Uint8Array {
  return multihashToIPNSRoutingKey(peerIdFromString(name).toMultihash())
}

/** The outcome of an operation in which every request was answered. */
function flawless (outcome: Outcome): Outcome {
  if (outcome.errors.length > 0) {
    throw new AggregateError(outcome.errors, `requests failed: ${outcome.errors.map(({ message }) => message).join('; ')}`)
  }
  return outcome
}

function cidOf (hash: Uint8Array): CID {
  return CID.createV1(raw.code, decode(hash))
}

function whereaboutsOfAll (peers: readonly OurPeerInfo[]): Whereabouts[] {
  return toPeerInfos(peers).map(whereabouts)
}

function whereabouts ({ id, multiaddrs }: PeerInfo): Whereabouts {
  return { peer: id.toString(), addrs: multiaddrs.map(addr => `${addr.toString().replace(/\/p2p\/.*/, '')}/p2p/${id}`) }
}
