import { timeText } from './time.ts'
import type { NodeCounts, Scheduled } from '../dht/counts.ts'
import type { ReprovideRound } from '../dht/maintenance/reprovide.ts'

/** Values and when something is done with the next of them. */
export interface ScheduledDump {
  readonly values: number
  /** RFC 3339, UTC; null: nothing is to be done. */
  readonly next: string | null
}

/** How much a node keeps, what was refused and evicted, and what it did to keep it where it belongs. */
export interface CountsDump {
  readonly values: { readonly values: number, readonly bytes: number, readonly refused_full: number, readonly refused_per_peer: number, readonly expired: number, readonly corrupt: number } | null
  readonly providers: {
    readonly rows: number
    readonly own: number
    readonly keys: number
    readonly providers: number
    readonly evicted_rows: number
    readonly evicted_keys: number
    readonly evicted_per_key: number
    readonly evicted_per_peer: number
    readonly expired: number
    readonly corrupt: number
  } | null
  /** Values of our own that we keep alive. */
  readonly published: ScheduledDump
  /** Values that we pass on. */
  readonly held: ScheduledDump
  readonly upkeep: { readonly republished: number, readonly superseded: number, readonly replicated: number, readonly handed_over: number, readonly corrected: number, readonly cached: number, readonly collected: number }
  readonly reproviding: { readonly running: number, readonly waiting: number, readonly next_due: string | null, readonly round: RoundDump | null }
}

/** One look at our provider records, and what was due then. */
export interface RoundDump {
  /** RFC 3339, UTC. */
  readonly began: string
  /** RFC 3339, UTC; null: it goes on, or was broken off. */
  readonly ended: string | null
  /** Records that were due. */
  readonly due: number
  /** Of these, those that were sent out again. */
  readonly sent: number
  /** Of these, those that could not be. */
  readonly failed: number
  /** Parts of the keyspace that are through. */
  readonly regions: number
  /** Lookups that were made to get there. */
  readonly lookups: number
}

export function countsDump ({ values, providers, published, held, upkeep, reproviding }: NodeCounts): CountsDump {
  const { handedOver, ...rest } = upkeep
  return {
    values: values == null ? null : { values: values.values, bytes: values.bytes, refused_full: values.refused.full, refused_per_peer: values.refused.perPeer, expired: values.expired, corrupt: values.corrupt },
    providers: providers == null ? null : providersDump(providers),
    published: scheduledDump(published),
    held: scheduledDump(held),
    upkeep: { ...rest, handed_over: handedOver },
    reproviding: {
      running: reproviding.running,
      waiting: reproviding.waiting,
      next_due: timeOrNull(reproviding.nextDue),
      round: reproviding.round == null ? null : roundDump(reproviding.round)
    }
  }
}

function providersDump ({ evicted, ...counts }: NonNullable<NodeCounts['providers']>): NonNullable<CountsDump['providers']> {
  const { rows, own, keys, providers, expired, corrupt } = counts
  return { rows, own, keys, providers, evicted_rows: evicted.rows, evicted_keys: evicted.keys, evicted_per_key: evicted.perKey, evicted_per_peer: evicted.perPeer, expired, corrupt }
}

function roundDump ({ began, ended, due, sent, failed, regions, lookups }: ReprovideRound): RoundDump {
  return { began: timeText(began), ended: timeOrNull(ended), due, sent, failed, regions, lookups }
}

function scheduledDump ({ values, next }: Scheduled): ScheduledDump {
  return { values, next: timeOrNull(next) }
}

function timeOrNull (ms: number | undefined): string | null {
  return ms == null ? null : timeText(ms)
}
