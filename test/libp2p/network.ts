import { multiaddr } from '@multiformats/multiaddr'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { passthroughMapper } from '../../src/libp2p/mappers.ts'
import { KadDHTService } from '../../src/libp2p/service.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import type { QueryEvent } from '../../src/libp2p/events.ts'
import type { KadDHTComponents, KadDHTInit, ValidateFn } from '../../src/libp2p/init.ts'
import type { Libp2pNodeOptions, TestServices } from '../helpers/libp2p.ts'
import type { Libp2p } from '@libp2p/interface'
import type { AddressManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'

export const PROTOCOL = '/test/kad/1.0.0'

/** Milliseconds that `until` waits at the most. */
const DEADLINE_MS = 20_000

/** Turns of the event loop after which everybody knows of the end of a connection in memory. */
const TURNS_TO_KNOW = 50

/** What libp2p gives its services, as far as these tests look at it. */
export type Inside = KadDHTComponents & { registrar: Registrar, addressManager: AddressManager }

interface DhtServices {
  dht: KadDHTService
  inside: { components: Inside }
  [name: string]: unknown
}

/** A libp2p node with the DHT as a service. */
export type DhtNode = Libp2p<DhtServices & TestServices>

export type NodeOptions = Omit<Libp2pNodeOptions<DhtServices>, 'services' | 'transport'>

/** What the nodes of these tests have in common: a network in memory has no public addresses. */
export const INIT: KadDHTInit = {
  protocol: PROTOCOL,
  clientMode: false,
  peerInfoMapper: passthroughMapper,
  initialQuerySelfInterval: 1
}

/** Takes every value that does not begin with an X. */
export const anything: ValidateFn = (key, value) => {
  if (value[0] === 'X'.charCodeAt(0)) {
    throw new Error('this value begins with an X')
  }
}

/** Of several values the last in the order of their bytes. */
export function greatest (key: Uint8Array, records: Uint8Array[]): number {
  const texts = records.map(text)
  return texts.indexOf([...texts].sort().at(-1) ?? '')
}

/** `INIT`, and values under `/v/`. */
export const WITH_VALUES: KadDHTInit = { ...INIT, validators: { v: anything }, selectors: { v: greatest } }

export function utf8 (string: string): Uint8Array {
  return new TextEncoder().encode(string)
}

export function text (bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** Nodes over libp2p's transport in memory, stopped together. */
export class TestNetwork {
  readonly nodes: DhtNode[] = []

  async node (init: KadDHTInit = INIT, options: NodeOptions = {}): Promise<DhtNode> {
    const node = await createLibp2pNode<DhtServices>({
      ...options,
      services: {
        dht: components => new KadDHTService(components, init),
        inside: components => ({ components })
      }
    })
    this.nodes.push(node)
    return node
  }

  /** `count` nodes, each in the routing table of each other. */
  async joined (count: number, init?: KadDHTInit): Promise<DhtNode[]> {
    const nodes = await Promise.all(Array.from({ length: count }, async () => this.node(init)))
    await connectAll(nodes)
    return nodes
  }

  async stop (): Promise<void> {
    await Promise.all(this.nodes.splice(0).map(stopNode))
  }
}

/** Stop a node at once: in good order libp2p takes half a second to end a connection. */
export async function stopNode (node: DhtNode): Promise<void> {
  await node.services.dht.stop()
  node.getConnections().forEach(connection => { connection.abort(new Error('the check is over')) })
  await node.stop()
}

/** Have a node take what it is asked from now on, and never answer. Calls `onAsked` each time somebody opens a stream to ask. */
export async function silence (node: DhtNode, onAsked: () => void = () => {}): Promise<void> {
  await node.handle(PROTOCOL, onAsked, { force: true }) // unlike a handler that is taken away, nobody hears of that
  node.getConnections().forEach(({ streams }) => { streams.forEach(stream => { stream.abort(new Error('it says no more')) }) })
}

/** Have every node dial every other, and wait until all know each other. */
export async function connectAll (nodes: readonly DhtNode[]): Promise<void> {
  await Promise.all(nodes.flatMap((node, i) => nodes.slice(i + 1).map(async other => { await node.dial(other.getMultiaddrs()) })))
  await until('all know each other', () => nodes.every(({ services: { dht } }) => dht.routingTable.size >= nodes.length - 1))
}

/** Give a node an address beside those where it listens (of IP version 6: libp2p maps others to listeners), and tell it so at once: libp2p waits a second. */
export async function announce (node: DhtNode, addr: string): Promise<void> {
  const { addressManager } = node.services.inside.components
  addressManager.addObservedAddr(multiaddr(addr))
  addressManager.confirmObservedAddr(multiaddr(addr))
  if (!addressManager.getAddresses().some(own => own.toString().startsWith(addr))) {
    throw new Error(`libp2p did not take ${addr} for an address of ours`)
  }
  await tellAddresses(node)
}

/** The same for an address that it has no longer. */
export async function withdraw (node: DhtNode, addr: string): Promise<void> {
  node.services.inside.components.addressManager.removeObservedAddr(multiaddr(addr))
  await tellAddresses(node)
}

async function tellAddresses (node: DhtNode): Promise<void> {
  await tellSelf(node, node.services.inside.components.addressManager.getAddresses())
}

/** Have libp2p say that these are the node's addresses. */
export async function tellSelf (node: DhtNode, multiaddrs: readonly Multiaddr[]): Promise<void> {
  const peer = await node.peerStore.merge(node.peerId, {})
  const addresses = multiaddrs.map(multiaddr => ({ multiaddr, isCertified: false }))
  node.services.inside.components.events.dispatchEvent(new CustomEvent('self:peer:update', { detail: { peer: { ...peer, addresses } } }))
}

/**
 * Give the event loop turns until `condition` holds.
 *
 * @throws {Error} it does not in time
 */
export async function until (what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  while (!await condition()) {
    if (signal.aborted) {
      throw new Error(`after ${DEADLINE_MS} ms it is not so that ${what}`)
    }
    await macrotask()
  }
}

/** Lose every connection to a node, and wait until whoever had a stream over them knows. */
export async function disconnect (node: DhtNode): Promise<void> {
  node.getConnections().forEach(connection => { connection.abort(new Error('gone')) })
  for (let turn = 0; turn < TURNS_TO_KNOW; turn++) {
    await macrotask()
  }
}

/** All that a query gives. */
export async function all<T> (events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const event of events) {
    list.push(event)
  }
  return list
}

/** Those of `events` that have this name. */
export function named<N extends QueryEvent['name']> (events: readonly QueryEvent[], name: N): Array<Extract<QueryEvent, { name: N }>> {
  return events.filter((event): event is Extract<QueryEvent, { name: N }> => event.name === name)
}

/** The name of what `task` rejects with. */
export async function failure (task: Promise<unknown>): Promise<string> {
  return task.then(() => 'none', (err: Error) => err.name)
}
