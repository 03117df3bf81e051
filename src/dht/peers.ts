import { bytesToMapKey } from '../keyspace/key.ts'
import { RoutingTable } from '../routing/routing-table.ts'
import { LimitError, StreamResetError } from '../rpc/errors.ts'
import { bytesEqual } from '../wire/bytes-equal.ts'
import type { KademliaConfig } from './config.ts'
import type { Tasks } from './tasks.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Question, RpcClient } from '../rpc/client.ts'
import type { Request, ResponseTo } from '../wire/rpc.ts'
import type { Logger } from '@libp2p/interface'

/** Diallers waiting to be dialled back. A flood of them changes nothing but who waits. */
const MAX_VERIFICATIONS_WAITING = 256

/** Diallers dialled back at once. */
const MAX_VERIFICATIONS = 8

/** Lost contacts remembered, to come back through when all are lost. */
const MAX_REMEMBERED = 64

export interface PeersInit {
  readonly config: KademliaConfig
  readonly client: RpcClient
  readonly self: Contact
  readonly tasks: Tasks
  readonly log: Logger
  /** The last contact was lost. */
  onLost (): void
}

/**
 * The peers we know, and how we come to know them: the routing table learns from
 * answers to our own requests, never from hearsay, and forgets who fails.
 */
export class Peers {
  readonly table: RoutingTable
  readonly #init: PeersInit
  /** Diallers that serve our protocol, by id, not yet dialled back; the latest last. */
  readonly #unverified = new Map<string, PeerInfo>()
  #verifying = 0
  /** Latest last. */
  readonly #remembered: Contact[] = []

  constructor (init: PeersInit) {
    this.#init = init
    this.table = new RoutingTable({ self: init.self.key, k: init.config.k })
  }

  /** Contacts that were lost, latest first: perhaps only the network between us was. */
  get remembered (): readonly Contact[] {
    return this.#remembered.toReversed()
  }

  /**
   * Ask `contact`; the table learns from how that goes.
   *
   * @throws as {@link RpcClient.request}
   */
  async ask<R extends Question> (contact: Contact, request: R, signal?: AbortSignal): Promise<ResponseTo<R['type']>> {
    try {
      const response = await this.#init.client.request(contact, request, { signal })
      this.#learn(contact)
      return response
    } catch (err) {
      if (isFaultOfPeer(err, request) && signal?.aborted !== true) {
        this.#forget(contact, err)
      }
      throw err
    }
  }

  /** Ask whether `contact` is alive. The table learns from the answer. */
  async probe (contact: Contact, signal?: AbortSignal): Promise<void> {
    if (this.#init.config.probe === 'ping') {
      await this.ask(contact, { type: 'ping' }, signal)
    } else {
      await this.ask(contact, { type: 'find-node', target: this.#init.self.id }, signal)
    }
  }

  /**
   * A peer that serves our protocol has dialled us: dial it back, and enter it in
   * the table if it answers, or its new addresses if it is there already. Those
   * that wait are bounded; a newcomer beyond that is dropped.
   */
  verify (peer: PeerInfo): void {
    if (this.#unverified.size < MAX_VERIFICATIONS_WAITING && peer.addrs.length > 0) {
      this.#unverified.set(bytesToMapKey(peer.id), peer)
      this.#verifyNext()
    }
  }

  #verifyNext (): void {
    const [next] = this.#unverified
    if (next == null || this.#verifying >= MAX_VERIFICATIONS) {
      return
    }
    const [id, peer] = next
    this.#unverified.delete(id)
    this.#verifying++
    this.#init.tasks.run(async signal => {
      try {
        await this.#dialBack(this.#init.config.heard(peer), signal)
      } finally {
        this.#verifying--
        this.#verifyNext()
      }
    })
  }

  async #dialBack (contact: Contact, signal: AbortSignal): Promise<void> {
    const known = this.table.get(contact.key)
    if (known != null && contact.addrs.every(addr => known.addrs.some(other => bytesEqual(addr, other)))) {
      return
    }
    await this.probe(contact, signal)
    this.#enter(contact)
  }

  #learn (contact: Contact): void {
    if (!this.table.seen(contact.key, this.#init.config.clock.now())) {
      this.#enter(contact)
    }
  }

  #enter (contact: Contact): void {
    const { config, log } = this.#init
    const result = this.table.insert(contact, config.clock.now())
    if (result.type === 'inserted') {
      log('new contact %b, %d in all', contact.id, this.table.size)
    }
    if (result.type === 'full') {
      this.#checkAlive(result.leastRecentlySeen)
    }
  }

  /** Ping the head of a full bucket: if it answers it stays, if not a newcomer takes its place. */
  #checkAlive (head: Contact): void {
    this.#init.tasks.run(async signal => {
      try {
        await this.probe(head, signal)
      } catch (err) {
        // it stays if that was no fault of its own, and the check must end all the same
        this.table.seen(head.key, this.#init.config.clock.now())
        throw err
      }
    })
  }

  #forget (contact: Contact, err: unknown): void {
    const { removed, replacement } = this.table.remove(contact.key)
    if (!removed) {
      return
    }
    this.#init.log('lost contact %b: %e', contact.id, err)
    this.#remembered.push(contact)
    if (this.#remembered.length > MAX_REMEMBERED) {
      this.#remembered.shift()
    }
    if (replacement == null && this.table.size === 0) {
      this.#init.onLost()
    }
  }
}

/** A limit of ours, or a record that the peer would not take, says nothing about whether it is alive. */
function isFaultOfPeer (err: unknown, request: Request): boolean {
  return !(err instanceof LimitError) && !(request.type === 'put-value' && err instanceof StreamResetError)
}
