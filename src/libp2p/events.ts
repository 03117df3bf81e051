import { MessageType } from '../wire/message.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { ProgressEvent } from 'progress-events'

export { MessageType }

/** The name of a kind of message, such as `FIND_NODE`. */
export type MessageName = keyof typeof MessageType

/** What a {@link QueryEvent} tells, as a number; its `name` is the same as text. */
export enum EventTypes {
  SEND_QUERY = 0,
  PEER_RESPONSE,
  FINAL_PEER,
  QUERY_ERROR,
  PROVIDER,
  VALUE,
  ADD_PEER,
  DIAL_PEER,
  PATH_ENDED
}

/** A value as its holder gave it. */
export interface DHTRecord {
  key: Uint8Array
  value: Uint8Array
  /** When its holder got it. */
  timeReceived?: Date
}

/** Where a query stands. All paths of a lookup share one set of peers, so there is one `index`: 0; -1 for what we knew ourselves. */
export interface DisjointPath {
  index: number
  /** 0: no requests wait in a queue, the lookup decides whom to ask when it can. */
  queued: number
  /** Requests in flight. */
  running: number
  /** Both together. */
  total: number
}

/** A request goes out. */
export interface SendQueryEvent {
  to: PeerId
  type: EventTypes.SEND_QUERY
  name: 'SEND_QUERY'
  messageName: MessageName
  messageType: MessageType
  path: DisjointPath
}

/** A request was answered; ADD_PROVIDER, which has no answer: it was sent. */
export interface PeerResponseEvent {
  from: PeerId
  type: EventTypes.PEER_RESPONSE
  name: 'PEER_RESPONSE'
  messageName: MessageName
  messageType: MessageType
  /** The peers that it named, with those of their addresses that are sound and in scope. */
  closer: PeerInfo[]
  providers: PeerInfo[]
  record?: DHTRecord
  path: DisjointPath
}

/** One of the peers looked for. */
export interface FinalPeerEvent {
  /** Of `findPeer`: who told us. Ourselves, if we knew, and for the closest peers. */
  from: PeerId
  peer: PeerInfo
  type: EventTypes.FINAL_PEER
  name: 'FINAL_PEER'
  path: DisjointPath
}

/** A peer failed to answer, or gave a value that is not valid. The query goes on. */
export interface QueryErrorEvent {
  from: PeerId
  type: EventTypes.QUERY_ERROR
  name: 'QUERY_ERROR'
  error: Error
  path: DisjointPath
}

/** Providers that were not known before. */
export interface ProviderEvent {
  /** Who told us; ourselves, if we knew. */
  from: PeerId
  type: EventTypes.PROVIDER
  name: 'PROVIDER'
  providers: PeerInfo[]
  path: DisjointPath
}

/** A value. */
export interface ValueEvent {
  /** Who told us; ourselves, if we knew. */
  from: PeerId
  type: EventTypes.VALUE
  name: 'VALUE'
  value: Uint8Array
  path: DisjointPath
}

/** A peer became part of a query. Declared for programs that handle it; the other implementation does not emit it either. */
export interface AddPeerEvent {
  type: EventTypes.ADD_PEER
  name: 'ADD_PEER'
  peer: PeerId
  path: DisjointPath
}

/** A new stream to a peer is needed for what comes next. */
export interface DialPeerEvent {
  peer: PeerId
  type: EventTypes.DIAL_PEER
  name: 'DIAL_PEER'
  path: DisjointPath
}

/** The lookup is over. */
export interface PathEndedEvent {
  type: EventTypes.PATH_ENDED
  name: 'PATH_ENDED'
  path: DisjointPath
}

/** What a query tells while it runs. */
export type QueryEvent = SendQueryEvent | PeerResponseEvent | FinalPeerEvent | QueryErrorEvent | ProviderEvent | ValueEvent | AddPeerEvent | DialPeerEvent | PathEndedEvent

/** The same, as given to `onProgress`. */
export type DHTProgressEvents =
  ProgressEvent<'kad-dht:query:send-query', SendQueryEvent> |
  ProgressEvent<'kad-dht:query:peer-response', PeerResponseEvent> |
  ProgressEvent<'kad-dht:query:final-peer', FinalPeerEvent> |
  ProgressEvent<'kad-dht:query:query-error', QueryErrorEvent> |
  ProgressEvent<'kad-dht:query:provider', ProviderEvent> |
  ProgressEvent<'kad-dht:query:value', ValueEvent> |
  ProgressEvent<'kad-dht:query:add-peer', AddPeerEvent> |
  ProgressEvent<'kad-dht:query:dial-peer', DialPeerEvent>
