import { DatastoreContactStore } from '../store/datastore-contacts.ts'
import { DatastoreProviderRows } from '../store/datastore-provider-rows.ts'
import { DatastoreProviderStore } from '../store/datastore-providers.ts'
import { DatastorePublicationStore } from '../store/datastore-publications.ts'
import { DatastoreValueStore } from '../store/datastore-values.ts'
import { LIBP2P_VALUE_TTL_MS } from '../store/limits.ts'
import { DEFAULT_PREFIX } from '../store/row-keys.ts'
import { providerAddrsLife, providerLife } from './options.ts'
import { SavedContacts } from './saved-contacts.ts'
import type { KadDHTComponents, KadDHTInit } from './init.ts'
import type { Clock } from '../clock/clock.ts'
import type { KademliaInit } from '../dht/init.ts'
import type { Logger } from '@libp2p/interface'

/** What a run finds of earlier ones, and leaves. */
export type Stores = Pick<KademliaInit, 'values' | 'providers' | 'publications' | 'contacts'>

export interface StoresInit {
  readonly clock: Clock
  readonly log: Logger
  /** Gets the lines about provider records. */
  readonly providersLog: Logger
  /** Addresses of a provider of which the datastore knows none. */
  addrsOf (id: Uint8Array): Promise<readonly Uint8Array[]>
}

/**
 * The stores of the engine on the datastore of a libp2p node.
 *
 * @throws {DatastoreError} the rows cannot be listed
 */
export async function openStores ({ datastore, peerId, peerStore }: KadDHTComponents, { datastorePrefix: prefix, providers: providersInit, reprovide, republish }: KadDHTInit, { clock, log, providersLog, addrsOf }: StoresInit): Promise<Stores> {
  const values = new DatastoreValueStore({ datastore, prefix, clock, ttl: LIBP2P_VALUE_TTL_MS, shared: true, log })
  const providers = new DatastoreProviderStore({
    datastore,
    prefix,
    clock,
    self: peerId.toMultihash().bytes,
    validity: providerLife(providersInit, reprovide),
    addrsValidity: providerAddrsLife(providersInit),
    cacheSize: providersInit?.cacheSize,
    addrsOf,
    log: providersLog
  })
  const publications = republish === true ? new DatastorePublicationStore({ datastore, prefix, log }) : undefined
  await Promise.all([values.open(), providers.open(), publications?.open()])
  const contacts = new SavedContacts(new DatastoreContactStore({ datastore, prefix, log }), { peerStore, log })
  return { values, providers, publications, contacts }
}

/** While no store is open: provide the multihash `key` no longer, from the next start on. */
export async function unprovideStored ({ datastore, peerId }: KadDHTComponents, { datastorePrefix: prefix = DEFAULT_PREFIX }: KadDHTInit, key: Uint8Array, log: Logger): Promise<void> {
  await new DatastoreProviderRows({ datastore, prefix, cacheSize: 0, log }).delete(key, peerId.toMultihash().bytes)
}
