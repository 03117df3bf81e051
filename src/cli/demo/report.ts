import { columns } from '../columns.ts'
import { shortId } from '../peer-name.ts'
import type { StateDump } from '../../dump/state.ts'

/** One value, put at one node and read back at another. */
export interface ReadReport {
  readonly key: string
  readonly size: number
  readonly put_by: number
  readonly stored_at: number
  readonly put_hops: number
  readonly put_ms: number
  readonly read_by: number
  readonly get_hops: number
  readonly get_ms: number
  /** Was it read as it was written? */
  readonly matched: boolean
}

/** One node of the network at the end. */
export interface NodeReport {
  readonly index: number
  readonly id: string
  readonly peer_id: string
  readonly address: string
  readonly contacts: number
  readonly values: number
}

/** What the demo did: the document of `--json`. */
export interface DemoReport {
  readonly ok: boolean
  readonly nodes: readonly NodeReport[]
  readonly reads: readonly ReadReport[]
  readonly ping: { readonly from: number, readonly to: number, readonly ms: number }
  readonly find_node: { readonly from: number, readonly at: number, readonly target: number, readonly found: boolean, readonly closer: number, readonly ms: number }
  readonly dumps: readonly string[]
  readonly ms: number
}

const ID_DIGITS = 12

/** A node as its dump tells it. */
export function nodeReport ({ node, routes, store }: StateDump, index: number): NodeReport {
  return {
    index,
    id: node.id,
    peer_id: node.peer_id,
    address: `${node.ip ?? ''}:${node.port ?? ''}`,
    contacts: routes.size,
    values: store.length
  }
}

/** The network as a table. */
export function networkTable (nodes: readonly NodeReport[]): string {
  return columns([
    ['node', 'id', 'peer id', 'address', 'contacts', 'values'],
    ...nodes.map(({ index, id, peer_id: peerId, address, contacts, values }) => [
      index === 0 ? '0 root' : String(index),
      `${id.slice(0, ID_DIGITS)}…`,
      shortId(peerId),
      address,
      String(contacts),
      String(values)
    ])
  ])
}

/** The lookups as a table. */
export function readTable (reads: readonly ReadReport[]): string {
  return columns([
    ['key', 'bytes', 'put by', 'stored at', 'hops', 'time', 'read by', 'hops', 'time', 'matched'],
    ...reads.map(read => [
      read.key,
      String(read.size),
      `node ${read.put_by}`,
      `${read.stored_at} nodes`,
      String(read.put_hops),
      `${read.put_ms} ms`,
      `node ${read.read_by}`,
      String(read.get_hops),
      `${read.get_ms} ms`,
      read.matched ? 'yes' : 'NO'
    ])
  ])
}
