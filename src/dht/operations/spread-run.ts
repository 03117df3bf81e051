import { startDeadline } from '../../clock/wait.ts'
import { commonPrefixLength } from '../../keyspace/distance.ts'
import { bytesToMapKey } from '../../keyspace/key.ts'
import { rangeWithin } from '../../keyspace/prefix.ts'
import { Explored } from '../../lookup/explored.ts'
import { Sweep } from '../../lookup/sweep.ts'
import { preimageIn } from '../../routing/refresh.ts'
import { DialError, TimeoutError, UnsupportedProtocolError } from '../../rpc/errors.ts'
import { Turns } from '../../store/turns.ts'
import { PUT_DEADLINE_MS } from '../deadlines.ts'
import { Walks } from '../walks.ts'
import { lookUp } from './lookup.ts'
import { depositLength, sendToEach } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { OnOutcome, SpreadItem, SpreadManyOptions } from './spread-many.ts'
import type { Deposit } from './spread.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { SweepStep } from '../../lookup/sweep.ts'
import type { DhtContext } from '../context.ts'

/** Items sent at once, unless told otherwise. */
const CONCURRENCY = 10

/** Bytes of deposits under way, all copies counted, beside which no further item is sent. */
const MAX_BYTES_UNDERWAY = 64 * 1024 * 1024

/** Parts of the keyspace that are explored at once. */
const MAX_STRANDS = 4

/** Bits: the keyspace is parted into at most 2^so many parts, which are explored side by side … */
const MAX_PARTING_BITS = 3

/** … of at least 2^so many regions each: of fewer, the more part two keys the more lookups are made twice. */
const REGIONS_IN_PART_BITS = 3

/** Milliseconds for which what was explored is relied on; peers come and go. */
const RELIED_ON_MS = 600_000

/** What is known after some lookups: who gets which items. */
interface Region<T> {
  lookups: number
  items: number
  readonly peers: Set<Contact>
  /** Those that are to be sent next. */
  waiting: Array<Addressed<T>>
}

/** An item, and who is to have it. */
interface Addressed<T> {
  readonly item: T
  readonly closest: readonly Contact[]
}

/** The work of `spreadMany`: explores the keyspace and sends, batch after batch. What one batch explored serves the next. */
export class SpreadRun<T extends SpreadItem> {
  readonly totals = { items: 0, regions: 0, lookups: 0 }
  readonly #dht: DhtContext
  readonly #options: SpreadManyOptions
  readonly #onOutcome: OnOutcome<T>
  readonly #explored: Explored
  #exploredSince: number
  /** Who was found by the last lookup that found fewer than k. */
  #foundFew: string | undefined
  /** One strand sends at a time; they look up side by side. */
  readonly #sending = new Turns()

  constructor (dht: DhtContext, options: SpreadManyOptions, onOutcome: OnOutcome<T>) {
    this.#dht = { ...dht, walks: new Walks(dht.config.clock) } // its few lookups do not wait behind thousands of a user's
    this.#options = options
    this.#onOutcome = onOutcome
    this.#explored = new Explored(dht.config.k)
    this.#exploredSince = dht.config.clock.now()
  }

  /** Spread `items`, sorted by key. */
  async spread (items: readonly T[]): Promise<void> {
    const parts = partsOf(items, this.#partingBits())
    await allOver(Array.from({ length: MAX_STRANDS }, async () => {
      for (const part of parts) { // leaving the loop, be it by an error, leaves no part to anybody
        await this.#sweep(part)
      }
    }))
  }

  /** Our own neighbours tell how many regions there are. */
  #partingBits (): number {
    const { config: { k }, self, peers: { table } } = this.#dht
    const neighbours = table.closest(self.key, k)
    const regionBits = neighbours.length < k ? 0 : commonPrefixLength(self.key, neighbours[k - 1].key) + 1
    return Math.min(MAX_PARTING_BITS, Math.max(0, regionBits - REGIONS_IN_PART_BITS))
  }

  async #sweep (items: readonly T[]): Promise<void> {
    const { concurrency = CONCURRENCY } = this.#options
    const sweep = new Sweep(items.map(({ key }) => key), this.#explored)
    const next = (): SweepStep => {
      this.#forgetIfOld()
      return sweep.next()
    }
    let region = newRegion<T>()
    for (let step = next(); step.type !== 'done'; step = next()) {
      if (step.type === 'send') {
        region.waiting.push({ item: items[step.index], closest: step.closest })
        if (region.waiting.length === concurrency) {
          await this.#flush(region)
        }
      } else {
        region = await this.#endRegion(region)
        region.lookups++
        await this.#lookUp(sweep, step, items)
      }
    }
    await this.#endRegion(region)
  }

  async #endRegion (region: Region<T>): Promise<Region<T>> {
    await this.#flush(region)
    if (region.items === 0) {
      return region
    }
    this.totals.regions++
    this.totals.items += region.items
    this.#options.onRegion?.({ items: region.items, peers: region.peers.size, lookups: region.lookups })
    return newRegion()
  }

  async #lookUp (sweep: Sweep, step: Exclude<SweepStep, { type: 'send' | 'done' }>, items: readonly T[]): Promise<void> {
    const { config: { random } } = this.#dht
    const { signal } = this.#options
    const target = step.type === 'look-up'
      ? items[step.index].target
      : preimageIn({ prefix: step.part.key, prefixLength: step.part.bits }, random)
    this.totals.lookups++
    const result = await lookUp(this.#dht, target, { signal })
    if (this.#isComplete(result)) {
      sweep.onFound(step, result.key, result.closest)
    } else {
      sweep.onLost(step, result.closest)
    }
  }

  /**
   * Are they all that live there? Not if the time was up. If fewer than k answered it may be that
   * there are no more, or that we can reach only few: then most of those asked failed, and it takes
   * another lookup to find the same.
   */
  #isComplete ({ reason, asked, failed, closest }: LookupResult): boolean {
    if (reason !== 'exhausted') {
      return reason === 'converged'
    }
    const found = closest.map(({ id }) => bytesToMapKey(id)).sort().join()
    const again = found === this.#foundFew
    this.#foundFew = found
    return again || failed * 2 <= asked
  }

  #forgetIfOld (): void {
    const now = this.#dht.config.clock.now()
    if (now - this.#exploredSince > RELIED_ON_MS) {
      this.#explored.forget()
      this.#exploredSince = now
    }
  }

  /** Send what waits. */
  async #flush (region: Region<T>): Promise<void> {
    await this.#sending.take('', async () => {
      while (region.waiting.length > 0) {
        const ready = await this.#ready(region.waiting)
        await this.#send(ready)
        region.items += ready.length
        ready.forEach(({ closest }) => { closest.forEach(peer => { region.peers.add(peer) }) })
      }
    })
  }

  /** As many of `waiting` as may be under way at once, with what they leave; they wait no longer. */
  async #ready (waiting: Array<Addressed<T>>): Promise<Array<Addressed<T> & { readonly deposit: Deposit }>> {
    const ready: Array<Addressed<T> & { readonly deposit: Deposit }> = []
    let bytes = 0
    for (let next = waiting.shift(); next != null; next = waiting.shift()) {
      const deposit = await this.#depositOf(next.item)
      if (deposit != null) {
        ready.push({ ...next, deposit })
        bytes += depositLength(deposit) * next.closest.length
      }
      if (bytes >= MAX_BYTES_UNDERWAY) {
        break
      }
    }
    return ready
  }

  /** One that cannot be read holds up no other. */
  async #depositOf (item: T): Promise<Deposit | undefined> {
    try {
      return await item.deposit()
    } catch (err) {
      this.#dht.log('%b is not sent: %e', item.target, err)
      return undefined
    }
  }

  async #send (ready: ReadonlyArray<Addressed<T> & { readonly deposit: Deposit }>): Promise<void> {
    const { signal } = this.#options
    const { config: { clock }, tasks } = this.#dht
    const deadline = startDeadline(clock, PUT_DEADLINE_MS, () => new TimeoutError(`not stored within ${PUT_DEADLINE_MS} ms`), signal, tasks.signal)
    try {
      await allOver(ready.map(async ({ item, closest, deposit }) => {
        const outcome = await sendToEach(this.#dht, closest, deposit, { signal: deadline.signal })
        signal?.throwIfAborted()
        tasks.signal.throwIfAborted()
        outcome.failed.forEach(({ peer, error }) => { this.#onFailure(peer, error) })
        await this.#onOutcome(item, outcome)
      }))
    } finally {
      deadline.clear()
    }
  }

  #onFailure (peer: Contact, error: Error): void {
    if (error instanceof DialError || error instanceof TimeoutError || error instanceof UnsupportedProtocolError) {
      this.#explored.drop(peer.key)
    }
  }
}

function newRegion<T> (): Region<T> {
  return { lookups: 0, items: 0, peers: new Set(), waiting: [] }
}

/** Resolves when all are over. Rejects then, with the first reason, if any did. */
async function allOver (work: ReadonlyArray<Promise<void>>): Promise<void> {
  for (const end of await Promise.allSettled(work)) {
    if (end.status === 'rejected') {
      throw end.reason
    }
  }
}

/** Sorted items by the first `bits` bits of their keys. */
function * partsOf<T extends SpreadItem> (items: readonly T[], bits: number): Generator<T[]> {
  const keys = items.map(({ key }) => key)
  for (let start = 0; start < items.length;) {
    const { end } = rangeWithin(keys, { key: keys[start], bits })
    yield items.slice(start, end)
    start = end
  }
}
