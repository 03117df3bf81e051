import { drain } from './ask.ts'
import type { InteropNode } from './node.ts'

/** How long a condition may take to become true, in milliseconds. */
const DEADLINE = 30_000

/**
 * Have nodes look themselves up until every routing table holds all others. Of more
 * than k others it holds at least k, and once everybody has looked itself up then,
 * those nearest.
 */
export async function converge (nodes: readonly InteropNode[]): Promise<void> {
  const lacking = (): InteropNode[] => nodes.filter(({ dht }) => dht.routingTable.size < Math.min(nodes.length - 1, dht.k))
  await until('every routing table is filled', () => lacking().length === 0, async () => {
    for (const node of lacking()) {
      await lookUpSelf(node)
    }
  })
  for (const node of nodes.filter(({ dht }) => nodes.length > dht.k + 1)) {
    await lookUpSelf(node)
  }
}

/** Fill the neighbourhood: look ourselves up. */
export async function lookUpSelf ({ libp2p, dht }: InteropNode): Promise<void> {
  await drain(dht.getClosestPeers(libp2p.peerId.toMultihash().bytes, { signal: AbortSignal.timeout(DEADLINE) }))
}

/**
 * Do `work` over and over, until `condition` holds.
 *
 * @throws {Error} it does not in time
 */
export async function until (what: string, condition: () => boolean | Promise<boolean>, work: () => Promise<void> = async () => {}): Promise<void> {
  const signal = AbortSignal.timeout(DEADLINE)
  while (!await condition()) {
    if (signal.aborted) {
      throw new Error(`after ${DEADLINE} ms it is not so that ${what}`)
    }
    await work()
    // sockets get a turn
    await new Promise(resolve => { setImmediate(resolve) })
  }
}
