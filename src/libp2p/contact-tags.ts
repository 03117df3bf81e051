import { KEEP_ALIVE } from '@libp2p/interface'
import { bytesToMapKey } from '../keyspace/key.ts'
import { peerIdOf } from './peer-info.ts'
import type { Cancel, Clock } from '../clock/clock.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Logger, Peer, PeerStore } from '@libp2p/interface'

/** Milliseconds that changes are gathered before the peer store is told. */
const DELAY_MS = 1_000

/** Milliseconds after which neighbours are tagged anew: libp2p's peer store forgets whom it was told nothing of for six hours, be they connected. */
const RENEW_MS = 3_600_000

/** Who is in the routing table: with this tag, the other implementation knows its contacts again after a restart. */
const CONTACT_TAG = 'kad-peer'

const NEIGHBOUR_TAG = 'kad-close'
const KEEP_ALIVE_TAG = `${KEEP_ALIVE}-kad-dht`

/** What a contact is worth among the connections that libp2p may have to close, most first. */
const WORTHS = ['neighbour', 'contact', 'stranger'] as const

type Worth = typeof WORTHS[number]

const TAGS: { readonly [worth in Worth]: { [tag: string]: { value: number } | undefined } } = {
  neighbour: { [CONTACT_TAG]: { value: 1 }, [NEIGHBOUR_TAG]: { value: 50 }, [KEEP_ALIVE_TAG]: { value: 1 } },
  contact: { [CONTACT_TAG]: { value: 1 }, [NEIGHBOUR_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined },
  stranger: { [CONTACT_TAG]: undefined, [NEIGHBOUR_TAG]: undefined, [KEEP_ALIVE_TAG]: undefined }
}

/** Who tags in a peer store: several DHTs of one node may have the same contacts, and share their tags. */
const taggers = new WeakMap<ContactTagsInit['peerStore'], Set<ContactTags>>()

interface Tagged {
  readonly contact: PeerInfo
  readonly worth: Worth
}

export interface ContactTagsInit {
  readonly peerStore: Pick<PeerStore, 'all' | 'merge'>
  readonly clock: Clock
  readonly log: Logger
  /** The routing table, closest to us first. */
  contacts (): readonly Contact[]
  /** How many of them libp2p should stay connected to: of more than it has room for, it would close and make the connections for ever. */
  readonly neighbours: number
}

/**
 * Tags our contacts in the peer store, so that libp2p keeps its connections to the
 * closest: a while after the routing table has changed, and never while a lookup waits.
 */
export class ContactTags {
  readonly #init: ContactTagsInit
  /** All who tag in the same peer store. */
  readonly #taggers: Set<ContactTags>
  #wanted: ReadonlyMap<string, Tagged> = new Map()
  /** Of what was wanted, what the peer store has taken; undefined: nothing yet in this run. */
  #tagged: Map<string, Tagged> | undefined
  #renewed: number
  #cancel: Cancel | undefined
  /** The end of the latest update: one that overtook another would be taken for the earlier. */
  #updated = Promise.resolve()

  constructor (init: ContactTagsInit) {
    this.#init = init
    this.#renewed = init.clock.now()
    this.#taggers = taggers.get(init.peerStore) ?? new Set()
    this.#taggers.add(this)
    taggers.set(init.peerStore, this.#taggers)
  }

  /** The routing table has changed, or has been looked after: neighbours may be due to be tagged anew. */
  onChange (): void {
    this.#cancel ??= this.#init.clock.schedule(DELAY_MS, () => {
      this.#cancel = undefined
      this.#updated = this.#updated.then(async () => this.#update()).catch(err => { this.#init.log.error('could not tag our contacts - %e', err) })
    })
  }

  stop (): void {
    this.#cancel?.()
    this.#cancel = () => {} // nothing is scheduled any more
    this.#taggers.delete(this)
  }

  async #update (): Promise<void> {
    const { neighbours, clock } = this.#init
    const isDue = Math.abs(clock.now() - this.#renewed) >= RENEW_MS
    const tagged = this.#tagged ??= await this.#left()
    const now = new Map<string, Tagged>(this.#init.contacts().map((contact, i) => [
      bytesToMapKey(contact.id),
      { contact, worth: i < neighbours ? 'neighbour' : 'contact' }
    ]))
    this.#wanted = now
    for (const [id, one] of now) {
      if (tagged.get(id)?.worth !== one.worth || (isDue && one.worth === 'neighbour')) {
        await this.#tag(id, one.contact)
        tagged.set(id, one)
      }
    }
    for (const [id, { contact }] of tagged) {
      if (!now.has(id)) {
        await this.#tag(id, contact)
        tagged.delete(id)
      }
    }
    this.#renewed = isDue ? clock.now() : this.#renewed
  }

  /** Whom earlier runs have tagged: who is no contact any more would be dialled at each start. */
  async #left (): Promise<Map<string, Tagged>> {
    const peers = await taggedPeers(this.#init)
    return new Map(peers.map(peer => {
      const id = peer.id.toMultihash().bytes
      return [bytesToMapKey(id), { contact: { id, addrs: [] }, worth: 'stranger' }]
    }))
  }

  /** By what it is worth to the DHT to which it is worth most. */
  async #tag (id: string, contact: PeerInfo): Promise<void> {
    const peerId = peerIdOf(contact)
    if (peerId != null && this.#taggers.has(this)) { // else it was stopped meanwhile
      const worths = Array.from(this.#taggers, tags => tags.#wanted.get(id)?.worth)
      await this.#init.peerStore.merge(peerId, { tags: TAGS[WORTHS.find(worth => worths.includes(worth)) ?? 'stranger'] })
    }
  }
}

/** Where tagged peers are looked for. */
export interface TaggedPeersInit {
  readonly peerStore: Pick<PeerStore, 'all'>
  readonly log: Logger
}

/** Those in the peer store whom an earlier run, or the other implementation, has tagged as its contacts. Nobody, if it cannot list its peers: one damaged row of it is enough. */
export async function taggedPeers ({ peerStore, log }: TaggedPeersInit): Promise<Peer[]> {
  try {
    return await peerStore.all({ filters: [({ tags }) => tags.has(CONTACT_TAG)] })
  } catch (err) {
    log.error('could not list the peer store - %e', err)
    return []
  }
}
