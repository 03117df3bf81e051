import { KEEP_ALIVE } from '@libp2p/interface'
import { bytesToMapKey } from '../keyspace/key.ts'
import { peerIdOf } from './peer-info.ts'
import type { Cancel, Clock } from '../clock/clock.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { Logger, PeerStore } from '@libp2p/interface'

/** Milliseconds that changes are gathered before the peer store is told. */
const DELAY_MS = 5_000

/** What our neighbours are worth among the connections that libp2p may have to close. */
const NEIGHBOUR_TAGS = {
  'kad-close': { value: 50 },
  [`${KEEP_ALIVE}-kad-dht`]: { value: 1 }
}

const NO_TAGS = {
  'kad-close': undefined,
  [`${KEEP_ALIVE}-kad-dht`]: undefined
}

export interface ContactTagsInit {
  readonly peerStore: Pick<PeerStore, 'merge'>
  readonly clock: Clock
  readonly log: Logger
  /** The contacts closest to us. */
  neighbours (): readonly Contact[]
}

/**
 * Tags our closest contacts in the peer store, so that libp2p keeps its connections to
 * them: a while after the routing table has changed, and never while a lookup waits.
 */
export class ContactTags {
  readonly #init: ContactTagsInit
  #tagged = new Map<string, Contact>()
  #cancel: Cancel | undefined

  constructor (init: ContactTagsInit) {
    this.#init = init
  }

  /** The routing table has changed. */
  onChange (): void {
    this.#cancel ??= this.#init.clock.schedule(DELAY_MS, () => {
      this.#cancel = undefined
      this.#update().catch(err => { this.#init.log.error('could not tag our neighbours - %e', err) })
    })
  }

  stop (): void {
    this.#cancel?.()
    this.#cancel = () => {} // nothing is scheduled any more
  }

  async #update (): Promise<void> {
    const before = this.#tagged
    const now = new Map(this.#init.neighbours().map(contact => [bytesToMapKey(contact.id), contact]))
    this.#tagged = now
    await Promise.all([
      ...[...now].map(async ([id, contact]) => { if (!before.has(id)) { await this.#tag(contact, NEIGHBOUR_TAGS) } }),
      ...[...before].map(async ([id, contact]) => { if (!now.has(id)) { await this.#tag(contact, NO_TAGS) } })
    ])
  }

  async #tag (contact: Contact, tags: typeof NEIGHBOUR_TAGS | typeof NO_TAGS): Promise<void> {
    const peerId = peerIdOf(contact)
    if (peerId != null) {
      await this.#init.peerStore.merge(peerId, { tags })
    }
  }
}
