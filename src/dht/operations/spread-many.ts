import { compareDistance } from '../../keyspace/distance.ts'
import { keyFromBytes } from '../../keyspace/key.ts'
import { SpreadRun } from './spread-run.ts'
import type { Deposit, Reached } from './spread.ts'
import type { Key } from '../../keyspace/key.ts'
import type { DhtContext } from '../context.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Items in mind at once, unless told otherwise. */
const MAX_QUEUE_SIZE = 16_384

const ORIGIN = keyFromBytes(new Uint8Array(32))

/** Something to be left with the k peers closest to a key. */
export interface SpreadItem {
  /** What the key is the hash of. */
  readonly target: Uint8Array
  /** SHA-256 of `target`. */
  readonly key: Key
  /** What is to be sent; asked for when it is its turn. Undefined: it is no longer wanted. What it throws is logged, and the item left out. */
  deposit (): Promise<Deposit | undefined>
}

/** Keys beside each other whose closest peers were known after the same lookups. */
export interface SweptRegion {
  readonly items: number
  /** Different peers to which they were sent. */
  readonly peers: number
  /** Lookups it took. */
  readonly lookups: number
}

/** Told that an item was sent: to whom, and to whom not. Not told of those that are no longer wanted. */
export type OnOutcome<T> = (item: T, outcome: Reached) => Promise<void> | void

export interface SpreadManyOptions extends AbortOptions {
  /** Items sent at once. Default 10. */
  readonly concurrency?: number
  /** Items kept in mind at once, which are sorted and share lookups; more wait in `items`. Default 16,384. */
  readonly maxQueueSize?: number
  /** A region is done. */
  onRegion? (region: SweptRegion): void
}

/** What it took to spread many. */
export interface SpreadMany {
  /** Items sent, whatever became of that. */
  readonly items: number
  readonly regions: number
  readonly lookups: number
}

/**
 * Send each of many items to the k peers closest to it, at less than a lookup each: the
 * keyspace is walked from one end to the other, and keys whose closest peers are known
 * from lookups made for others are sent without (see `lookup/sweep.ts`). What goes to one peer
 * goes over one stream, without waiting, as many items at a time as `concurrency` says.
 *
 * A single item costs what `spread` costs. Peers that turn out to be gone get no more of
 * the items that come later.
 *
 * @throws the signal's reason, when aborted
 */
export async function spreadMany<T extends SpreadItem> (dht: DhtContext, items: Iterable<T> | AsyncIterable<T>, options: SpreadManyOptions, onOutcome: OnOutcome<T>): Promise<SpreadMany> {
  const run = new SpreadRun(dht, options, onOutcome)
  for await (const batch of batches(items, options.maxQueueSize ?? MAX_QUEUE_SIZE)) {
    await run.spread(batch.sort((a, b) => compareDistance(ORIGIN, a.key, b.key)))
  }
  return run.totals
}

async function * batches<T> (source: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of source) {
    batch.push(item)
    if (batch.length >= size) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) {
    yield batch
  }
}
