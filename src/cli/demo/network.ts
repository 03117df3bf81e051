import { createNode } from '../../node.ts'
import type { KadNode } from '../../node.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']

/** The nodes of a demo, the root first. */
export class DemoNetwork {
  readonly nodes: KadNode[] = []

  /** Add a node: the first is the root, the others join through it. */
  async add (signal: AbortSignal): Promise<KadNode> {
    signal.throwIfAborted()
    const node = await createNode({ listen: LISTEN, bootstrap: this.nodes[0]?.addresses })
    this.nodes.push(node)
    return node
  }

  /** A node, counting on from the last to the first. */
  at (index: number): KadNode {
    return this.nodes[index % this.nodes.length]
  }

  async stop (): Promise<void> {
    await Promise.all(this.nodes.map(async node => { await node.stop() }))
  }
}
