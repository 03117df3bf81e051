import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { closestPeers } from './ask.ts'
import { lookUpSelf, until } from './converge.ts'
import { InteropNetwork, dialAll } from './network.ts'
import { createInteropNode } from './node.ts'
import { count } from './tally.ts'
import { trulyClosest } from './truth.ts'
import type { InteropNode } from './node.ts'
import type { PrivateKey } from '@libp2p/interface'

describe('a restart', () => {
  const network = new InteropNetwork()
  const datastore = new MemoryDatastore()
  let privateKey: PrivateKey
  let node: InteropNode

  before(async () => {
    privateKey = await generateKeyPair('Ed25519')
    await network.grow({ ours: 2, theirs: 3 })
    node = await createInteropNode('ours', { datastore, privateKey })
    await dialAll(node, network.nodes.slice(0, 1))
    await until('the routing table is filled', () => node.dht.routingTable.size === network.nodes.length, async () => { await lookUpSelf(node) })
  })

  after(async () => {
    await node.libp2p.stop()
    await network.stop()
  })

  it('finds its way back with what its datastore remembers', async () => {
    const { peerId } = node.libp2p
    await node.libp2p.stop()
    node = await createInteropNode('ours', { datastore, privateKey })
    expect(node.libp2p.peerId.toString()).to.equal(peerId.toString())
    await until('the routing table is filled again', () => node.dht.routingTable.size === network.nodes.length)

    const target = crypto.getRandomValues(new Uint8Array(32))
    const { peers, errors } = await closestPeers(node, target)
    const found = peers.map(({ id }) => id.toString())
    const truth = trulyClosest([...network.nodes, node], node, target)
    count('ours', 'both', 'getClosestPeers after a restart', String(found) === String(truth))
    expect(found).to.deep.equal(truth)
    expect(errors).to.deep.equal([])
  })
})
