import { expect } from 'aegir/chai'
import { best, closestPeers, findPeer, findProviders, get, provide, put, sameBytes } from './ask.ts'
import { IMPLEMENTATIONS } from './implementations.ts'
import { one } from './network.ts'
import { findEventually, freshCid } from './providers.ts'
import { countIn } from './tally.ts'
import { freshKey } from './values.ts'
import type { InteropNetwork } from './network.ts'

/** Client nodes do all operations, and nobody takes them for servers. */
export function usesAndHidesClients (network: InteropNetwork): void {
  describe('clients', () => {
    before(async () => { await network.addClients() })

    for (const kind of IMPLEMENTATIONS) {
      it(`a client of ${kind} gets, puts, provides and finds`, async () => {
        const client = one(network.clients, kind)
        expect(client.dht.getMode()).to.equal('client')
        const [key, value, cid] = [freshKey(), crypto.getRandomValues(new Uint8Array(100)), await freshCid()]
        const outcomes = [await put(client, key, value), await provide(client, cid)]
        for (const server of network.nodes.slice(0, 2)) {
          const found = await get(server, key)
          countIn(network, server.kind, kind, 'get what a client put', sameBytes(best(found), value))
          expect(sameBytes(best(found), value)).to.equal(true)
          const target = await findPeer(client, server.libp2p.peerId, { useCache: false })
          expect(target.peers.map(({ id }) => id.toString())).to.include(server.libp2p.peerId.toString())
          outcomes.push(found, target)
        }
        outcomes.push(await get(client, key), await findProviders(client, cid))
        expect(outcomes.flatMap(({ errors }) => errors)).to.deep.equal([])
      })
    }

    it('are in no routing table, and named by nobody', async () => {
      const ids = network.clients.map(({ libp2p }) => libp2p.peerId.toString())
      expect(new Set(network.nodes.map(({ dht }) => dht.routingTable.size))).to.deep.equal(new Set([network.nodes.length - 1]))
      for (const asker of [...network.nodes.slice(0, 2), ...network.clients]) {
        const { named, peers } = await closestPeers(asker, crypto.getRandomValues(new Uint8Array(32)))
        peers.forEach(({ id }) => named.add(id.toString()))
        countIn(network, asker.kind, 'both', 'clients not named', !ids.some(id => named.has(id)))
        expect(ids.filter(id => named.has(id))).to.deep.equal([])
      }
    })

    // the other implementation enters whomever an answer names, once it answers a ping
    it('are not entered by ours when an answer names them as providers', async () => {
      const [client] = network.clients
      const cid = await freshCid()
      await provide(client, cid)
      for (const asker of network.of('ours').slice(0, 2)) {
        const { providers } = await findEventually(asker, cid, found => found.providers.size > 0)
        expect([...providers.keys()]).to.deep.equal([client.libp2p.peerId.toString()])
        expect(asker.dht.routingTable.size).to.equal(network.nodes.length - 1)
      }
    })
  })
}
