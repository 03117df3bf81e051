import { compareDistance } from '../../keyspace/distance.ts'
import { sendToEach } from './spread.ts'
import type { LookupResult } from './lookup.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { Candidate } from '../../lookup/candidates.ts'
import type { Quorum } from '../../record/quorum.ts'
import type { ValueRecord } from '../../record/record.ts'
import type { DhtContext } from '../context.ts'

/** Milliseconds of life below which a value is passed on to nobody: rounded to seconds, again and again, it would never end. */
const MIN_LEFT_MS = 2_000

/** Milliseconds of life below which a value is not worth leaving on the way. */
const MIN_CACHED_MS = 60_000

/** A value that was found, and how. */
export interface Found {
  /** The best. */
  readonly record: ValueRecord
  /** Until when it lives; undefined: nobody told. */
  readonly expires: number | undefined
  readonly quorum: Quorum
  readonly lookup: LookupResult
  /** Everybody heard of on the way, closest first. */
  readonly candidates: readonly Candidate[]
}

/**
 * After a get, in the background: give the best value to those who had a worse one, to
 * those of the k closest that had none, and to the closest other peer that had none for a
 * time that shrinks with its distance (Kademlia paper, §2.3 and §2.5). Nobody is told to keep
 * it for longer than it has left. Resolves when that is over, or the node stops; never rejects.
 */
export async function passOn (dht: DhtContext, found: Found): Promise<void> {
  const { config: { clock, valueTtl, cacheFound }, values, tasks, self, counts, log } = dht
  const { record, expires, quorum: { agreeing, outdated, without }, lookup } = found
  const left = expires == null ? undefined : expires - clock.now()
  if (left != null && left < MIN_LEFT_MS) {
    return
  }
  const whole = lookup.reason === 'converged' || lookup.reason === 'exhausted'
  const behind = outdated.filter(peer => peer !== self)
  const lacking = whole ? [...new Set([...behind, ...lookup.closest.filter(peer => !agreeing.includes(peer))])] : behind
  const cached = cacheFound ? placeToCache(dht, without.filter(peer => peer !== self && !lacking.includes(peer)), found) : undefined
  await tasks.settle(async signal => {
    if (outdated.includes(self)) {
      await values.accept({ ...record, ttl: left }, agreeing[0].id).catch(err => { log('could not keep the value that was found: %e', err) })
    }
    const corrected = sendToEach(dht, lacking, { type: 'put-value', record: { ...record, ttl: left } }, { signal })
    if (cached != null) {
      const ttl = (left ?? valueTtl) / 2 ** cached.beyond
      const { reached } = ttl < MIN_CACHED_MS ? { reached: [] } : await sendToEach(dht, [cached.peer], { type: 'put-value', record: { ...record, ttl } }, { signal })
      counts.cached += reached.length
    }
    counts.corrected += (await corrected).reached.length
  })
}

/** The closest of those without the value, and how many beyond k are closer than it. */
function placeToCache ({ config: { k } }: DhtContext, without: readonly Contact[], { lookup: { key }, candidates }: Found): { peer: Contact, beyond: number } | undefined {
  const peer = without.toSorted((a, b) => compareDistance(key, a.key, b.key)).at(0)
  if (peer == null) {
    return undefined
  }
  const closer = candidates.findIndex(({ contact }) => contact === peer)
  return { peer, beyond: Math.max(0, closer - k + 1) }
}
