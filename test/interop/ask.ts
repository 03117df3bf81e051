import { equals } from 'uint8arrays/equals'
import type { InteropNode } from './node.ts'
import type { PeerId, PeerInfo, RoutingOptions } from '@libp2p/interface'
import type { QueryEvent } from '@libp2p/kad-dht'
import type { CID } from 'multiformats/cid'

/** What one operation came to. No operation is left before its end, so that none aborts a request. */
export interface Outcome {
  /** The QUERY_ERROR events. */
  readonly errors: Error[]
  /** Every peer that an answer named, beside those who answered. */
  readonly named: Set<string>
  /** Peers of FINAL_PEER events, in their order. */
  readonly peers: PeerInfo[]
  /** Values of VALUE events, in their order. */
  readonly values: Uint8Array[]
  /** Providers of PROVIDER events, by peer id. */
  readonly providers: Map<string, PeerInfo>
  /** What each peer answered a request: the value, or the ids of providers. */
  readonly answers: Map<string, Answer>
}

export interface Answer {
  readonly value: Uint8Array | undefined
  readonly providers: readonly string[]
}

/** Read the events of an operation to their end. */
export async function drain (events: AsyncIterable<QueryEvent>): Promise<Outcome> {
  const outcome: Outcome = { errors: [], named: new Set(), peers: [], values: [], providers: new Map(), answers: new Map() }
  for await (const event of events) {
    note(outcome, event)
  }
  return outcome
}

function note ({ errors, named, peers, values, providers, answers }: Outcome, event: QueryEvent): void {
  switch (event.name) {
    case 'QUERY_ERROR':
      errors.push(event.error)
      break
    case 'FINAL_PEER':
      peers.push(event.peer)
      break
    case 'VALUE':
      values.push(event.value)
      break
    case 'PROVIDER':
      event.providers.forEach(info => providers.set(info.id.toString(), info))
      break
    case 'PEER_RESPONSE':
      event.closer.forEach(({ id }) => named.add(id.toString()))
      answers.set(event.from.toString(), { value: event.record?.value, providers: event.providers.map(({ id }) => id.toString()) })
      break
    default:
  }
}

export async function closestPeers ({ dht }: InteropNode, target: Uint8Array): Promise<Outcome> {
  return drain(dht.getClosestPeers(target))
}

export async function findPeer ({ dht }: InteropNode, id: PeerId, options?: RoutingOptions): Promise<Outcome> {
  return drain(dht.findPeer(id, options))
}

export async function put ({ dht }: InteropNode, key: Uint8Array, value: Uint8Array): Promise<Outcome> {
  return drain(dht.put(key, value))
}

export async function get ({ dht }: InteropNode, key: Uint8Array): Promise<Outcome> {
  return drain(dht.get(key))
}

export async function provide ({ dht }: InteropNode, cid: CID): Promise<Outcome> {
  return drain(dht.provide(cid))
}

export async function findProviders ({ dht }: InteropNode, cid: CID): Promise<Outcome> {
  return drain(dht.findProviders(cid))
}

/** The value that an operation found: the last one is the best. */
export function best ({ values }: Outcome): Uint8Array | undefined {
  return values.at(-1)
}

export function sameBytes (a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a != null && equals(a, b)
}
