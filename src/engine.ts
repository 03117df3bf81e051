/**
 * @packageDocumentation
 *
 * The engine, for any host and any platform. Nothing here reaches a Node.js module.
 *
 * - {@link Kademlia} is a node; give it a {@link Host} to carry its bytes.
 * - `kadmium` mounts it in a libp2p node: a drop-in for `@libp2p/kad-dht`.
 * - `kadmium/node` has a host over raw TCP and `createNode`.
 * - `kadmium/memory` has a host in memory and a virtual clock, for tests and simulations.
 * - {@link RoutingTable}, {@link Lookup} and the codec are plain values, of use by themselves.
 */

export { Kademlia } from './dht/kademlia.ts'
export { LIBP2P_MAX_VALUE_SIZE, MAX_VALUE_SIZE } from './dht/config.ts'
export { InvalidOptionError, NoAddressError, NoPeersError, NotStartedError, OutdatedRecordError, ValueNotFoundError } from './dht/errors.ts'
export type { KademliaInit, Observer } from './dht/init.ts'
export type { UpkeepCounts } from './dht/context.ts'
export type { NodeCounts, Scheduled } from './dht/counts.ts'
export type { StartOptions } from './dht/kademlia.ts'
export type { ReprovideOptions, ReprovideRound, Reproviding } from './dht/maintenance/reprovide.ts'
export type { FindPeerOptions, FindPeerResult } from './dht/operations/find-peer.ts'
export type { FindProvidersOptions, FoundProvider } from './dht/operations/find-providers.ts'
export type { ProvideResult } from './dht/operations/provide.ts'
export type { DhtEvent, OnProgress, OperationEnd, OperationOptions } from './dht/events.ts'
export type { FoundValue, GetOptions, GetResult } from './dht/operations/get.ts'
export type { JoinResult } from './dht/operations/join.ts'
export type { LookupResult } from './dht/operations/lookup.ts'
export type { MutablePut, MutablePutResult, MutableValue } from './dht/operations/put-mutable.ts'
export type { PutOptions, PutResult, StoreOptions, StoreResult } from './dht/operations/put.ts'
export type { FindNodeResult, FindValueResult, PeerOrAddr, PingResult } from './dht/operations/single.ts'

export { lookupDump } from './dump/lookup.ts'
export { peerDump } from './dump/peer.ts'
export { plantuml } from './dump/plantuml.ts'
export { stateDump } from './dump/state.ts'
export type { CountsDump, RoundDump, ScheduledDump } from './dump/counts.ts'
export type { LookupDump } from './dump/lookup.ts'
export type { PeerDump } from './dump/peer.ts'
export type { Encoding, KeyEncoding } from './dump/readable.ts'
export type { BucketDump, EntryDump, PendingDump, StateDump } from './dump/state.ts'
export type { ValueDump } from './dump/store.ts'

export { systemClock } from './clock/clock.ts'
export type { Cancel, Clock } from './clock/clock.ts'

export { DialError, HostFullError, LimitError, ProtocolTakenError, ProtocolViolationError, StreamResetError, TimeoutError, UnsupportedProtocolError } from './rpc/errors.ts'
export type { ServerObserver } from './rpc/answers.ts'
export type { ClientObserver } from './rpc/client.ts'
export type { Host, OpenStreamOptions, Stream, StreamHandler, Topology } from './rpc/connection.ts'

export { keyFromBytes, keyOf } from './keyspace/key.ts'
export { commonPrefixLength, compareDistance, distance } from './keyspace/distance.ts'
export { contactOf } from './keyspace/contact.ts'
export type { Identity } from './keyspace/identity.ts'
export type { Whereabouts } from './keyspace/whereabouts.ts'
export type { Key } from './keyspace/key.ts'
export type { Contact, PeerInfo, SelectAddrs } from './keyspace/contact.ts'

export { RoutingTable } from './routing/routing-table.ts'
export type { InsertResult, RemoveResult, RoutingTableInit } from './routing/routing-table.ts'
export type { Bucket } from './routing/k-bucket.ts'
export type { TableEntry } from './routing/table-entry.ts'

export { DEFAULT_ALPHA, DEFAULT_K, Lookup } from './lookup/lookup.ts'
export type { Candidate, CandidateState } from './lookup/candidates.ts'
export type { LookupEnd, LookupInit, LookupStep } from './lookup/lookup.ts'

export { InvalidRecordError, ValueTooLargeError } from './record/invalid-record.ts'
export { immutableKeyOf } from './record/immutable.ts'
export { formatRecordKey, InvalidKeyError, parseRecordKey } from './record/key-text.ts'
export { mutableKeyOf, parseMutableKey } from './record/mutable-key.ts'
export { SequenceMismatchError } from './record/mutable-sequence.ts'
export type { MutableKey } from './record/mutable-key.ts'
export type { ValueRecord } from './record/record.ts'
export type { KindOf, RecordKind } from './record/validator.ts'

export { DatastoreContactStore } from './store/datastore-contacts.ts'
export { DatastoreProviderStore } from './store/datastore-providers.ts'
export { DatastorePublicationStore } from './store/datastore-publications.ts'
export { DatastoreValueStore } from './store/datastore-values.ts'
export { DatastoreError, StoreFullError, StoreNotOpenError } from './store/errors.ts'
export { MemoryPublicationStore } from './store/memory-publications.ts'
export { MemoryProviderStore, MemoryValueStore } from './store/memory.ts'
export type { ContactStore } from './store/contact-store.ts'
export type { DatastoreContactStoreInit } from './store/datastore-contacts.ts'
export type { DatastoreProviderStoreInit } from './store/datastore-providers.ts'
export type { DatastorePublicationStoreInit } from './store/datastore-publications.ts'
export type { DatastoreValueStoreInit } from './store/datastore-values.ts'
export type { ProviderStoreOptions } from './store/indexed-providers.ts'
export type { Log } from './store/log.ts'
export type { MemoryProviderStoreInit, ValueLimits } from './store/memory.ts'
export type { ProviderLimits } from './store/provider-index.ts'
export type { ProvidedKey, ProviderCounts, ProviderStore } from './store/provider-store.ts'
export type { Publication, PublicationStore, PublicationTimes } from './store/publication-store.ts'
export type { PutValueOptions, StoredValue, ValueCounts, ValueLife, ValueStore } from './store/value-store.ts'

export { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './wire/codec.ts'
export { InvalidMessageError } from './wire/errors.ts'
export type { WireLimits } from './wire/codec.ts'
export type { AddressScope } from './wire/address.ts'
export type { Request, Response, ResponseTo } from './wire/rpc.ts'
