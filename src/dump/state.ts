import { countsDump } from './counts.ts'
import { peerDump } from './peer.ts'
import { storeDump } from './store.ts'
import { timeText } from './time.ts'
import type { CountsDump } from './counts.ts'
import type { PeerDump } from './peer.ts'
import type { ValueDump } from './store.ts'
import type { Kademlia } from '../dht/kademlia.ts'
import type { Bucket } from '../routing/k-bucket.ts'
import type { TableEntry } from '../routing/table-entry.ts'
import type { Request } from '../wire/rpc.ts'

/** A contact of the routing table. */
export interface EntryDump extends PeerDump {
  /** When it last answered: RFC 3339, UTC. */
  readonly last_seen: string
}

/** A bucket: all contacts whose ids begin with the same bits. */
export interface BucketDump {
  /** These bits, `0` and `1`; empty for the one bucket of a small table. */
  readonly prefix: string
  readonly contains_self: boolean
  readonly size: number
  /** When a lookup last went through: RFC 3339; null if none did. */
  readonly last_lookup: string | null
  /** Least recently seen first. */
  readonly nodes: readonly EntryDump[]
  /** Those that wait for a place. */
  readonly replacements: readonly EntryDump[]
}

/** A request that waits for its answer. */
export interface PendingDump {
  readonly request: Request['type']
  /** RFC 3339, UTC. */
  readonly since: string
  readonly peer: PeerDump
}

/** All that is going on inside a node, as plain JSON: `src/dump/state.schema.json`. */
export interface StateDump {
  /** When it was taken: RFC 3339, UTC. */
  readonly time: string
  readonly node: PeerDump & { readonly network: string, readonly mode: 'client' | 'server' }
  readonly routes: { readonly node: string, readonly size: number, readonly kbuckets: readonly BucketDump[] }
  readonly store: readonly ValueDump[]
  readonly counts: CountsDump
  readonly rpc: {
    readonly node: string
    /** Requests of ours that wait for an answer. */
    readonly pending: readonly PendingDump[]
    readonly socket: {
      /** Streams open to peers whom we ask. */
      readonly outbound_streams: number
      /** Streams open from peers whom we answer. */
      readonly inbound_streams: number
      readonly streams_opened: number
      readonly requests_sent: number
    }
  }
}

/**
 * All that is going on inside `node`, at the time `now` (milliseconds since the Unix epoch), as plain JSON.
 *
 * @example
 *
 * ```typescript
 * import { stateDump } from 'kadmium/engine'
 * import { createNode } from 'kadmium/node'
 *
 * const node = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
 * const { routes, store } = await stateDump(node, Date.now())
 * console.log(routes.size, store.length)
 * await node.stop()
 * ```
 */
export async function stateDump (node: Kademlia, now: number): Promise<StateDump> {
  const { peers: { table }, store } = node.internals
  const self = peerDump(node.self)
  return {
    time: timeText(now),
    node: { ...self, network: node.protocol, mode: node.mode },
    routes: { node: self.id, size: table.size, kbuckets: [...table.buckets()].map(bucketDump) },
    store: await storeDump(store),
    counts: countsDump(node.counts),
    rpc: { node: self.id, ...rpcDump(node) }
  }
}

function bucketDump ({ prefix, prefixLength, containsSelf, contacts, replacements, lastLookup }: Bucket): BucketDump {
  return {
    prefix: bits(prefix).slice(0, prefixLength),
    contains_self: containsSelf,
    size: contacts.length,
    last_lookup: lastLookup == null ? null : timeText(lastLookup),
    nodes: contacts.map(entryDump),
    replacements: replacements.map(entryDump)
  }
}

function entryDump (entry: TableEntry): EntryDump {
  return { ...peerDump(entry), last_seen: timeText(entry.lastSeen) }
}

function rpcDump (node: Kademlia): Omit<StateDump['rpc'], 'node'> {
  const { client, server } = node.internals
  const { streamsOpened, requestsSent, streamsOpen } = client.counts
  return {
    pending: [...client.pending()].map(({ peer, request, since }) => ({
      request: request.type,
      since: timeText(since),
      peer: peerDump(peer)
    })),
    socket: {
      outbound_streams: streamsOpen,
      inbound_streams: server.streams,
      streams_opened: streamsOpened,
      requests_sent: requestsSent
    }
  }
}

function bits (key: Uint8Array): string {
  return Array.from(key, byte => byte.toString(2).padStart(8, '0')).join('')
}
