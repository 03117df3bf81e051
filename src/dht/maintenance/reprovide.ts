import { compareDistance } from '../../keyspace/distance.ts'
import { bytesToMapKey, keyOf } from '../../keyspace/key.ts'
import { provide } from '../operations/provide.ts'
import type { Key } from '../../keyspace/key.ts'
import type { Observer } from '../config.ts'
import type { DhtContext } from '../context.ts'

/** When provider records of our own are sent out again, and how many at once. */
export interface ReprovideOptions {
  /** Milliseconds between looks at which records are due. Default 1 h. */
  readonly interval?: number
  /** A record is sent out again when it has so many milliseconds left to live, or at the last look before. Default 24 h. */
  readonly threshold?: number
  /** Milliseconds a provider record lives. Default 48 h. */
  readonly validity?: number
  /** Records sent out again at once. Default 10. */
  readonly concurrency?: number
  /** Records that are due and kept in mind at once; more wait in the store. Default 16,384. */
  readonly maxQueueSize?: number
}

interface Due {
  readonly multihash: Uint8Array
  readonly key: Key
}

const ORIGIN = keyOf(new Uint8Array(0))

/**
 * Send out again every provider record of ours that is due, those past their life
 * too: a node that was down for long still provides. Those that lie near each other
 * go one after another, so that streams to their holders are used again.
 */
export async function reprovideDue (dht: DhtContext, signal: AbortSignal, onReprovide?: Observer['onReprovide']): Promise<void> {
  const { config: { reprovide: { concurrency, maxQueueSize } }, reproviding } = dht
  try {
    for await (const batch of batches(due(dht), maxQueueSize)) {
      batch.sort((a, b) => compareDistance(ORIGIN, a.key, b.key))
      reproviding.waiting = batch.length
      await inParallel(batch, concurrency, async ({ multihash }) => {
        signal.throwIfAborted()
        reproviding.waiting--
        reproviding.running++
        await provideAgain(dht, multihash, signal, onReprovide)
        reproviding.running--
      })
    }
  } finally {
    reproviding.waiting = 0
    reproviding.running = 0
  }
}

async function provideAgain (dht: DhtContext, multihash: Uint8Array, signal: AbortSignal, onReprovide: Observer['onReprovide']): Promise<void> {
  const { clock } = dht.config
  const begun = clock.now()
  try {
    await provide(dht, multihash, { signal })
    onReprovide?.(clock.now() - begun)
  } catch (err) {
    signal.throwIfAborted()
    onReprovide?.(clock.now() - begun, err)
    dht.log('could not provide %b again: %e', multihash, err)
  }
}

/** What nobody was told yet, and what passes the threshold before the next look: that would be too late. */
async function * due ({ config: { clock, reprovide }, providers, self, untold }: DhtContext): AsyncGenerator<Due> {
  const { validity, threshold, interval } = reprovide
  for await (const { key, added } of providers.providedBy(self.id)) {
    if (added + validity - clock.now() < threshold + interval || untold.has(bytesToMapKey(key))) {
      yield { multihash: key, key: keyOf(key) }
    }
  }
}

async function * batches<T> (source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
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

async function inParallel<T> (items: readonly T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const next = items[Symbol.iterator]()
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    for (let item = next.next(); item.done !== true; item = next.next()) {
      await work(item.value)
    }
  }))
}
