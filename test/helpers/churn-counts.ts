import type { Retrieval } from './kept-values.ts'
import type { Totals } from './population.ts'
import type { PutResult } from '../../src/dht/operations/put.ts'

/** How many gets came to what. */
export type Outcomes = Readonly<Record<Retrieval, number>>

/** Requests that a put took. */
export function requestsOf (put: PutResult | undefined): number {
  return put == null ? 0 : put.lookup.asked + put.storedAt.length + put.failed.length
}

/** Requests of all nodes so far. */
export function sent ({ requests }: Totals): number {
  return [...requests.values()].reduce((sum, count) => sum + count, 0)
}

/** Copies of values that somebody sent to keep them where they belong. */
export function copiesOf ({ replicated, handedOver, corrected, cached }: Totals): number {
  return replicated + handedOver + corrected + cached
}

export function outcomesOf (retrievals: Iterable<Retrieval>): Outcomes {
  const outcomes = { found: 0, 'rolled-back': 0, wrong: 0, missed: 0, gone: 0, left: 0 }
  for (const retrieval of retrievals) {
    outcomes[retrieval]++
  }
  return outcomes
}

export function sumOf (all: readonly Outcomes[]): Outcomes {
  const sum = (retrieval: Retrieval): number => all.reduce((total, outcomes) => total + outcomes[retrieval], 0)
  return { found: sum('found'), 'rolled-back': sum('rolled-back'), wrong: sum('wrong'), missed: sum('missed'), gone: sum('gone'), left: sum('left') }
}
