import { converge } from './converge.ts'
import { IMPLEMENTATIONS } from './implementations.ts'
import { createInteropNode } from './node.ts'
import type { Implementation } from './implementations.ts'
import type { InteropNode, InteropNodeInit } from './node.ts'

export interface Direction {
  readonly from: Implementation
  readonly to: Implementation
}

/** From one implementation to the other. */
export const ACROSS: readonly Direction[] = [{ from: 'ours', to: 'theirs' }, { from: 'theirs', to: 'ours' }]

/** Nodes of both implementations that know each other. */
export class InteropNetwork {
  /** The servers. */
  readonly nodes: InteropNode[] = []
  /** Those who only ask. */
  readonly clients: InteropNode[] = []
  readonly #init: InteropNodeInit

  constructor (init: InteropNodeInit = {}) {
    this.#init = init
  }

  /** How many of ours and of theirs, for the report. */
  get name (): string {
    return `${this.of('ours').length}+${this.of('theirs').length}`
  }

  /** Start servers, alternating as long as there are both; each dials two that are there. Resolves when all know their neighbours. */
  async grow (counts: Readonly<Record<Implementation, number>>): Promise<void> {
    for (const kind of alternating(counts)) {
      const node = await createInteropNode(kind, this.#init)
      await dialAll(node, this.nodes.slice(-2))
      this.nodes.push(node)
    }
    await converge(this.nodes)
  }

  /** Start one node of each kind that only asks. */
  async addClients (): Promise<void> {
    for (const kind of IMPLEMENTATIONS) {
      const node = await createInteropNode(kind, { ...this.#init, clientMode: true })
      await dialAll(node, this.nodes.slice(0, 2))
      this.clients.push(node)
    }
  }

  of (kind: Implementation): InteropNode[] {
    return this.nodes.filter(node => node.kind === kind)
  }

  /** The first server of that kind. */
  one (kind: Implementation): InteropNode {
    return one(this.nodes, kind)
  }

  /** The kind of the node with that peer id. */
  kindOf (id: string): Implementation {
    const node = [...this.nodes, ...this.clients].find(({ libp2p }) => libp2p.peerId.toString() === id)
    if (node == null) {
      throw new Error(`${id} is a stranger here`)
    }
    return node.kind
  }

  async stop (): Promise<void> {
    await stopAll([...this.nodes, ...this.clients])
  }
}

/** The first of that kind. */
export function one (nodes: readonly InteropNode[], kind: Implementation): InteropNode {
  const node = nodes.find(node => node.kind === kind)
  if (node == null) {
    throw new Error(`there is no node of ${kind}`)
  }
  return node
}

export async function dialAll ({ libp2p }: InteropNode, others: readonly InteropNode[]): Promise<void> {
  for (const other of others) {
    await libp2p.dial(other.libp2p.getMultiaddrs())
  }
}

export async function stopAll (nodes: readonly InteropNode[]): Promise<void> {
  await Promise.all(nodes.map(async ({ libp2p }) => { await libp2p.stop() }))
}

function alternating ({ ours, theirs }: Readonly<Record<Implementation, number>>): Implementation[] {
  return Array.from({ length: Math.max(ours, theirs) }, (_, index): Implementation[] => [
    ...(index < ours ? ['ours' as const] : []),
    ...(index < theirs ? ['theirs' as const] : [])
  ]).flat()
}
