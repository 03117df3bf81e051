import { startDeadline } from '../clock/wait.ts'
import { contactOf, hasNewAddr } from '../keyspace/contact.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { RoutingTable } from '../routing/routing-table.ts'
import { DialError, LimitError, StreamResetError, TimeoutError, UnsupportedProtocolError } from '../rpc/errors.ts'
import { bytesEqual } from '../wire/bytes-equal.ts'
import { isFresh, isWanted } from './newcomers.ts'
import { WorkQueue } from './work-queue.ts'
import type { KademliaConfig } from './config.ts'
import type { Observer } from './init.ts'
import type { Tasks } from './tasks.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { TableEntry } from '../routing/table-entry.ts'
import type { Question, RpcClient } from '../rpc/client.ts'
import type { Patience } from '../rpc/waiting.ts'
import type { Request, ResponseTo } from '../wire/rpc.ts'
import type { Logger } from '@libp2p/interface'

/** Lost contacts remembered, to come back through when all are lost, and newcomers that did not answer when there were none. */
const MAX_REMEMBERED = 64

export interface PeersInit {
  readonly config: KademliaConfig
  readonly client: RpcClient
  readonly self: Contact
  readonly tasks: Tasks
  readonly log: Logger
  /** Gets a line for each request that failed. */
  readonly networkLog: Logger
  /** The last contact was lost, or who would have been the first did not answer. */
  onLost (): void
  /** Somebody was asked whether it answers. */
  onProbe: Observer['onProbe']
  /** A contact entered the table. */
  onNew (contact: Contact): void
  /** A contact left the table. */
  onGone (contact: Contact): void
}

/**
 * The peers we know, and how we come to know them: the routing table learns from
 * answers to our own requests, never from hearsay, and forgets who fails.
 */
export class Peers {
  readonly table: RoutingTable
  readonly #init: PeersInit
  /** Newcomers that serve our protocol, to be asked whether they answer. */
  readonly #verifications: WorkQueue
  /** Heads of full buckets, to be asked whether they are alive still. */
  readonly #checks: WorkQueue
  /** Latest last. */
  readonly #remembered: Contact[] = []

  constructor (init: PeersInit) {
    this.#init = init
    const { config: { k, prefixLength, splitThreshold, maxVerifications, maxVerificationsWaiting, maxChecks, maxChecksWaiting }, tasks } = init
    this.#verifications = new WorkQueue({ tasks, concurrency: maxVerifications, maxWaiting: maxVerificationsWaiting })
    this.#checks = new WorkQueue({ tasks, concurrency: maxChecks, maxWaiting: maxChecksWaiting })
    this.table = new RoutingTable({ self: init.self.key, k, prefixLength, splitThreshold })
  }

  /** Contacts that were lost, latest first: perhaps only the network between us was. */
  get remembered (): readonly Contact[] {
    return this.#remembered.toReversed()
  }

  /** Those of them that are not back in the table. */
  get lost (): Contact[] {
    return this.remembered.filter(({ key }) => this.table.get(key) == null)
  }

  /** A contact of earlier, once however often it was lost: it is asked when we join again. The oldest gives way. */
  remember (contact: Contact): void {
    const before = this.#remembered.findIndex(({ id }) => bytesEqual(id, contact.id))
    if (before !== -1) {
      this.#remembered.splice(before, 1)
    }
    this.#remembered.push(contact)
    if (this.#remembered.length > MAX_REMEMBERED) {
      this.#remembered.shift()
    }
  }

  /**
   * Ask `contact`; the table learns from how that goes.
   *
   * @throws as {@link RpcClient.request}
   */
  ask<R extends Question> (contact: Contact, request: R, patience: Patience = {}): Promise<ResponseTo<R['type']>> {
    return this.#init.client.request(contact, request, patience).then(
      response => {
        this.#learn(contact)
        return response
      },
      err => {
        this.#blame(contact, request, err, patience.signal)
        throw err
      }
    )
  }

  /**
   * The same for those who do not wait for a peer that is late. It is asked on, so that the table learns what becomes of it.
   *
   * @throws {TimeoutError} it is late
   */
  askInTime<R extends Question> (contact: Contact, request: R, signal?: AbortSignal): Promise<ResponseTo<R['type']>> {
    return new Promise((resolve, reject) => {
      this.ask(contact, request, { signal, onLate: reject }).then(resolve, reject)
    })
  }

  #blame (contact: Contact, request: Request, err: unknown, signal: AbortSignal | undefined): void {
    if (err === signal?.reason || this.#init.tasks.signal.aborted) {
      return // it was given up, or we stop
    }
    this.#init.networkLog('%s at %b failed: %e', request.type, contact.id, err)
    if (err instanceof TimeoutError && request.type === 'put-value') { // rust leaves one unanswered for which it has no room
      this.#checks.add(bytesToMapKey(contact.id), async signal => this.#check(contact, signal))
    } else if (isFaultOfPeer(err, request)) {
      this.#forget(contact, err)
    }
  }

  /** What is going on to keep the table good. */
  get upkeep (): { verifications: WorkQueue['counts'], checks: WorkQueue['counts'] } {
    return { verifications: this.#verifications.counts, checks: this.#checks.counts }
  }

  /**
   * Who is at `addr`?
   *
   * @throws as {@link Host.identify}
   */
  async identify (addr: Uint8Array, signal?: AbortSignal): Promise<Contact> {
    const { config: { host, protocol }, client } = this.#init
    const contact = contactOf(await host.identify(addr, protocol, { signal }))
    client.found(contact)
    return contact
  }

  /** Ask whether `contact` is alive, be it ever so slow. The table learns from the answer. */
  async probe (contact: Contact, signal?: AbortSignal): Promise<void> {
    const { config, self } = this.#init
    await this.ask(contact, config.probe === 'ping' ? { type: 'ping' } : { type: 'find-node', target: self.id }, { signal })
  }

  /**
   * A peer that serves our protocol has dialled us: if the table has use for it, dial it
   * back, and enter it if it answers, or its new addresses if it is there already. Those
   * that wait are bounded; a newcomer beyond that is dropped.
   */
  verify (peer: PeerInfo): void {
    const contact = this.#init.config.heard(peer)
    if (this.#isToBeDialled(contact)) {
      this.#verifications.add(bytesToMapKey(peer.id), async signal => this.#dialBack(contact, signal))
    }
  }

  /** `peer` is there, but serves us no longer: it is not even remembered. */
  drop (peer: PeerInfo): void {
    this.#verifications.drop(bytesToMapKey(peer.id))
    this.#remove(contactOf(peer), new UnsupportedProtocolError('it serves the protocol no longer'))
  }

  /**
   * Send `contact` what nobody answers; the table learns when that fails. As with {@link Peers.askInTime}, nobody
   * waits for a peer that is late; it is sent on.
   *
   * @throws {TimeoutError} it is late
   * @throws as {@link RpcClient.send}
   */
  tell (contact: Contact, request: Extract<Request, { type: 'add-provider' }>, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#init.client.send(contact, request, { signal, onLate: reject }).then(resolve, err => {
        this.#blame(contact, request, err, signal)
        reject(err)
      })
    })
  }

  async #dialBack (contact: Contact, signal: AbortSignal): Promise<void> {
    if (!this.#isToBeDialled(contact)) {
      return // that was found out while it waited
    }
    try {
      await this.#probeWithin(this.#init.config.verificationTimeout, 'newcomer', contact, signal)
      this.#enter(contact)
    } catch (err) {
      // it may have been busy, or we: as long as it is connected, nobody tells of it again
      if (this.table.size === 0 && this.#remembered.length < MAX_REMEMBERED && !(err instanceof UnsupportedProtocolError)) {
        this.remember(contact)
        this.#init.onLost()
      }
      throw err
    }
  }

  /** Is it worth a request to know whether a newcomer answers? Not while one is under way, nor if the table has no use for it. */
  #isToBeDialled (contact: Contact): boolean {
    const asked = this.#init.client.asked(contact)
    if (contact.addrs.length === 0 || (asked != null && !hasNewAddr(contact, asked))) {
      return false
    }
    return isWanted(this.table, contact, this.#init.config.prefixLength)
  }

  async #probeWithin (ms: number, whom: 'newcomer' | 'contact', contact: Contact, signal: AbortSignal): Promise<void> {
    const { config: { clock }, onProbe } = this.#init
    const begun = clock.now()
    const deadline = startDeadline(clock, ms, () => new TimeoutError(`no answer within ${ms} ms`), signal)
    try {
      await this.probe(contact, deadline.signal)
      onProbe?.(whom, clock.now() - begun)
    } catch (err) {
      onProbe?.(whom, clock.now() - begun, err)
      throw err
    } finally {
      deadline.clear()
    }
  }

  /** `contact` answered over a stream that may have been opened before, at other addresses: those it has now may be hearsay. */
  #learn (contact: Contact): void {
    if (!this.table.seen(contact.key, this.#init.config.clock.now())) {
      const opened = this.#init.client.opened(contact)
      this.#enter(opened == null || opened === contact ? contact : contactOf(opened))
    }
  }

  /** One without an address that we may name is of no use to others. */
  #enter (contact: Contact): void {
    const { config, log } = this.#init
    if (contact.addrs.length === 0) {
      return
    }
    const result = this.table.insert(contact, config.clock.now())
    if (result.type === 'inserted') {
      log('new contact %b, %d in all', contact.id, this.table.size)
      this.#init.onNew(contact)
    }
    if (result.type === 'full') {
      this.#checkAlive(result.leastRecentlySeen)
    }
  }

  /** Ping the head of a full bucket unless it answered lately: if it answers it stays, if not a newcomer takes its place. */
  #checkAlive (head: TableEntry): void {
    const { config: { clock } } = this.#init
    if (isFresh(head, clock.now())) {
      this.table.seen(head.key, head.lastSeen) // the next newcomer finds another head
      return
    }
    const queued = this.#checks.add(bytesToMapKey(head.id), async signal => {
      try {
        await this.#check(head, signal)
      } finally {
        this.table.seen(head.key, clock.now()) // the check must end; whoever failed of its own fault is gone by now
      }
    })
    if (!queued) {
      this.table.seen(head.key, clock.now())
    }
  }

  /** Ask `contact` whether it is alive; the table forgets it if it is not. */
  async #check (contact: Contact, signal: AbortSignal): Promise<void> {
    try {
      await this.#probeWithin(this.#init.config.checkTimeout, 'contact', contact, signal)
    } catch (err) {
      if (err instanceof TimeoutError) {
        this.#forget(contact, err)
      }
      throw err
    }
  }

  /** `contact` failed. If it was not reached elsewhere than where we know it, that says nothing. */
  #forget (contact: Contact, err: unknown): void {
    const known = this.table.get(contact.key)
    const isUnreached = err instanceof DialError || err instanceof TimeoutError
    if (known != null && isUnreached && hasNewAddr(known, contact)) {
      return
    }
    if (this.#remove(contact, err)) {
      this.remember(contact)
    }
  }

  /** Take `contact` out of the table; was it in there? */
  #remove (contact: Contact, err: unknown): boolean {
    const { removed, replacement } = this.table.remove(contact.key)
    if (removed) {
      this.#init.log('lost contact %b: %e', contact.id, err)
      this.#init.onGone(contact)
    }
    if (replacement != null) {
      this.#init.onNew(replacement)
    }
    if (removed && replacement == null && this.table.size === 0) {
      this.#init.onLost()
    }
    return removed
  }
}

/** A limit of ours, or a key or record that the peer would not take, says nothing about whether it is alive. Nobody refuses a ping or a lookup. */
function isFaultOfPeer (err: unknown, { type }: Request): boolean {
  return !(err instanceof LimitError) && (type === 'ping' || type === 'find-node' || !(err instanceof StreamResetError))
}
