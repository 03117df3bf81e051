import { removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { expect } from 'aegir/chai'
import { best, closestPeers, findPeer, findProviders, get, provide, put, sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { IMPLEMENTATIONS } from './implementations.ts'
import { ACROSS, dialAll, stopAll } from './network.ts'
import { createInteropNode, createMultiDhtNode } from './node.ts'
import { findEventually, freshCid } from './providers.ts'
import { markErrors, rpcErrorsSince } from './rpc-errors.ts'
import { count } from './tally.ts'
import { freshKey } from './values.ts'
import type { InteropNode } from './node.ts'
import type { KadDHTInit } from '@libp2p/kad-dht'

const LAN: KadDHTInit = { protocol: '/ipfs/lan/kad/1.0.0', logPrefix: 'libp2p:kad-dht:lan', datastorePrefix: '/dht-lan', metricsPrefix: 'libp2p_dht_lan' }
const WAN: KadDHTInit = { protocol: '/ipfs/kad/1.0.0', logPrefix: 'libp2p:kad-dht:wan', datastorePrefix: '/dht-wan', metricsPrefix: 'libp2p_dht_wan' }

for (const { from, to } of ACROSS) {
  describe(`a node of ${from} on two networks of ${to}`, () => {
    let both: InteropNode[] = []
    let others: InteropNode[] = []

    before(async () => {
      both = await createMultiDhtNode(from, [LAN, WAN])
      others = [await createInteropNode(to, LAN), await createInteropNode(to, WAN)]
      await dialAll(both[0], others)
      await until('each knows who is on its network', () => [...both, ...others].every(({ dht }) => dht.routingTable.size === 1))
    })

    after(async () => { await stopAll([both[0], ...others]) })

    it('keeps the values and providers of each apart', async () => {
      const marks = markErrors([both[0], ...others])
      for (const [index, node] of both.entries()) {
        const [key, value, cid] = [freshKey(), crypto.getRandomValues(new Uint8Array(500)), await freshCid()]
        const outcomes = [await put(node, key, value), await provide(node, cid)]
        const found = [await get(others[index], key), await get(both[1 - index], key)]
        const provided = [await findEventually(others[index], cid, ({ providers }) => providers.size > 0), await findProviders(both[1 - index], cid)]
        count(to, from, `value on ${node.protocol}`, sameBytes(best(found[0]), value))
        expect(found.map(outcome => best(outcome))).to.deep.equal([value, undefined])
        expect(provided.map(({ providers }) => [...providers.keys()])).to.deep.equal([[node.libp2p.peerId.toString()], []])
        expect([...outcomes, ...found, ...provided].flatMap(({ errors }) => errors)).to.deep.equal([])
      }
      expect(rpcErrorsSince(marks)).to.deep.equal([])
    })

    it('finds the peers of each', async () => {
      for (const [index, node] of both.entries()) {
        const target = others[index].libp2p.peerId
        const { peers } = await closestPeers(node, target.toMultihash().bytes)
        expect(peers.map(({ id }) => id.toString())).to.deep.equal([target.toString()])
        const found = await findPeer(others[index], node.libp2p.peerId)
        expect(found.peers.map(({ id }) => id.toString())).to.deep.equal([node.libp2p.peerId.toString()])
        count(from, to, `peers on ${node.protocol}`, true)
      }
    })
  })
}

describe('private addresses on a public network', () => {
  for (const kind of IMPLEMENTATIONS) {
    it(`${kind} enters nobody who has no other`, async () => {
      const nodes = [await createInteropNode(kind, { ...WAN, peerInfoMapper: removePrivateAddressesMapper }), await createInteropNode('theirs', WAN)]
      const [filtering, other] = nodes
      try {
        await dialAll(filtering, [other])
        await until('the other knows it', () => other.dht.routingTable.size === 1)
        expect(filtering.dht.routingTable.size).to.equal(0)
      } finally {
        await stopAll(nodes)
      }
    })
  }
})
