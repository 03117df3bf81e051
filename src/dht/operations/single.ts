import { startDeadline } from '../../clock/wait.ts'
import { contactOf } from '../../keyspace/contact.ts'
import { TimeoutError } from '../../rpc/errors.ts'
import { isPeerId } from '../../wire/peer-id.ts'
import { REQUEST_DEADLINE_MS } from '../deadlines.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkKey } from '../key-check.ts'
import { timeoutOf } from '../option-checks.ts'
import { isBytes, toBytes } from '../text.ts'
import type { Contact, PeerInfo } from '../../keyspace/contact.ts'
import type { Question } from '../../rpc/client.ts'
import type { ResponseTo } from '../../wire/rpc.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** A peer whose id we know, or an address (a multiaddr, as text or binary) at which to find out. */
export type PeerOrAddr = PeerInfo | Uint8Array | string

/** The answer of one node. */
export interface SingleAnswer<T extends Question['type']> {
  readonly peer: Contact
  readonly response: ResponseTo<T>
  /** Milliseconds from the request to its answer, on a stream that was open. */
  readonly ms: number
}

/**
 * Send one request to one node, first finding out who it is if only its address
 * is known.
 *
 * @throws {InvalidOptionError} no peer takes its key, or `to` is no node
 * @throws as {@link RpcClient.request}; {@link TimeoutError} when the operation's deadline passes
 */
export async function askOne<R extends Question> (dht: DhtContext, to: PeerOrAddr, request: R, options: OperationOptions = {}): Promise<SingleAnswer<R['type']>> {
  checkKey(request)
  const { clock } = dht.config
  const ms = timeoutOf(options, REQUEST_DEADLINE_MS)
  const deadline = startDeadline(clock, ms, () => new TimeoutError(`no answer to ${request.type} within ${ms} ms`), options.signal, dht.tasks.signal)
  try {
    const peer = await resolve(dht, to, deadline.signal)
    options.onProgress?.({ type: 'asking', peer, request: request.type, hop: 1 })
    const begun = clock.now()
    const response = await dht.peers.ask(peer, request, { signal: deadline.signal })
    const answer = { peer, response, ms: clock.now() - begun }
    options.onProgress?.({ type: 'answered', peer, request: request.type, ms: answer.ms, response })
    return answer
  } finally {
    deadline.clear()
  }
}

async function resolve (dht: DhtContext, to: PeerOrAddr, signal: AbortSignal): Promise<Contact> {
  if (typeof to === 'string') {
    return resolve(dht, dht.config.parseAddr(to), signal)
  }
  return isBytes(to) ? dht.peers.identify(to, signal) : contactOf(checkedPeer(to))
}

/**
 * Who it is and where: what else it has may be that of another, or a copy that is none.
 *
 * @throws {InvalidOptionError} it is neither a peer nor an address
 */
function checkedPeer (peer: PeerInfo): PeerInfo {
  if (!isBytes(peer?.id) || !isPeerId(peer.id) || !Array.isArray(peer.addrs) || !peer.addrs.every(isBytes)) {
    throw new InvalidOptionError('a node is an address, as text or Uint8Array, or a peer, { id, addrs } as bytes: a copied contact has no addrs, its peerDump has')
  }
  return { id: peer.id, addrs: peer.addrs }
}

/** A node is alive. */
export interface PingResult {
  readonly peer: Contact
  /** Milliseconds there and back. */
  readonly ms: number
}

/** PING one node. */
export async function ping (dht: DhtContext, to: PeerOrAddr, options?: OperationOptions): Promise<PingResult> {
  const { peer, ms } = await askOne(dht, to, { type: 'ping' }, options)
  return { peer, ms }
}

/** What one node knows of a target. */
export interface FindNodeResult {
  readonly peer: Contact
  /** The peers it knows closest to the target, closest first. */
  readonly closer: readonly Contact[]
  /** Milliseconds there and back. */
  readonly ms: number
}

/** FIND_NODE at one node. */
export async function findNodeAt (dht: DhtContext, to: PeerOrAddr, target: string | Uint8Array, options?: OperationOptions): Promise<FindNodeResult> {
  const { peer, response, ms } = await askOne(dht, to, { type: 'find-node', target: toBytes('the target', target) }, options)
  return { peer, closer: response.closer.map(closer => dht.config.heard(closer)), ms }
}

/** What one node has at a key. */
export interface FindValueResult {
  readonly peer: Contact
  /** The full record key: in the open namespace, with `/kv/` before it. */
  readonly key: Uint8Array
  /** The value it holds; undefined: none, or none that its namespace accepts. */
  readonly value: Uint8Array | undefined
  /** Milliseconds that the value has left to live there; undefined: there is none, or the peer does not tell. */
  readonly ttl: number | undefined
  /** The peers it knows closest to the key, closest first. */
  readonly closer: readonly Contact[]
  /** Milliseconds there and back. */
  readonly ms: number
}

/** GET_VALUE at one node. */
export async function findValueAt (dht: DhtContext, to: PeerOrAddr, key: string | Uint8Array, options?: OperationOptions): Promise<FindValueResult> {
  const recordKey = dht.values.keyOf(key)
  const { peer, response, ms } = await askOne(dht, to, { type: 'get-value', key: recordKey }, options)
  const { record } = response
  const error = record == null ? undefined : await dht.values.refusal(record, options)
  if (error != null) {
    options?.onProgress?.({ type: 'invalid-value', peer, error })
  }
  const valid = error == null ? record : undefined
  return {
    peer,
    key: recordKey,
    value: valid == null ? undefined : dht.values.open(valid),
    ttl: valid == null ? undefined : dht.values.left(valid),
    closer: response.closer.map(closer => dht.config.heard(closer)),
    ms
  }
}
