import { distance } from '../keyspace/distance.ts'
import { keyText, peerDump } from './peer.ts'
import { readableKey } from './readable.ts'
import type { PeerDump } from './peer.ts'
import type { KeyEncoding } from './readable.ts'
import type { LookupResult } from '../dht/operations/lookup.ts'

/** What a lookup found, as plain JSON: `src/dump/lookup.schema.json`. */
export interface LookupDump {
  /** Where the lookup went: 64 lower-case hex digits. */
  readonly target: string
  /** What was looked up: `target` is its SHA-256. */
  readonly preimage: string
  readonly preimage_encoding: KeyEncoding
  /** The closest peers that answered, closest first. */
  readonly found: ReadonlyArray<{
    /** XOR of the peer's id and the target: 64 lower-case hex digits. */
    readonly distance: string
    readonly node: PeerDump
  }>
  readonly reason: LookupResult['reason']
  readonly hops: number
  readonly asked: number
  readonly failed: number
  readonly ms: number
}

/**
 * What a lookup found, as plain JSON.
 *
 * @example
 *
 * ```typescript
 * import { lookupDump } from 'kadmium/engine'
 * import { createNode } from 'kadmium/node'
 *
 * const node = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
 * const { found, hops } = lookupDump(await node.lookup('/kv/greeting'))
 * console.log(found.map(({ distance }) => distance), hops)
 * await node.stop()
 * ```
 */
export function lookupDump (lookup: LookupResult): LookupDump {
  const { key, target, closest, reason, hops, asked, failed, ms } = lookup
  const { text, encoding } = readableKey(target)
  return {
    target: keyText(key),
    preimage: text,
    preimage_encoding: encoding,
    found: closest.map(peer => ({ distance: keyText(distance(key, peer.key)), node: peerDump(peer) })),
    reason,
    hops,
    asked,
    failed,
    ms
  }
}
