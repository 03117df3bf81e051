import { expect } from 'aegir/chai'
import { until } from './converge.ts'
import { ACROSS, dialAll, stopAll } from './network.ts'
import { createInteropNode } from './node.ts'
import { count } from './tally.ts'
import type { InteropNode } from './node.ts'

describe('switching modes', () => {
  for (const { from, to } of ACROSS) {
    describe(`${from} switches, ${to} sees it`, () => {
      let nodes: InteropNode[] = []

      before(async () => {
        nodes = [await createInteropNode(from, { clientMode: true }), await createInteropNode(to)]
        await dialAll(nodes[0], [nodes[1]])
      })

      after(async () => { await stopAll(nodes) })

      it('a client is not entered; once it serves, it is', async () => {
        const [switching, watching] = nodes
        expect(watching.dht.routingTable.size).to.equal(0)
        await switching.dht.setMode('server')
        await until('the server is in the routing table', () => watching.dht.routingTable.size === 1)
        expect(await servesFor(watching, switching)).to.equal(true)
        count(to, from, 'setMode("server") seen', true)
      })

      it('a server that becomes a client says so', async () => {
        const [switching, watching] = nodes
        await switching.dht.setMode('client')
        await until('it is no server any more', async () => !await servesFor(watching, switching))
        count(to, from, 'setMode("client") seen', true)
      })
    })
  }
})

/** Does `watching` take `other` for a server? */
async function servesFor (watching: InteropNode, other: InteropNode): Promise<boolean> {
  const { protocols } = await watching.libp2p.peerStore.get(other.libp2p.peerId)
  return protocols.includes(other.protocol)
}
