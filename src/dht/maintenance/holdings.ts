import { sleep } from '../../clock/wait.ts'
import { bytesToMapKey, keyOf } from '../../keyspace/key.ts'
import { Agenda } from './agenda.ts'
import { randomBetween } from './jitter.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Key } from '../../keyspace/key.ts'
import type { ValueLife } from '../../store/value-store.ts'
import type { Tasks } from '../tasks.ts'
import type { Logger } from '@libp2p/interface'

/** The holders of a value come one after another, within this part of the interval: the first of them spares the others. */
const SPREAD = 0.25

/** What is due within this part of the interval is passed on together. */
const SLACK = 0.05

/** Values of an earlier run that are taken up before others get a turn: each is hashed. */
const VALUES_PER_TURN = 1_000

/** A value that we hold; another object each time it comes again. */
export interface Holding {
  /** Where it lies: SHA-256 of the record key. */
  readonly key: Key
  /** Milliseconds since the Unix epoch. */
  readonly expires: number
}

export interface HoldingsInit {
  readonly clock: Clock
  random (n: number): Uint8Array
  readonly tasks: Tasks
  readonly log: Logger
  /** Milliseconds after which a value is passed on that has not come again; Infinity: never. */
  readonly interval: number
  /** Pass on what is due: ids by `bytesToMapKey` of the record keys. */
  replicate (ids: readonly string[], signal: AbortSignal): Promise<void>
}

/** Which values we hold, where they lie, and when each is to be passed on (Kademlia paper, §2.5). */
export class Holdings {
  readonly #init: HoldingsInit
  readonly #held = new Map<string, Holding>()
  readonly #agenda: Agenda

  constructor (init: HoldingsInit) {
    const { clock, tasks, log, interval, replicate } = init
    this.#init = init
    this.#agenda = new Agenda({ clock, tasks, log, what: 'replicating', slack: SLACK * interval, work: replicate })
  }

  get size (): number {
    return this.#held.size
  }

  /** How many values there are, and when the next is passed on: milliseconds since the Unix epoch. */
  get counts (): { values: number, next: number | undefined } {
    return { values: this.#held.size, next: this.#agenda.next }
  }

  /** `id`: the record key by `bytesToMapKey`. */
  get (id: string): Holding | undefined {
    return this.#held.get(id)
  }

  /** By the `bytesToMapKey` of their record keys. */
  entries (): Iterable<[string, Holding]> {
    return this.#held.entries()
  }

  begin (): void {
    this.#agenda.begin()
  }

  /** A value is kept, or came again: others have it too, so it is passed on later. */
  kept (recordKey: Uint8Array, expires: number): void {
    const id = bytesToMapKey(recordKey)
    this.#held.set(id, { key: this.#held.get(id)?.key ?? keyOf(recordKey), expires })
    this.again(id)
  }

  /** What is kept from an earlier run is to be passed on too. */
  async takeUp (values: Iterable<ValueLife> | AsyncIterable<ValueLife>): Promise<void> {
    const { clock, tasks } = this.#init
    let turn = 0
    for await (const { key, expires } of values) {
      if (++turn % VALUES_PER_TURN === 0) {
        await sleep(clock, 0, tasks.signal)
      }
      this.kept(key, expires)
    }
  }

  /** Pass the value on, one interval from now. */
  again (id: string): void {
    const { clock, interval, random } = this.#init
    if (interval === Infinity) {
      return
    }
    const held = this.#held.get(id)
    const due = clock.now() + randomBetween(interval, (1 + SPREAD) * interval, random)
    if (held != null && due < held.expires) {
      this.#agenda.set(id, due)
    }
  }

  /** Pass the value on no more, unless it comes again: others are there to do so. */
  rest (id: string): void {
    this.#agenda.delete(id)
  }

  /** Drop what has expired. */
  collect (): void {
    const now = this.#init.clock.now()
    for (const [id, { expires }] of this.#held) {
      if (expires <= now) {
        this.#held.delete(id)
        this.#agenda.delete(id)
      }
    }
  }
}
