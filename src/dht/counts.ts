import type { UpkeepCounts } from './context.ts'
import type { Reproviding } from './maintenance/reprovide.ts'
import type { ProviderCounts } from '../store/provider-store.ts'
import type { ValueCounts } from '../store/value-store.ts'

/** Values and when something is done with the next of them. */
export interface Scheduled {
  /** How many there are. */
  readonly values: number
  /** Milliseconds since the Unix epoch; undefined: nothing is to be done. */
  readonly next: number | undefined
}

/** How much a node keeps, what was refused and evicted, and what it did to keep it where it belongs. */
export interface NodeCounts {
  /** Undefined if the store does not count. */
  readonly values: ValueCounts | undefined
  /** Undefined if the store does not count. */
  readonly providers: ProviderCounts | undefined
  /** Values of our own that we keep alive; `next`: when the next is sent out again. */
  readonly published: Scheduled
  /** Values that we pass on; `next`: when the next is. */
  readonly held: Scheduled
  /** What was done, since the start, to keep values where they belong. */
  readonly upkeep: Readonly<UpkeepCounts>
  /** How it goes to keep what we provide alive. */
  readonly reproviding: Readonly<Reproviding>
}
