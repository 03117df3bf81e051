import { hasNewAddr, keyOfPeer } from '../keyspace/contact.ts'
import { Turns } from '../store/turns.ts'
import { bytesEqual } from '../wire/bytes-equal.ts'
import { Walks } from './walks.ts'
import type { KademliaConfig } from './config.ts'
import type { Holdings } from './maintenance/holdings.ts'
import type { Publisher } from './maintenance/publisher.ts'
import type { Reproviding } from './maintenance/reprovide.ts'
import type { Peers } from './peers.ts'
import type { Tasks } from './tasks.ts'
import type { Values } from './values.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { RpcClient } from '../rpc/client.ts'
import type { ProviderStore } from '../store/provider-store.ts'
import type { Logger } from '@libp2p/interface'

/** The parts of one running node. */
export interface DhtParts {
  readonly config: KademliaConfig
  readonly self: Contact
  readonly client: RpcClient
  readonly peers: Peers
  readonly values: Values
  readonly providers: ProviderStore
  /** The values of our own that we keep alive. */
  readonly publisher: Publisher
  /** The values that we hold, whosever they are. */
  readonly holdings: Holdings
  readonly tasks: Tasks
  readonly log: Logger
  /**
   * Resolves when lookups may begin: at once, unless they are to wait until there is somebody to ask.
   *
   * @throws {NoPeersError} nobody came within `ms`
   */
  awaitContacts (ms: number, signals: ReadonlyArray<AbortSignal | undefined>): Promise<void>
}

/** What was done, since the start, to keep values where they belong. */
export interface UpkeepCounts {
  /** Values of our own sent out again. */
  republished: number
  /** Values of our own that are kept alive no more since a better one is there, or they are valid no longer. */
  superseded: number
  /** Copies of values passed on to other holders. */
  replicated: number
  /** Copies of values given to newcomers. */
  handedOver: number
  /** Copies given after a get to those of the k closest that lacked them. */
  corrected: number
  /** Copies left on the way after a get. */
  cached: number
  /** Values dropped whose life was over. */
  collected: number
}

/** What the operations share. */
export interface DhtContext extends DhtParts {
  /** Lets lookups begin. */
  readonly walks: Walks
  /** The multihashes that we provide and could tell nobody of yet, by `bytesToMapKey`. */
  readonly untold: Set<string>
  /** The multihashes that we provide no longer since the last look which are due, likewise: it may be that a round under way has read them before. */
  readonly cancelled: Set<string>
  /** The bootstrap addresses at which nobody has answered yet. */
  readonly unmet: Set<Uint8Array>
  /** Writers of one mutable value take turns here. */
  readonly sequencing: Turns
  /** How it goes to keep what we provide alive. */
  readonly reproviding: Reproviding
  readonly counts: UpkeepCounts
  /** Ourselves as others are told: with the addresses that may be told. */
  published (): Contact
  /** The providers we know of a multihash; ourselves, if we are one, where we are now. */
  provided (key: Uint8Array): Promise<readonly PeerInfo[]>
}

export function createContext (parts: DhtParts): DhtContext {
  const { config: { host, heard, clock }, self, providers } = parts
  let published = heard(host.self)
  let addrs = host.self.addrs
  const context: DhtContext = {
    ...parts,
    walks: new Walks(clock),
    untold: new Set(),
    cancelled: new Set(),
    unmet: new Set(),
    sequencing: new Turns(),
    reproviding: { running: 0, waiting: 0 },
    counts: { republished: 0, superseded: 0, replicated: 0, handedOver: 0, corrected: 0, cached: 0, collected: 0 },
    published () {
      if (host.self.addrs !== addrs) {
        addrs = host.self.addrs
        published = heard(host.self)
      }
      return published
    },
    async provided (key) {
      const rows = await providers.get(key)
      return rows.map(provider => bytesEqual(provider.id, self.id) ? context.published() : whereNow(parts, provider))
    }
  }
  return context
}

/** `provider`, first of all where it is now: it may have moved since it said that it provides. */
function whereNow ({ config: { host, heard }, peers: { table } }: DhtParts, provider: PeerInfo): PeerInfo {
  const { id, addrs } = provider
  const said = host.addrsOf?.(id) ?? []
  const now = said.length > 0 ? heard({ id, addrs: said }).addrs : table.get(keyOfPeer(provider))?.addrs ?? []
  return hasNewAddr({ id, addrs: now }, provider) ? { id, addrs: [...now, ...addrs.filter(addr => !now.some(each => bytesEqual(each, addr)))] } : provider
}
