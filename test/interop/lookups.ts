import { expect } from 'aegir/chai'
import { closestPeers, findPeer } from './ask.ts'
import { IMPLEMENTATIONS } from './implementations.ts'
import { ACROSS } from './network.ts'
import { countIn } from './tally.ts'
import { trulyClosest } from './truth.ts'
import type { InteropNetwork } from './network.ts'
import type { InteropNode } from './node.ts'
import type { PeerInfo } from '@libp2p/interface'

const LOOKUPS = 3

/**
 * What share of the true k closest their lookup must find on average. Among nodes of
 * its own that have settled it finds all (`their-recall.ts`); its disjoint paths end on
 * their own, so that it may miss one while routing tables are still being filled.
 */
const THEIR_RECALL = 0.95

/** The true k closest, found by each kind. */
export function findsTheClosest (network: InteropNetwork, lookups = LOOKUPS): void {
  it('ours finds exactly the k closest, in order', async () => {
    for (let i = 0; i < lookups; i++) {
      const { found, truth } = await lookUp(network, network.of('ours')[i % network.of('ours').length])
      countIn(network, 'ours', 'both', 'getClosestPeers', String(found) === String(truth))
      expect(found).to.deep.equal(truth)
    }
  })

  it('theirs finds the k closest as well as among its own', async () => {
    let hits = 0
    let wanted = 0
    for (let i = 0; i < lookups; i++) {
      const { found, truth } = await lookUp(network, network.of('theirs')[i % network.of('theirs').length])
      countIn(network, 'theirs', 'both', 'getClosestPeers', String(found) === String(truth))
      hits += truth.filter(id => found.includes(id)).length
      wanted += truth.length
    }
    expect(hits / wanted).to.be.at.least(THEIR_RECALL)
  })
}

/** Every node's id and address, found by every node. */
export function findsEveryPeer (network: InteropNetwork): void {
  it('every node finds every node', async () => {
    for (const asker of network.nodes) {
      for (const target of network.nodes.filter(node => node !== asker)) {
        const { peers } = await findPeer(asker, target.libp2p.peerId)
        countIn(network, asker.kind, target.kind, 'findPeer', isThere(target, peers))
        expect(isThere(target, peers), `${asker.kind} finds ${target.kind}`).to.equal(true)
      }
    }
  })
}

/** The same over the network. Such a search ends once the peer is found, and gives up the requests under way. */
export function findsPeersByAsking (network: InteropNetwork): void {
  for (const { from, to } of [...ACROSS, ...IMPLEMENTATIONS.map(kind => ({ from: kind, to: kind }))]) {
    it(`${from} finds ${to} by asking others`, async () => {
      const asker = network.one(from)
      const target = network.of(to).findLast(node => node !== asker)
      if (target != null) {
        const { peers, errors } = await findPeer(asker, target.libp2p.peerId, { useCache: false })
        countIn(network, from, to, 'findPeer without cache', isThere(target, peers))
        expect(isThere(target, peers)).to.equal(true)
        expect(errors).to.deep.equal([])
      }
    })
  }
}

async function lookUp ({ nodes }: InteropNetwork, asker: InteropNode): Promise<{ found: string[], truth: string[] }> {
  const target = crypto.getRandomValues(new Uint8Array(32))
  const { peers, errors } = await closestPeers(asker, target)
  expect(errors).to.deep.equal([])
  return { found: peers.map(({ id }) => id.toString()), truth: trulyClosest(nodes, asker, target) }
}

/** The right id, and the address at which it really listens. */
function isThere ({ libp2p }: InteropNode, found: readonly PeerInfo[]): boolean {
  const listens = libp2p.getMultiaddrs().map(addr => addr.toString().replace(/\/p2p\/.*/, ''))
  return found.length > 0 && found.every(({ id, multiaddrs }) => libp2p.peerId.equals(id) && multiaddrs.some(addr => listens.includes(addr.toString().replace(/\/p2p\/.*/, ''))))
}
