import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { drain } from '../interop/ask.ts'
import { DHT_INIT } from './network.ts'
import { createPageNode, serverOf, SERVERS } from './page-node.ts'
import { byDistance } from './truth.ts'
import type { Page } from './service.ts'

const IDS = SERVERS.map(({ id }) => id)

/** How many random targets are looked for. */
const TARGETS = 5

/** Peers are found from the page; the page's own nodes by nobody. */
export function findsPeers (page: () => Page): void {
  it('finds the truly closest servers, closest first', async () => {
    for (const target of targets()) {
      const { peers, errors } = await drain(page().node.services.dht.getClosestPeers(target))
      expect(errors).to.deep.equal([])
      expect(peers.map(({ id }) => id.toString())).to.deep.equal(await byDistance(IDS, target))
    }
  })

  it('finds the three closest of all when it looks for three', async () => {
    const node = await createPageNode({ server: serverOf('theirs'), dht: { kBucketSize: 3 } })
    for (const target of targets()) {
      const { peers, errors } = await drain(node.services.dht.getClosestPeers(target))
      expect(errors).to.deep.equal([])
      expect(peers.map(({ id }) => id.toString())).to.deep.equal((await byDistance(IDS, target)).slice(0, 3))
    }
    await node.stop()
  })

  it('finds where every server is', async () => {
    for (const { id, addrs } of SERVERS) {
      const { peers: [found], errors } = await drain(page().other.services.dht.findPeer(peerIdFromString(id), { useCache: false }))
      expect(found.id.toString()).to.equal(id)
      expect(found.multiaddrs.map(addr => `${addr}/p2p/${id}`)).to.have.members(addrs)
      expect(errors).to.deep.equal([])
    }
  })

  it('is a client: without an address, and serving nothing', () => {
    const { node } = page()
    expect(node.services.dht.getMode()).to.equal('client')
    expect(node.getMultiaddrs()).to.deep.equal([])
    expect(node.getProtocols()).to.not.include(DHT_INIT.protocol)
  })

  it('remains one if the mode is left to it', async () => {
    const node = await createPageNode({ server: serverOf('ours'), dht: { clientMode: undefined } })
    await drain(node.services.dht.getClosestPeers(node.peerId.toMultihash().bytes))
    expect(node.services.dht.getMode()).to.equal('client')
    await node.stop()
  })

  it('is in no server\'s routing table', async () => {
    const { node: { peerId }, other } = page()
    const named = new Map<string, string[]>()
    const errors: string[] = []
    for await (const event of other.services.dht.getClosestPeers(peerId.toMultihash().bytes)) {
      if (event.name === 'QUERY_ERROR') {
        errors.push(`${event.error}`)
      }
      if (event.name === 'PEER_RESPONSE') {
        named.set(event.from.toString(), event.closer.map(({ id }) => id.toString()).sort())
      }
    }
    expect(errors).to.deep.equal([])
    // a server has room in one answer for all that it knows
    expect([...named.keys()]).to.have.members(IDS)
    for (const [server, peers] of named) {
      expect(peers).to.deep.equal(IDS.filter(id => id !== server).sort())
    }
  })

  it('is found by nobody', async () => {
    const { node: { peerId }, other } = page()
    await expect(drain(other.services.dht.findPeer(peerId))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
  })
}

function targets (): Array<Uint8Array<ArrayBuffer>> {
  return Array.from({ length: TARGETS }, () => crypto.getRandomValues(new Uint8Array(32)))
}
