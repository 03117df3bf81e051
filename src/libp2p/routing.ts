import { NotFoundError } from '@libp2p/interface'
import drain from 'it-drain'
import { InvalidRecordError } from '../record/invalid-record.ts'
import { query } from './query.ts'
import type { KadDHT } from './kad-dht.ts'
import type { ContentRouting, PeerId, PeerInfo, PeerRouting, Provider, RoutingOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** The service as libp2p's content routing asks it. */
export class DHTContentRouting implements ContentRouting {
  readonly #dht: KadDHT

  constructor (dht: KadDHT) {
    this.#dht = dht
  }

  async provide (cid: CID, options?: RoutingOptions): Promise<void> {
    await drain(this.#dht.provide(cid, options))
  }

  async cancelReprovide (cid: CID, options?: RoutingOptions): Promise<void> {
    await this.#dht.cancelReprovide(cid, options)
  }

  findProviders (cid: CID, options?: RoutingOptions): AsyncGenerator<Provider, void, undefined> {
    return query<Provider>(async (tell, signal, wanted) => {
      for await (const event of this.#dht.findProviders(cid, { ...options, signal })) {
        if (event.name === 'PROVIDER') {
          event.providers.forEach(peer => { tell({ ...peer, routing: 'kad-dht' }) })
          await wanted()
        }
      }
    }, options?.signal)
  }

  async put (key: Uint8Array, value: Uint8Array, options?: RoutingOptions): Promise<void> {
    await drain(this.#dht.put(key, value, options))
  }

  /** @throws {NotFoundError} nobody has a value, or none that is valid here: the message says why */
  async get (key: Uint8Array, options?: RoutingOptions): Promise<Uint8Array> {
    let refusal = ''
    for await (const event of this.#dht.get(key, options)) {
      if (event.name === 'VALUE') {
        return event.value
      }
      if (event.name === 'QUERY_ERROR' && event.error instanceof InvalidRecordError) {
        refusal = ` that is valid here: ${event.error.message}`
      }
    }
    throw new NotFoundError(`nobody who was asked has a value at this key${refusal}`)
  }
}

/** The service as libp2p's peer routing asks it. */
export class DHTPeerRouting implements PeerRouting {
  readonly #dht: KadDHT

  constructor (dht: KadDHT) {
    this.#dht = dht
  }

  /** @throws {NotFoundError} nobody knows where the peer is */
  async findPeer (peerId: PeerId, options?: RoutingOptions): Promise<PeerInfo> {
    for await (const event of this.#dht.findPeer(peerId, options)) {
      if (event.name === 'FINAL_PEER') {
        return event.peer
      }
    }
    throw new NotFoundError('nobody who was asked knows where this peer is')
  }

  getClosestPeers (key: Uint8Array, options?: RoutingOptions): AsyncGenerator<PeerInfo, void, undefined> {
    return query<PeerInfo>(async (tell, signal) => {
      for await (const event of this.#dht.getClosestPeers(key, { ...options, signal })) {
        if (event.name === 'FINAL_PEER') {
          tell(event.peer)
        }
      }
    }, options?.signal)
  }
}
