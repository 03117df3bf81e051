import type { ReprovideOptions } from './maintenance/reprovide.ts'
import type { LookupResult } from './operations/lookup.ts'
import type { Clock } from '../clock/clock.ts'
import type { Contact, SelectAddrs } from '../keyspace/contact.ts'
import type { KindOf, RecordKind } from '../record/validator.ts'
import type { ServerObserver } from '../rpc/answers.ts'
import type { ClientObserver } from '../rpc/client.ts'
import type { Host } from '../rpc/connection.ts'
import type { ContactStore } from '../store/contact-store.ts'
import type { ProviderStore } from '../store/provider-store.ts'
import type { PublicationStore } from '../store/publication-store.ts'
import type { ValueStore } from '../store/value-store.ts'
import type { AddressScope } from '../wire/address.ts'
import type { ComponentLogger } from '@libp2p/interface'

/** What a {@link Kademlia} is made of. Only the host and the protocol are needed. */
export interface KademliaInit {
  /** Carries the bytes: raw TCP, the memory network, libp2p. */
  host: Host
  /** The network, as a protocol id: peers of another are refused. */
  protocol: string
  /** Contacts in a bucket, peers that keep a value, peers in an answer: 1 to 255; with fewer than 5, lookups miss some of the closest. Default 20. */
  k?: number | undefined
  /** Requests a lookup keeps in flight, and twice as many towards its end unless it is 1: 1 to 255. Default 10. */
  alpha?: number | undefined
  /** Paths of a lookup that share its `alpha` fairly, so that no peer's referrals take all of it (after S/Kademlia, §4.4): 1 to 255. Default `alpha`. */
  disjointPaths?: number | undefined
  /** Bits down to which every bucket of the routing table splits when it is full; the one that covers our own key always does (Kademlia paper, §2.4): 0 or more, Infinity keeps all contacts. Default 0. */
  prefixLength?: number | undefined
  /** Contacts beyond which a bucket splits, if it may. Default `k`. */
  splitThreshold?: number | undefined
  /** Serve requests, or only ask? Clients are never entered in routing tables. Default `server`; `setMode` changes it. */
  mode?: 'client' | 'server' | undefined
  /** The largest value in bytes, kept or fetched. Default 4 MiB; 64 KiB on libp2p networks. */
  maxValueSize?: number | undefined
  /** Milliseconds that a value lives whose put does not say. Default 24 h; 48 h on libp2p networks. */
  valueTtl?: number | undefined
  /** The longest life, in milliseconds, that a put may give a value here, and for which one of others is kept: the same on every node of a network. Default 7 days, 48 h on libp2p networks; never less than `valueTtl`. */
  maxValueTtl?: number | undefined
  /** Send our own values out again before their life is over, until `unpublish`? Default true; false on libp2p networks, as in go. */
  republish?: boolean | undefined
  /** Milliseconds after which a value that we hold for others is passed on to the k closest, unless it came again meanwhile (Kademlia paper, §2.5); Infinity: never. Default 1 h; never on libp2p networks, as in go. */
  replicateInterval?: number | undefined
  /** Give a newcomer the values that it should hold, if of all holders we are the closest to them (Kademlia paper, §2.5)? Default true; false on libp2p networks, as in go. */
  handOver?: boolean | undefined
  /** After a get, leave the value with the closest peer beyond the k closest that had none, for a time that shrinks with its distance (Kademlia paper, §2.3)? Default true; false on libp2p networks, as in go. */
  cacheFound?: boolean | undefined
  /** Which addresses that others tell us are dialled and told on: `any`, only `public` or only `private` ones. Default `any`. */
  scope?: AddressScope | undefined
  /** How a peer is asked whether it is alive; libp2p networks deprecate PING. Default `ping`; `find-node` on libp2p networks. */
  probe?: 'ping' | 'find-node' | undefined
  /** Narrows `scope` further, or replaces addresses: what it returns of a peer's sound addresses is believed. Default: all. */
  selectAddrs?: SelectAddrs | undefined
  /** Kinds of values beside `/kv/`, `/pk/`, `/immutable/` and `/mutable/`; or, as a function of the namespace, all the kinds there are, these included only if it says so. */
  kinds?: readonly RecordKind[] | KindOf | undefined
  /** Where values lie. Default: in memory. */
  values?: ValueStore | undefined
  /** Where provider records lie. Default: in memory. */
  providers?: ProviderStore | undefined
  /** Where the publisher's list lies: the values that we keep alive. Default: in memory. */
  publications?: PublicationStore | undefined
  /** Where the contacts of the routing table outlive the process. Default: nowhere. */
  contacts?: ContactStore | undefined
  /** Milliseconds between lookups of ourselves, which keep us known to our neighbours. Default 1 h; 5 min on libp2p networks. */
  selfLookupInterval?: number | undefined
  /** Milliseconds from the start to the first of them. Default: `selfLookupInterval`. */
  firstSelfLookup?: number | undefined
  /** Milliseconds after which a bucket without a lookup is refreshed (Kademlia paper, §2.3); Infinity: only those that never had one. Default 1 h. */
  refreshInterval?: number | undefined
  /** Milliseconds without a request after which a stream to a peer is closed: less than its server waits. Default 30 s; 8 s on libp2p networks, whose js servers wait 10 s. */
  clientIdle?: number | undefined
  /** Milliseconds that a peer's stream may be silent between requests. Default 60 s. */
  serverIdle?: number | undefined
  /** Streams that one peer may have open to us. Default 32. */
  maxInboundStreams?: number | undefined
  /** Milliseconds that a peer has to deliver a request, beside what its bytes need. Default 10 s. */
  requestTimeout?: number | undefined
  /** When our own provider records are sent out again. Defaults: as {@link ReprovideOptions} says. */
  reprovide?: ReprovideOptions | undefined
  /** Milliseconds between collections of values and provider records past their life. Default 90 min. */
  collectInterval?: number | undefined
  /** Milliseconds below which the deadlines that adapt to measured response times do not go. Default 500. */
  minTimeout?: number | undefined
  /** Milliseconds above which they do not go; a peer that misses one has until then to show that it lives. Default 10,000. */
  maxTimeout?: number | undefined
  /** Newcomers asked at once whether they answer, before they enter the routing table. Default 8. */
  maxVerifications?: number | undefined
  /** Newcomers that wait for that; more are dropped. Default 256. */
  maxVerificationsWaiting?: number | undefined
  /** Milliseconds that a newcomer has to answer. Default 20 s. */
  verificationTimeout?: number | undefined
  /** Contacts of full buckets asked at once whether they are alive still. Default 8. */
  maxChecks?: number | undefined
  /** Contacts that wait for that; of more it is assumed. Default 256. */
  maxChecksWaiting?: number | undefined
  /** Milliseconds that a contact has to answer that. Default 20 s. */
  checkTimeout?: number | undefined
  /** Do lookups wait for the first lookup of ourselves, and with it for a first contact? Only hosts that find contacts by themselves should. Default false. */
  awaitContacts?: boolean | undefined
  /** Addresses (multiaddrs, as text or binary) of nodes through which to join, now and after all contacts were lost. */
  bootstrap?: ReadonlyArray<string | Uint8Array> | undefined
  /** How an address given as text is read; throws if it is none. Default: as a multiaddr. */
  parseAddr?(text: string): Uint8Array
  /** The source of time. Default: the machine's. */
  clock?: Clock | undefined
  /** `n` random bytes. Default: cryptographically strong ones. */
  random?(n: number): Uint8Array
  /** Gets a line for what happens. Default: the environment variable `DEBUG`, such as `kadmium*`, says what goes to stderr. */
  logger?: ComponentLogger | undefined
  /** The component under which it does. Default `kadmium`. */
  logPrefix?: string | undefined
  /** Told of what goes on, for metrics. */
  observer?: Observer | undefined
}

/** Sees what a node does while it runs. What it throws is logged, and changes nothing. */
export interface Observer {
  /** Requests we send. */
  readonly client?: ClientObserver | undefined
  /** Requests we are sent. */
  readonly server?: ServerObserver | undefined
  /** A contact entered the routing table. */
  onContact? (contact: Contact): void
  /** A contact left the routing table. */
  onContactGone? (contact: Contact): void
  /** A newcomer, or a contact of a full bucket, was asked whether it answers: it did after `ms` milliseconds, or failed of `error`. */
  onProbe? (of: 'newcomer' | 'contact', ms: number, error?: unknown): void
  /** A provider record of ours was sent out again, in `ms` milliseconds, or that failed of `error`. */
  onReprovide? (ms: number, error?: unknown): void
  /** We looked ourselves up. */
  onSelfLookup? (result: LookupResult): void
}
