/**
 * What a program may hand over where it has types of the one implementation and objects
 * of the other: it compiles, or a program that changes over does not. Nothing here runs.
 */

import type * as ours from '../../src/index.ts'
import type * as theirs from '@libp2p/kad-dht'

/** A compile error unless `Given` may stand where `Wanted` is asked for. */
export type Assignable<Given extends Wanted, Wanted> = Given

/** What programs give to the DHT: theirs must do for us. */
export interface Inputs {
  init: Assignable<theirs.KadDHTInit, ours.KadDHTInit>
  components: Assignable<theirs.KadDHTComponents, ours.KadDHTComponents>
  providers: Assignable<theirs.ProvidersInit, ours.ProvidersInit>
  reprovide: Assignable<theirs.ReProvideInit, ours.ReProvideInit>
  validate: Assignable<theirs.ValidateFn, ours.ValidateFn>
  select: Assignable<theirs.SelectFn, ours.SelectFn>
  validators: Assignable<theirs.Validators, ours.Validators>
  selectors: Assignable<theirs.Selectors, ours.Selectors>
  mapper: Assignable<theirs.PeerInfoMapper, ours.PeerInfoMapper>
  setMode: Assignable<theirs.SetModeOptions, ours.SetModeOptions>
}

/** What programs get from the DHT: ours must do for them. */
export interface Outputs {
  factory: Assignable<typeof ours.kadDHT, typeof theirs.kadDHT>
  dht: Assignable<ours.KadDHT, theirs.KadDHT>
  single: Assignable<ours.SingleKadDHT, theirs.SingleKadDHT>
  routingTable: Assignable<ours.RoutingTable, theirs.RoutingTable>
  events: Assignable<ours.QueryEvent, theirs.QueryEvent>
  progress: Assignable<ours.DHTProgressEvents, theirs.DHTProgressEvents>
  record: Assignable<ours.DHTRecord, theirs.DHTRecord>
  path: Assignable<ours.DisjointPath, theirs.DisjointPath>
  messageName: Assignable<ours.MessageName, theirs.MessageName>
  messageType: Assignable<ours.MessageType, theirs.MessageType>
  messageTypes: Assignable<typeof ours.MessageType, typeof theirs.MessageType>
  eventType: Assignable<ours.EventTypes, theirs.EventTypes>
  eventTypes: Assignable<typeof ours.EventTypes, typeof theirs.EventTypes>
  recordClass: Assignable<typeof ours.Record, typeof theirs.Record>
  mapper: Assignable<typeof ours.passthroughMapper, theirs.PeerInfoMapper>
}

/** Each kind of event, so that a union which lost one is seen. */
export interface Events {
  sendQuery: Assignable<ours.SendQueryEvent, theirs.SendQueryEvent>
  peerResponse: Assignable<ours.PeerResponseEvent, theirs.PeerResponseEvent>
  finalPeer: Assignable<ours.FinalPeerEvent, theirs.FinalPeerEvent>
  queryError: Assignable<ours.QueryErrorEvent, theirs.QueryErrorEvent>
  provider: Assignable<ours.ProviderEvent, theirs.ProviderEvent>
  value: Assignable<ours.ValueEvent, theirs.ValueEvent>
  addPeer: Assignable<ours.AddPeerEvent, theirs.AddPeerEvent>
  dialPeer: Assignable<ours.DialPeerEvent, theirs.DialPeerEvent>
  pathEnded: Assignable<ours.PathEndedEvent, theirs.PathEndedEvent>
}

/** Programs that make these themselves, in their tests for example, give them to functions that take ours. */
export interface Made {
  dht: Assignable<theirs.KadDHT, ours.KadDHT>
  single: Assignable<theirs.SingleKadDHT, ours.SingleKadDHT>
  events: Assignable<theirs.QueryEvent, ours.QueryEvent>
  progress: Assignable<theirs.DHTProgressEvents, ours.DHTProgressEvents>
  record: Assignable<theirs.DHTRecord, ours.DHTRecord>
}

/** Methods are compared loosely in both directions: their parameters must be asked for by themselves. */
export type Parameters = {
  [name in Method]: Assignable<ParametersOf<theirs.KadDHT[name]>, ParametersOf<ours.KadDHT[name]>>
}

type Method = { [name in keyof theirs.KadDHT]: theirs.KadDHT[name] extends (...args: never[]) => unknown ? name : never }[keyof theirs.KadDHT]

type ParametersOf<F> = F extends (...args: infer P) => unknown ? P : never
