import { EventTypes } from './events.ts'
import type { DHTRecord, DisjointPath, MessageType, PeerResponseEvent } from './events.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { PeerInfo as Libp2pPeerInfo, PeerId } from '@libp2p/interface'

export interface PeerResponseInit {
  readonly from: PeerId
  readonly messageType: MessageType
  readonly closer: readonly PeerInfo[]
  readonly providers: readonly PeerInfo[]
  readonly record: DHTRecord | undefined
  readonly path: DisjointPath
  /** Makes of peers what libp2p knows as such. */
  read (peers: readonly PeerInfo[]): Libp2pPeerInfo[]
}

/**
 * An answer as an event. Few look at the peers of every answer: they are read when somebody does.
 *
 * `closer` and `providers` are properties of the event itself, as spreading it expects, but their getters
 * are the same for all events. An object literal has functions of its own for each, and so to V8
 * a shape of its own, which keeps them, and all of the answer, until the next full garbage
 * collection.
 */
export class PeerResponse implements PeerResponseEvent {
  readonly type = EventTypes.PEER_RESPONSE
  readonly name = 'PEER_RESPONSE'
  readonly from: PeerId
  readonly messageName: MessageType
  readonly messageType: MessageType
  declare readonly closer: Libp2pPeerInfo[]
  declare readonly providers: Libp2pPeerInfo[]
  readonly record: DHTRecord | undefined
  readonly path: DisjointPath
  readonly #init: PeerResponseInit

  static readonly #PEERS = { closer: PeerResponse.#peers('closer'), providers: PeerResponse.#peers('providers') }

  /** The property `name`: who is read becomes its value. */
  static #peers (name: 'closer' | 'providers'): PropertyDescriptor & ThisType<PeerResponse> {
    return {
      configurable: true,
      enumerable: true,
      get () {
        const value = this.#init.read(this.#init[name])
        Object.defineProperty(this, name, { configurable: true, enumerable: true, value })
        return value
      }
    }
  }

  constructor (init: PeerResponseInit) {
    this.#init = init
    this.from = init.from
    this.messageName = init.messageType
    this.messageType = init.messageType
    Object.defineProperties(this, PeerResponse.#PEERS)
    this.record = init.record
    this.path = init.path
  }
}
