import { CustomProgressEvent } from 'progress-events'
import { EventTypes, MessageType } from './events.ts'
import { peerIdOf, toPeerInfo, toPeerInfos } from './peer-info.ts'
import { PeerResponse } from './peer-response.ts'
import type { DHTRecord, DisjointPath, FinalPeerEvent, QueryEvent } from './events.ts'
import type { PeerResponseInit } from './peer-response.ts'
import type { DhtEvent } from '../dht/events.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { ValueRecord } from '../record/record.ts'
import type { Request, Response } from '../wire/rpc.ts'
import type { PeerInfo as Libp2pPeerInfo, PeerId, RoutingOptions } from '@libp2p/interface'

const MESSAGE_TYPES = {
  ping: MessageType.PING,
  'find-node': MessageType.FIND_NODE,
  'get-value': MessageType.GET_VALUE,
  'put-value': MessageType.PUT_VALUE,
  'get-providers': MessageType.GET_PROVIDERS,
  'add-provider': MessageType.ADD_PROVIDER
} as const satisfies { [type in Request['type']]: MessageType }

/** What was known before anybody was asked lies on no path. */
const OWN_PATH: DisjointPath = { index: -1, queued: 0, running: 0, total: 0 }

export interface TranslatorInit {
  readonly self: PeerId
  readonly onProgress: RoutingOptions['onProgress']
  /** A peer that somebody named, with the addresses that are believed. */
  heard (peer: PeerInfo): Contact
  /** Is a stream to this peer open? */
  isOpen (peer: PeerInfo): boolean
  /** Takes the events, in their order. */
  tell (event: QueryEvent): void
}

const NOBODY: readonly PeerInfo[] = []

/** What an answer has in it. */
type ResponseFields = Partial<Pick<PeerResponseInit, 'closer' | 'providers' | 'record'>>

/**
 * Turns what the engine tells into libp2p's events, and `onProgress`'s. An
 * event about a peer that has no PeerId is left out: nobody can have answered as it.
 */
export class Translator {
  readonly #init: TranslatorInit
  #running = 0
  #best: QueryEvent | undefined

  constructor (init: TranslatorInit) {
    this.#init = init
  }

  /** Tell the events that `event` amounts to, but for the peers and values that were looked for. */
  translate (event: DhtEvent): void {
    switch (event.type) {
      case 'asking':
        this.#asking(event.peer, event.request)
        break
      case 'answered':
      case 'stored':
        this.#running--
        this.#response(event.peer, event.request, event.response)
        break
      case 'failed':
        this.#running--
        this.#error(event.peer, event.error)
        break
      case 'invalid-value':
        this.#error(event.peer, event.error)
        break
      case 'providers':
        this.#providers(event.peer, event.providers)
        break
      case 'value':
        this.#value(event.peer, event.value, event.best)
        break
      case 'closest':
        this.#running = 0 // the others were given up
        this.#tell('path-ended', { type: EventTypes.PATH_ENDED, name: 'PATH_ENDED', path: this.#path() })
        break
      default: // of joining
    }
  }

  /** The best value that was told of. */
  get best (): QueryEvent | undefined {
    return this.#best
  }

  #value (from: PeerInfo | undefined, value: Uint8Array, best: boolean): void {
    const event = this.#progress('value', { type: EventTypes.VALUE, name: 'VALUE', from: this.#from(from), value, path: from == null ? OWN_PATH : this.#path() })
    if (best) {
      this.#best = event
    }
  }

  /** One event, which is told and returned; none if the peer has no PeerId. */
  finalPeer (from: PeerInfo | undefined, peer: PeerInfo): FinalPeerEvent | undefined {
    const info = toPeerInfo(peer)
    return info == null
      ? undefined
      : this.#tell('final-peer', { type: EventTypes.FINAL_PEER, name: 'FINAL_PEER', from: this.#from(from), peer: info, path: from == null ? OWN_PATH : this.#path() })
  }

  #asking (peer: PeerInfo, request: Request['type']): void {
    this.#running++
    const to = peerIdOf(peer)
    if (to == null) {
      return
    }
    if (!this.#init.isOpen(peer)) {
      this.#tell('dial-peer', { type: EventTypes.DIAL_PEER, name: 'DIAL_PEER', peer: to, path: this.#path() })
    }
    const messageType = MESSAGE_TYPES[request]
    this.#tell('send-query', { type: EventTypes.SEND_QUERY, name: 'SEND_QUERY', to, messageName: messageType, messageType, path: this.#path() })
  }

  #response (peer: PeerInfo, request: Request['type'], response?: Response): void {
    const from = peerIdOf(peer)
    if (from != null) {
      this.#tellResponse(from, request, this.#path(), {
        closer: response != null && 'closer' in response ? response.closer : undefined,
        providers: response != null && 'providers' in response ? response.providers : undefined,
        record: response != null && 'record' in response ? toRecord(response.record) : undefined
      })
    }
  }

  #tellResponse (from: PeerId, request: Request['type'], path: DisjointPath, { closer = NOBODY, providers = NOBODY, record }: ResponseFields): void {
    this.#tell('peer-response', new PeerResponse({ from, messageType: MESSAGE_TYPES[request], closer, providers, record, path, read: this.#read }))
  }

  #error (peer: PeerInfo, error: Error): void {
    const from = peerIdOf(peer)
    if (from != null) {
      this.#tell('query-error', { type: EventTypes.QUERY_ERROR, name: 'QUERY_ERROR', from, error, path: this.#path() })
    }
  }

  #providers (peer: PeerInfo | undefined, providers: readonly PeerInfo[]): void {
    if (peer == null) {
      this.#tellResponse(this.#init.self, 'get-providers', OWN_PATH, { providers })
    }
    this.#tell('provider', {
      type: EventTypes.PROVIDER,
      name: 'PROVIDER',
      from: this.#from(peer),
      providers: toPeerInfos(providers),
      path: peer == null ? OWN_PATH : this.#path()
    })
  }

  readonly #read = (peers: readonly PeerInfo[]): Libp2pPeerInfo[] => toPeerInfos(peers.map(peer => this.#init.heard(peer)))

  #from (peer: PeerInfo | undefined): PeerId {
    return (peer == null ? undefined : peerIdOf(peer)) ?? this.#init.self
  }

  #path (): DisjointPath {
    return { index: 0, queued: 0, running: this.#running, total: this.#running }
  }

  #tell<E extends QueryEvent> (name: string, event: E): E {
    this.#init.tell(this.#progress(name, event))
    return event
  }

  #progress<E extends QueryEvent> (name: string, event: E): E {
    this.#init.onProgress?.(new CustomProgressEvent(`kad-dht:query:${name}`, event))
    return event
  }
}

function toRecord (record: ValueRecord | undefined): DHTRecord | undefined {
  if (record == null) {
    return undefined
  }
  const { key, value, timeReceived } = record
  return { key, value, ...timeReceived == null ? {} : { timeReceived: new Date(timeReceived) } }
}
