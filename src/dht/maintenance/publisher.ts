import { bytesToMapKey } from '../../keyspace/key.ts'
import { Turns } from '../../store/turns.ts'
import { bytesEqual } from '../../wire/bytes-equal.ts'
import { Agenda } from './agenda.ts'
import { randomBetween } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { ValueRecord } from '../../record/record.ts'
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
  /** What reads the value on the list at a key, and then writes, takes turns with what else does. */
  readonly #turns = new Turns()

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
    const now = clock.now()
    for (const { key, published, life } of store.times()) {
      const isFromAhead = published > now // the clock was set back: nobody knows how old it is
      this.#agenda.set(bytesToMapKey(key), isFromAhead ? now : Math.max(now, published + this.#share(life)))
    }
    this.#agenda.begin()
  }

  /** The value on the list at a record key. If there is none, it is due no more. */
  async get (key: Uint8Array): Promise<Publication | undefined> {
    const id = bytesToMapKey(key)
    return this.#turns.take(id, async () => {
      const publication = await this.#init.store.get(key)
      if (publication == null) {
        this.#agenda.delete(id)
      }
      return publication
    })
  }

  /** A value is sent out now, and is to be again. */
  async add ({ key, value, life }: Omit<Publication, 'published'>): Promise<void> {
    const { store, clock } = this.#init
    const id = bytesToMapKey(key)
    await this.#turns.take(id, async () => {
      await store.put({ key, value, life, published: clock.now() })
      this.#plan(id, life)
    })
  }

  /** A value was sent out again, and is still on the list unless another took its place. If that cannot be written, it is sent early after a restart. */
  async sent (record: ValueRecord): Promise<void> {
    const { store, clock } = this.#init
    await this.#ifListed(record, async (listed, id) => {
      this.#plan(id, listed.life)
      await store.put({ ...listed, published: clock.now() })
    })
  }

  /** Nobody accepts a value before the time at which it was put: send it out again then. */
  async postpone (record: ValueRecord): Promise<void> {
    await this.#ifListed(record, async ({ published }, id) => { this.#agenda.set(id, published) })
  }

  /** Nobody took it: send it out again within `ms` milliseconds, a minute by default, unless it was taken off the list. */
  retry (key: Uint8Array, ms?: number): void {
    const id = bytesToMapKey(key)
    if (this.#agenda.timeOf(id) != null) {
      this.#agenda.set(id, this.#soon(ms))
    }
  }

  /** Keep what is on the list at a record key alive no longer; with `value`, only if it is that. Returns whether it was there. */
  async remove (key: Uint8Array, value?: Uint8Array): Promise<boolean> {
    const { store } = this.#init
    const id = bytesToMapKey(key)
    return this.#turns.take(id, async () => {
      const listed = await store.get(key)
      if (listed != null && value != null && !bytesEqual(listed.value, value)) {
        return false
      }
      await store.delete(key)
      this.#agenda.delete(id)
      return listed != null
    })
  }

  /** Do `work` if the list has that very value. */
  async #ifListed ({ key, value }: ValueRecord, work: (listed: Publication, id: string) => Promise<void>): Promise<void> {
    const id = bytesToMapKey(key)
    await this.#turns.take(id, async () => {
      const listed = await this.#init.store.get(key)
      if (listed != null && bytesEqual(listed.value, value)) {
        await work(listed, id)
      }
    })
  }

  #plan (id: string, life: number): void {
    this.#agenda.set(id, this.#init.clock.now() + this.#share(life))
  }

  #soon (ms = RETRY_MS): number {
    const { clock, random } = this.#init
    return clock.now() + randomBetween(ms / 2, ms, random)
  }

  #share (life: number): number {
    return randomBetween(EARLIEST * life, LATEST * life, this.#init.random)
  }
}
