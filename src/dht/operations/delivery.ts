import { onAbort } from '../../clock/wait.ts'
import { asError } from '../../rpc/errors.ts'
import type { Reached } from './spread.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Contact } from '../../keyspace/contact.ts'

/** Bytes up to which a deposit goes to all peers at once: to twenty of them, half a second at 5 Mbit/s. */
const MAX_AT_ONCE_BYTES = 16 * 1024

/** To how many a larger one goes at first. */
const PILOTS = 2

/** Milliseconds for which a transfer may wait, and bytes that it makes a millisecond then, if so many may share our link without any becoming too slow. */
const QUICK_MS = 300
const QUICK_BYTES_PER_MS = 512

/** Who is late has so many times as long as the slowest of those reached took. */
const PATIENCE_FACTOR = 2

export interface DeliveryInit<T> {
  readonly clock: Clock
  readonly peers: readonly Contact[]
  /** Bytes that go to each. */
  readonly byteLength: number
  readonly signal: AbortSignal | undefined
  /** Send it to one. Calls `onLate` when it usually has come about by then, and goes on. */
  send (peer: Contact, onLate: (error: Error) => void): Promise<T>
  /** It has been brought to this one. */
  onReached (peer: Contact, answer: T): void
  /** It could not be brought to this one. */
  onFailed (peer: Contact, error: Error): void
}

interface UnderWay {
  readonly since: number
  /** Set once it is late. */
  error?: Error
}

/**
 * Brings something to each of some peers.
 *
 * What is large goes to two of them first, and to all others once one has it quickly: sent to twenty at once over a slow
 * link, it would reach each too late. If it is not quick, it goes to two at a time.
 *
 * Nobody waits for one that is late for much longer than the others took. But while nobody has been reached it may be our own link that is slow,
 * and all are waited for.
 */
export class Delivery<T> {
  readonly #init: DeliveryInit<T>
  readonly #errors = new Map<Contact, Error>()
  readonly #reached = new Set<Contact>()
  readonly #underWay = new Map<Contact, UnderWay>()
  readonly #resolve: (reached: Reached) => void
  #unlink = (): void => {}
  #window: number
  #next = 0
  /** Milliseconds that the slowest of those reached took, and since when the latest of them was under way: milliseconds since the Unix epoch. */
  #slowest = 0
  #latest = -Infinity
  #cancel = (): void => {}
  #isOver = false

  /** Resolves when it has been brought to each, or could not be. Never rejects. */
  static async run<T> (init: DeliveryInit<T>): Promise<Reached> {
    return new Promise(resolve => { new Delivery(init, resolve).#step() })
  }

  private constructor (init: DeliveryInit<T>, resolve: (reached: Reached) => void) {
    this.#init = init
    this.#resolve = resolve
    this.#window = init.byteLength > MAX_AT_ONCE_BYTES ? PILOTS : Infinity
    this.#unlink = onAbort(init.signal, reason => { this.#end(asError(reason)) })
  }

  #step (): void {
    const { peers, clock } = this.#init
    while (!this.#isOver && this.#next < peers.length && this.#slotsTaken() < this.#window) {
      this.#send(peers[this.#next++])
    }
    if (this.#isOver || this.#next < peers.length) {
      return
    }
    const left = this.#longestWait(clock.now())
    this.#cancel()
    if (left <= 0) {
      this.#end()
    } else if (left < Infinity) {
      this.#cancel = clock.schedule(left, () => { this.#end() })
    }
  }

  /** One that is late, and was overtaken by who was sent to no earlier, is slow itself: it takes no slot. */
  #slotsTaken (): number {
    return [...this.#underWay.values()].filter(({ since, error }) => error == null || since > this.#latest).length
  }

  /** Milliseconds that those under way are still waited for. */
  #longestWait (now: number): number {
    const waits = [...this.#underWay.values()].map(({ since, error }) => error == null || this.#reached.size === 0
      ? Infinity
      : Math.min(since, now) + PATIENCE_FACTOR * this.#slowest - now)
    return Math.max(0, ...waits)
  }

  #send (peer: Contact): void {
    const { clock, send } = this.#init
    const underWay: UnderWay = { since: clock.now() }
    this.#underWay.set(peer, underWay)
    send(peer, error => {
      underWay.error = error
      this.#step()
    }).then(
      answer => { this.#onReached(peer, underWay, answer) },
      error => {
        this.#underWay.delete(peer)
        this.#onFailed(peer, asError(error))
        this.#step()
      }
    )
  }

  #onReached (peer: Contact, { since }: UnderWay, answer: T): void {
    if (this.#isOver) {
      return
    }
    const { clock, byteLength, onReached } = this.#init
    const ms = Math.max(0, clock.now() - since)
    this.#latest = Math.max(this.#latest, since)
    this.#slowest = Math.max(this.#slowest, ms)
    if (ms <= QUICK_MS + byteLength / QUICK_BYTES_PER_MS) {
      this.#window = Infinity
    }
    this.#underWay.delete(peer)
    this.#reached.add(peer)
    onReached(peer, answer)
    this.#step()
  }

  #onFailed (peer: Contact, error: Error): void {
    if (!this.#isOver) {
      this.#errors.set(peer, error)
      this.#init.onFailed(peer, error)
    }
  }

  /** It is over, for that reason, if any: those under way, and those that wait for their turn, have failed. */
  #end (reason?: Error): void {
    if (this.#isOver) {
      return
    }
    const { peers } = this.#init
    this.#underWay.forEach(({ error }, peer) => { this.#onFailed(peer, error ?? asError(reason)) })
    peers.slice(this.#next).forEach(peer => { this.#onFailed(peer, asError(reason)) })
    this.#isOver = true
    this.#cancel()
    this.#unlink()
    this.#resolve({
      reached: peers.filter(peer => this.#reached.has(peer)),
      failed: peers.flatMap(peer => {
        const error = this.#errors.get(peer)
        return error == null ? [] : [{ peer, error }]
      })
    })
  }
}
