import { sleep } from '../../clock/wait.ts'
import { bytesToMapKey, keyOf } from '../../keyspace/key.ts'
import { NoPeersError } from '../errors.ts'
import { spreadMany } from '../operations/spread-many.ts'
import { dueAt, placeOf } from './reprovide-schedule.ts'
import type { Key } from '../../keyspace/key.ts'
import type { DhtContext } from '../context.ts'
import type { Observer } from '../init.ts'
import type { SpreadItem, SweptRegion } from '../operations/spread-many.ts'
import type { Reached } from '../operations/spread.ts'
import type { Logger } from '@libp2p/interface'

/** When provider records of our own are sent out again, and how many at once. */
export interface ReprovideOptions {
  /** Milliseconds between looks at which records are due. Default 1 h. */
  readonly interval?: number | undefined
  /**
   * A record is sent out again before it has less than so many milliseconds left to live, or
   * at the last look before: each at its own time in a cycle of somewhat less than
   * `validity` − `threshold`, so that they go evenly. Default 24 h.
   */
  readonly threshold?: number | undefined
  /** Milliseconds a provider record lives. Default 48 h. */
  readonly validity?: number | undefined
  /** Records sent out again at once. Default 10. */
  readonly concurrency?: number | undefined
  /** Records that are due and kept in mind at once; more wait in the store. Default 16,384. */
  readonly maxQueueSize?: number | undefined
}

/** How it goes to keep what we provide alive. */
export interface Reproviding {
  /** Records that are being sent out again. */
  running: number
  /** Records that are due, in mind, and wait for that. */
  waiting: number
  /** The round that goes on, or else the last one in which anything was due. */
  round?: ReprovideRound
  /** When a record that is not due yet will be next: milliseconds since the Unix epoch; undefined if there is none, or nobody looked yet. */
  nextDue?: number
}

/** One look, and what was due then. */
export interface ReprovideRound {
  /** When it began, milliseconds since the Unix epoch. */
  readonly began: number
  /** When it ended, likewise; undefined while it goes on, or if it was broken off. */
  ended?: number
  /** Records that were due so far. */
  due: number
  /** Of these, those of which somebody was told. */
  sent: number
  /** And those of which nobody could be told: they are due at the next look too. */
  failed: number
  /** Parts of the keyspace that are through. */
  regions: number
  /** Lookups that were made to get there. */
  lookups: number
}

/** A record that is due. */
interface DueItem extends SpreadItem {
  readonly id: string
  /** When it was its turn, milliseconds since the Unix epoch. */
  begun: number
}

/** Milliseconds from the start to the first look, and between looks while nobody can be told: there are no contacts, or no address of ours that may be told. */
const FIRST_LOOK_MS = 60_000

/** Records looked at in one turn of the event loop: it takes some milliseconds to hash so many. */
const RECORDS_IN_A_TURN = 4_096

/** Look every interval which of our own provider records are due, and send those, until the node stops. */
export function keepProviding (dht: DhtContext, log: Logger, onReprovide?: Observer['onReprovide']): void {
  const { config: { clock, reprovide: { interval } }, peers: { table } } = dht
  const soon = Math.min(interval, FIRST_LOOK_MS)
  function lookIn (ms: number): void {
    dht.tasks.after(clock, ms, async signal => {
      const began = clock.now()
      const canTell = table.size > 0 && dht.published().addrs.length > 0
      if (canTell) {
        await new Round(dht, log, onReprovide).run(signal)
      }
      dht.cancelled.clear() // the store knows by now
      const next = canTell ? began + interval - clock.now() : soon
      lookIn(Math.min(interval, Math.max(soon, next))) // the clock may have been set back meanwhile
    })
  }
  lookIn(soon)
}

/**
 * Sends out again every provider record of ours that is due: of which nobody was told yet,
 * or whose time in the cycle has come since it was sent, be it past its life. Those that were
 * due while we were down are caught up all at once. What fails is logged, and due at the next look.
 */
class Round {
  readonly #dht: DhtContext
  readonly #log: Logger
  readonly #onReprovide: Observer['onReprovide']
  readonly #counts: ReprovideRound

  constructor (dht: DhtContext, log: Logger, onReprovide: Observer['onReprovide']) {
    this.#dht = dht
    this.#log = log
    this.#onReprovide = onReprovide
    this.#counts = { began: dht.config.clock.now(), due: 0, sent: 0, failed: 0, regions: 0, lookups: 0 }
  }

  async run (signal: AbortSignal): Promise<void> {
    const { config: { clock, reprovide: { concurrency, maxQueueSize } }, reproviding } = this.#dht
    const onRegion = (region: SweptRegion): void => { this.#onRegion(region) }
    try {
      await spreadMany(this.#dht, this.#due(signal), { signal, concurrency, maxQueueSize, onRegion }, async (item, outcome) => this.#settle(item, outcome))
      this.#counts.ended = clock.now()
      this.#logEnd()
    } catch (err) {
      signal.throwIfAborted()
      this.#log('a round of reproviding failed: %e', err)
    } finally {
      reproviding.waiting = 0
      reproviding.running = 0
    }
  }

  /** What is due, in the order of the store. It is `untold` until somebody was told, unless it is cancelled before. */
  async * #due (signal: AbortSignal): AsyncGenerator<DueItem> {
    const { config: { clock, reprovide }, providers, self, untold, cancelled, reproviding } = this.#dht
    let looked = 0
    let nextDue = Infinity
    for await (const { key: multihash, added } of providers.providedBy(self.id)) {
      if (++looked % RECORDS_IN_A_TURN === 0) {
        await sleep(clock, 0, signal)
      }
      const id = bytesToMapKey(multihash)
      if (cancelled.has(id)) {
        continue
      }
      const key = keyOf(multihash)
      const due = dueAt(placeOf(key, self.key), added, reprovide)
      const isFromAhead = added > clock.now() // the clock was set back: nobody knows how old it is
      if (isFromAhead || due <= this.#counts.began || untold.has(id)) {
        untold.add(id)
        reproviding.round = this.#counts
        reproviding.waiting++
        this.#counts.due++
        yield this.#item(id, multihash, key)
      } else {
        nextDue = Math.min(nextDue, due)
      }
    }
    reproviding.nextDue = nextDue === Infinity ? undefined : nextDue
  }

  #item (id: string, multihash: Uint8Array, key: Key): DueItem {
    const { config: { clock }, untold, reproviding, published } = this.#dht
    return {
      id,
      target: multihash,
      key,
      begun: 0,
      async deposit () {
        reproviding.waiting--
        if (!untold.has(id)) {
          return undefined
        }
        reproviding.running++
        this.begun = clock.now()
        return { type: 'add-provider', key: multihash, providers: [published()] }
      }
    }
  }

  async #settle ({ id, target, begun }: DueItem, { reached, failed }: Reached): Promise<void> {
    const { config: { clock }, providers, untold, reproviding, published } = this.#dht
    reproviding.running--
    try {
      if (reached.length === 0) {
        throw failed[0]?.error ?? new NoPeersError('no peer answered')
      }
      if (untold.delete(id)) { // not cancelled meanwhile
        await providers.add(target, published())
      }
      this.#counts.sent++
      this.#onReprovide?.(clock.now() - begun)
    } catch (err) {
      this.#counts.failed++
      this.#onReprovide?.(clock.now() - begun, err)
      this.#log('could not provide %b again, the next look tries it once more: %e', target, err)
    }
  }

  #onRegion ({ items, peers, lookups }: SweptRegion): void {
    this.#counts.regions++
    this.#counts.lookups += lookups
    this.#log('a region is through: %d records at %d peers, after %d lookups', items, peers, lookups)
  }

  #logEnd (): void {
    const { began, ended = began, due, sent, failed, regions, lookups } = this.#counts
    if (due > 0) {
      this.#log('%d records were due: sent %d, failed %d, in %d regions with %d lookups, in %d ms', due, sent, failed, regions, lookups, ended - began)
    }
  }
}
