import { abortable, startDeadline } from '../../clock/wait.ts'
import { NoPeersError } from '../errors.ts'
import { fill } from '../operations/join.ts'
import { HandOver } from './hand-over.ts'
import { meetAgain } from './meet-again.ts'
import { Rejoin } from './rejoin.ts'
import { repeat } from './repeat.ts'
import { keepProviding } from './reprovide.ts'
import { SavedContacts } from './saved-contacts.ts'
import { Upkeep } from './upkeep.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { ContactStore } from '../../store/contact-store.ts'
import type { ValueStore } from '../../store/value-store.ts'
import type { KademliaConfig } from '../config.ts'
import type { DhtContext } from '../context.ts'
import type { GuardedObserver } from '../guard-observer.ts'
import type { Logger } from '@libp2p/interface'

export interface MaintenanceInit {
  /** Where values lie. */
  readonly store: ValueStore
  /** Where contacts outlive the process, if anywhere. */
  readonly contacts: ContactStore | undefined
  readonly observer: GuardedObserver | undefined
  logOf (part: string): Logger
  /** Join again. Rejects when aborted, and never for want of somebody who answers. */
  rejoin (signal: AbortSignal): Promise<void>
}

/**
 * All that a node does by itself while it runs: it keeps its routing table good, comes back when all contacts are
 * lost, and keeps values and provider records where they belong.
 */
export class Maintenance {
  /** Those of earlier runs, and for the next. */
  readonly contacts: SavedContacts
  readonly #dht: DhtContext
  readonly #init: MaintenanceInit
  readonly #rejoin: Rejoin
  readonly #upkeep: Upkeep
  readonly #handOver: HandOver

  constructor (dht: DhtContext, init: MaintenanceInit) {
    const { config: { clock, random, firstSelfLookup: first, selfLookupInterval: interval, refreshInterval }, peers, tasks } = dht
    const shared = { clock, random, tasks, hasContacts: () => peers.table.size > 0 }
    this.#dht = dht
    this.#init = init
    this.contacts = new SavedContacts(dht, init.contacts)
    this.#handOver = new HandOver(dht)
    this.#rejoin = new Rejoin({ ...shared, attempt: init.rejoin })
    this.#upkeep = new Upkeep({
      ...shared,
      log: init.logOf('query-self'),
      first,
      interval,
      round: async signal => {
        tasks.run(async () => meetAgain(dht, signal)) // beside it: some are silent
        const ourselves = await fill(dht, refreshInterval, { signal })
        init.observer?.onSelfLookup(ourselves)
        await this.contacts.save()
      }
    })
  }

  /** Begin all that goes on until the node stops. */
  begin (): void {
    const { config, tasks, log, publisher, holdings } = this.#dht
    const { store, observer, logOf } = this.#init
    const { clock, collectInterval } = config
    this.#upkeep.begin()
    publisher.begin()
    tasks.run(async () => holdings.takeUp(passesOn(config) ? store.lives?.() ?? store.values() : []))
    holdings.begin()
    keepProviding(this.#dht, logOf('reprovider'), observer?.onReprovide)
    repeat({ clock, tasks, log, interval: collectInterval, what: 'collecting what has expired' }, async () => this.#collect())
  }

  /** A contact entered the routing table. */
  onContact (contact: Contact): void {
    this.#upkeep.onContact()
    this.#rejoin.onContact()
    this.contacts.onContact()
    this.#handOver.onContact(contact)
  }

  /** There are no contacts: come back. */
  onLost (): void {
    this.#rejoin.begin()
  }

  /** We can be dialled elsewhere now: those closest to us hear of it when we look ourselves up. */
  onAddrs (): void {
    this.#upkeep.soon()
  }

  /**
   * Resolves when lookups may begin: at once where there are contacts; else when the network has been looked for, unless that was
   * done a moment ago. At the start they may have to wait until there is somebody to ask.
   *
   * @throws {NoPeersError} nobody came within `ms`
   */
  async awaitContacts (ms: number, signals: ReadonlyArray<AbortSignal | undefined>): Promise<void> {
    const { config: { awaitContacts, clock, protocol }, peers } = this.#dht
    const isToWait = awaitContacts && !this.#upkeep.ready
    if (!isToWait && peers.table.size > 0) {
      return
    }
    const deadline = startDeadline(clock, ms, () => new NoPeersError(`no peers: within ${ms} ms nobody came who serves ${protocol}; connect this node to one who does`), ...signals)
    try {
      const comeback = this.#rejoin.hurry() // which does nothing where there are contacts
      await abortable(isToWait ? this.#upkeep.firstRound : comeback, deadline.signal)
    } finally {
      deadline.clear()
    }
  }

  async #collect (): Promise<void> {
    const { providers, holdings, counts } = this.#dht
    await providers.collect()
    counts.collected += await this.#init.store.collect?.() ?? 0
    holdings.collect()
  }
}

/** Does a node pass on what it holds for others? */
export function passesOn ({ replicateInterval, handOver }: KademliaConfig): boolean {
  return replicateInterval !== Infinity || handOver
}
