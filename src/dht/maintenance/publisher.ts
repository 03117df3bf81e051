import { bytesToMapKey } from '../../keyspace/key.ts'
import { Agenda } from './agenda.ts'
import { between } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Publication, PublicationStore } from '../../store/publication-store.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** Milliseconds until a value is sent out again that nobody took, or that could not be sent. */
const RETRY_MS = 60_000

/** Parts of a life after which a value is sent out again, at the least and at the most: twice before it ends, should one fail. */
const EARLIEST = 0.5
const LATEST = 0.75

/** Milliseconds of difference that do not keep values from being sent out together. */
const SLACK_MS = 60_000

export interface PublisherInit {
  readonly store: PublicationStore
  readonly clock: Clock
  random (n: number): Uint8Array
  readonly tasks: Tasks
  readonly log: Logger
  /** Send out again what is due: ids by `bytesToMapKey` of the record keys. */
  republish (ids: readonly string[], signal: AbortSignal): Promise<void>
}

/**
 * The publisher's list, and when what is on it is sent out again: some time in the third
 * quarter of its life.
 */
export class Publisher {
  readonly #init: PublisherInit
  readonly #agenda: Agenda

  constructor (init: PublisherInit) {
    const { clock, tasks, log, republish } = init
    this.#init = init
    this.#agenda = new Agenda({
      clock,
      tasks,
      log,
      what: 'republishing',
      slack: SLACK_MS,
      work: async (ids, signal) => {
        ids.forEach(id => { this.#agenda.set(id, this.#soon()) }) // whatever this fails of
        await republish(ids, signal)
      }
    })
  }

  /** How many values are kept alive, and when the next is sent out again: milliseconds since the Unix epoch. */
  get counts (): { values: number, next: number | undefined } {
    return { values: this.#agenda.size, next: this.#agenda.next }
  }

  /** Send out again what is due by now, and then whatever becomes due. */
  begin (): void {
    const { store, clock } = this.#init
    for (const { key, published, life } of store.times()) {
      this.#agenda.set(bytesToMapKey(key), Math.max(clock.now(), published + this.#share(life)))
    }
    this.#agenda.begin()
  }

  /** The value on the list at a record key. If there is none, it is due no more. */
  async get (key: Uint8Array): Promise<Publication | undefined> {
    const publication = await this.#init.store.get(key)
    if (publication == null) {
      this.#agenda.delete(bytesToMapKey(key))
    }
    return publication
  }

  /** A value is sent out now, and is to be again. */
  async add (publication: Omit<Publication, 'published'>): Promise<void> {
    const { store, clock } = this.#init
    const { key, value, life } = publication
    await store.put({ key, value, life, published: clock.now() })
    this.#plan(key, life)
  }

  /** The value at a record key was sent out again. If that cannot be written, it is sent early after a restart. */
  async sent (key: Uint8Array): Promise<void> {
    const { store, clock } = this.#init
    const publication = await this.get(key)
    if (publication != null) {
      this.#plan(key, publication.life)
      await store.put({ ...publication, published: clock.now() })
    }
  }

  /** Nobody took it: send it out again soon, unless it was taken off the list. */
  retry (key: Uint8Array): void {
    const id = bytesToMapKey(key)
    const due = this.#agenda.timeOf(id)
    if (due != null) {
      const soon = this.#soon()
      this.#agenda.set(id, due > this.#init.clock.now() ? Math.min(soon, due) : soon)
    }
  }

  /** Keep it alive no longer. Returns whether it was on the list. */
  async remove (key: Uint8Array): Promise<boolean> {
    const id = bytesToMapKey(key)
    this.#agenda.delete(id)
    const isListed = await this.#init.store.get(key) != null
    await this.#init.store.delete(key)
    return isListed
  }

  #plan (key: Uint8Array, life: number): void {
    this.#agenda.set(bytesToMapKey(key), this.#init.clock.now() + this.#share(life))
  }

  #soon (): number {
    const { clock, random } = this.#init
    return clock.now() + between(RETRY_MS / 2, RETRY_MS, random)
  }

  #share (life: number): number {
    return between(EARLIEST * life, LATEST * life, this.#init.random)
  }
}
