import { sleep } from '../../clock/wait.ts'
import { compareDistance, sameKey } from '../../keyspace/distance.ts'
import { bytesToMapKey } from '../../keyspace/key.ts'
import { mapKeyToBytes } from '../../store/map-key.ts'
import { WorkQueue } from '../work-queue.ts'
import { heldRecord } from './replicate.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Key } from '../../keyspace/key.ts'
import type { DhtContext } from '../context.ts'

/** Newcomers that are given what they should hold at once: some wait for others to do it. */
const MAX_NEWCOMERS = 4

/** Newcomers that wait to be given what they should hold; those beyond get it when it is passed on next. */
const MAX_NEWCOMERS_WAITING = 256

/** Values looked at before others get a turn. */
const VALUES_PER_TURN = 1_000

/** Milliseconds for which a peer that answered counts as there. */
const FRESH_MS = 60_000

/** Milliseconds after which the second nearest to a newcomer looks whether it got what the nearest should have given it. */
const LOOK_AFTER_MS = 20_000

/** Gives newcomers the values that they should hold, if the node does so: a few newcomers at once. */
export class HandOver {
  readonly #dht: DhtContext
  readonly #newcomers: WorkQueue

  constructor (dht: DhtContext) {
    this.#dht = dht
    this.#newcomers = new WorkQueue({ tasks: dht.tasks, concurrency: MAX_NEWCOMERS, maxWaiting: MAX_NEWCOMERS_WAITING })
  }

  /** There is a new contact. */
  onContact (newcomer: Contact): void {
    if (this.#dht.config.handOver && this.#dht.holdings.size > 0) {
      this.#newcomers.add(bytesToMapKey(newcomer.id), async signal => handOver(this.#dht, newcomer, signal))
    }
  }
}

/**
 * Give a newcomer the values that it should hold: those for which it is one of the k
 * closest. Of the others among the k closest only the one nearest to the newcomer does so, so
 * that each value comes once. The Kademlia paper (§2.5) lets the one nearest to the value do
 * it, which may have no room for the newcomer in its table; its nearest neighbour always has.
 *
 * The second nearest looks later whether the newcomer has them, and gives it what it lacks:
 * the nearest may have missed a value itself, and would pass the gap on to all who come after.
 *
 * Whoever is gone and was not missed yet would have us wait for it, or leave the newcomer no
 * place among the k closest: those around it are asked first whether they are there.
 */
async function handOver (dht: DhtContext, newcomer: Contact, signal: AbortSignal): Promise<void> {
  if (await areTwoNearer(dht, newcomer, signal)) {
    return
  }
  await askThoseAround(dht, newcomer, signal)
  const toLookFor: string[] = []
  let turn = 0
  for (const [id, { key }] of dht.holdings.entries()) {
    if (++turn % VALUES_PER_TURN === 0) {
      await sleep(dht.config.clock, 0, signal)
    }
    const before = giversBeforeUs(dht, newcomer, key)
    if (before === 0) {
      await give(dht, newcomer, id, signal)
    } else if (before === 1) {
      toLookFor.push(id)
    }
    if (hasGone(dht, newcomer)) {
      return
    }
  }
  await giveLacking(dht, newcomer, toLookFor, signal)
}

/** Are there two that are nearer to the newcomer than we are? */
async function areTwoNearer (dht: DhtContext, newcomer: Contact, signal: AbortSignal): Promise<boolean> {
  const { peers: { table }, self, config: { k } } = dht
  let nearer = 0
  for (const peer of table.closest(newcomer.key, k + 1)) {
    const isNearer = !sameKey(peer.key, newcomer.key) && compareDistance(newcomer.key, peer.key, self.key) < 0
    nearer += isNearer && await isThere(dht, peer, signal) ? 1 : 0
    if (nearer === 2) {
      return true
    }
  }
  return false
}

/** The table forgets who of them does not answer. */
async function askThoseAround (dht: DhtContext, newcomer: Contact, signal: AbortSignal): Promise<void> {
  const { peers: { table }, config: { k } } = dht
  await Promise.all(table.closest(newcomer.key, 2 * k).map(async peer => isThere(dht, peer, signal)))
}

async function isThere ({ peers, config: { clock } }: DhtContext, peer: Contact, signal: AbortSignal): Promise<boolean> {
  const seen = peers.table.get(peer.key)?.lastSeen ?? 0
  if (Math.abs(clock.now() - seen) < FRESH_MS) {
    return true
  }
  try {
    await peers.probe(peer, signal)
    return true
  } catch {
    signal.throwIfAborted()
    return false // the table has learnt of it
  }
}

function hasGone ({ peers: { table } }: DhtContext, { key }: Contact): boolean {
  return table.get(key) == null
}

/** How many of the others among the k closest to `key` are nearer to the newcomer than we are; undefined if it, or we, are not among them. */
function giversBeforeUs ({ peers: { table }, self, config: { k } }: DhtContext, newcomer: Contact, key: Key): number | undefined {
  const closest = table.closest(key, k + 1)
  const place = closest.findIndex(contact => sameKey(contact.key, newcomer.key))
  const others = closest.filter((_, i) => i !== place)
  const farther = others.filter(other => compareDistance(key, self.key, other.key) < 0).length
  const areWeOneOfThem = others.length - farther < k
  if (place < 0 || place >= k || !areWeOneOfThem) {
    return undefined
  }
  return others.slice(0, k - 1).filter(other => compareDistance(newcomer.key, other.key, self.key) < 0).length
}

async function giveLacking (dht: DhtContext, newcomer: Contact, ids: readonly string[], signal: AbortSignal): Promise<void> {
  if (ids.length > 0) {
    await sleep(dht.config.clock, LOOK_AFTER_MS, signal)
  }
  for (const id of ids) {
    if (hasGone(dht, newcomer)) {
      return
    }
    if (await lacks(dht, newcomer, mapKeyToBytes(id), signal)) {
      await give(dht, newcomer, id, signal)
    }
  }
}

/** However long it takes to answer: a request that is late has those behind it late at once, and all would be on their way to who is silent. */
async function lacks ({ peers }: DhtContext, newcomer: Contact, key: Uint8Array, signal: AbortSignal): Promise<boolean> {
  try {
    const { record } = await peers.ask(newcomer, { type: 'get-value', key }, { signal })
    return record == null
  } catch {
    signal.throwIfAborted()
    return false // whether it has gone shows in the table
  }
}

/** Likewise. What it refuses, or we cannot read, holds up nothing else. */
async function give (dht: DhtContext, newcomer: Contact, id: string, signal: AbortSignal): Promise<void> {
  try {
    const record = await heldRecord(dht, id)
    if (record != null) {
      await dht.peers.ask(newcomer, { type: 'put-value', record }, { signal })
      dht.counts.handedOver++
    }
  } catch (err) {
    signal.throwIfAborted()
    dht.log('newcomer %b was not given a value: %e', newcomer.id, err)
  }
}
