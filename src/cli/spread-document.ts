import { peerDump } from '../dump/peer.ts'
import type { PutResult } from '../dht/operations/put.ts'
import type { PeerDump } from '../dump/peer.ts'

/** How something was brought to the closest nodes, as `--json` shows it. */
export interface SpreadDocument {
  /** Those that were to have it and do not, and why. */
  readonly failed: ReadonlyArray<{ readonly peer: PeerDump, readonly error: string }>
  readonly hops: number
  /** Requests of the lookup that found them. */
  readonly asked: number
  readonly ms: number
}

export function spreadDocument ({ failed, lookup, ms }: Pick<PutResult, 'failed' | 'lookup' | 'ms'>): SpreadDocument {
  return {
    failed: failed.map(({ peer, error }) => ({ peer: peerDump(peer), error: error.message })),
    hops: lookup.hops,
    asked: lookup.asked,
    ms
  }
}
