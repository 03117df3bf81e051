import { expect } from 'aegir/chai'
import { peerDump } from '../../src/dump/peer.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { FindPeerOptions } from '../../src/dht/operations/find-peer.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR_MS = 3_600_000

describe('findPeer', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]

  beforeEach(async () => {
    simulation = new Simulation({ seed: 31, latency: [10, 40] })
    nodes = await simulation.nodesJoined(60, { k: 4, alpha: 2 })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function find (node: SimulatedNode, id: string | Uint8Array, options?: FindPeerOptions): Promise<{ peer: Contact, from: Contact | undefined } | undefined> {
    return simulation.clock.run(node.dht.findPeer(id, options))
  }

  /** Somebody whom `node` does not know. */
  function strangerTo ({ dht }: SimulatedNode): SimulatedNode {
    const stranger = nodes.find(other => other.dht !== dht && dht.internals.peers.table.get(other.dht.self.key) == null)
    if (stranger == null) {
      throw new Error('with k of 4 nobody knows everybody')
    }
    return stranger
  }

  it('finds everybody from everywhere, once every table was refreshed', async () => {
    await simulation.clock.advance(2 * HOUR_MS)
    for (const [i, node] of nodes.entries()) {
      const other = nodes[(i + 23) % nodes.length]
      const found = await find(node, other.dht.self.id)
      expect(found?.peer.id).to.deep.equal(other.dht.self.id)
      expect(found?.peer.addrs).to.deep.equal(other.host.self.addrs)
    }
  })

  it('finds a peer by its id as text', async () => {
    const { self } = strangerTo(nodes[0]).dht
    const { peer_id: text, addrs } = peerDump(self)
    const found = await find(nodes[0], text)
    expect(found == null ? undefined : peerDump(found.peer)).to.include({ peer_id: text }).and.to.deep.include({ addrs })
    for (const none of ['', 'greeting', text.slice(0, 20)]) {
      await expect(find(nodes[0], none)).to.eventually.be.rejectedWith('is no PeerId').with.property('name', 'InvalidOptionError')
    }
  })

  it('asks nobody of whom it knows, unless told to', async () => {
    const [known] = nodes[0].dht.internals.peers.table.closest(nodes[0].dht.self.key, 1)
    const { requestsSent } = nodes[0].dht.internals.client.counts
    const found = await find(nodes[0], known.id)
    expect([found?.peer.id, found?.from]).to.deep.equal([known.id, undefined])
    expect(nodes[0].dht.internals.client.counts.requestsSent).to.equal(requestsSent)
    const asked = await find(nodes[0], known.id, { source: 'network' })
    expect(asked?.peer.addrs).to.deep.equal(known.addrs)
    expect(asked?.from).to.not.equal(undefined)
    expect(nodes[0].dht.internals.client.counts.requestsSent).to.be.greaterThan(requestsSent)
  })

  it('knows where we are ourselves', async () => {
    const found = await find(nodes[0], nodes[0].dht.self.id)
    expect([found?.peer.addrs, found?.from]).to.deep.equal([nodes[0].host.self.addrs, undefined])
    const asked = await find(nodes[0], nodes[0].dht.self.id, { source: 'network' })
    expect([asked?.peer.addrs, asked?.from]).to.deep.equal([nodes[0].host.self.addrs, undefined])
  })

  it('ends with the first who names it', async () => {
    const stranger = strangerTo(nodes[0])
    const events: string[] = []
    const found = await find(nodes[0], stranger.dht.self.id, { onProgress: ({ type }) => { events.push(type) } })
    expect(found?.peer.id).to.deep.equal(stranger.dht.self.id)
    const all: string[] = []
    await simulation.clock.run(nodes[0].dht.lookup(stranger.dht.self.id, { onProgress: ({ type }) => { all.push(type) } }))
    const count = (types: string[]): number => types.filter(type => type === 'asking').length
    expect(count(events)).to.be.lessThan(count(all))
  })

  it('finds where a dead peer was, as long as others name it, and then nothing', async () => {
    const stranger = strangerTo(nodes[0])
    stranger.host.crash()
    const found = await find(nodes[0], stranger.dht.self.id)
    expect(found?.peer.addrs).to.deep.equal(stranger.host.self.addrs)
    for (const { dht } of nodes) {
      if (dht !== stranger.dht) {
        await simulation.clock.run(dht.ping(stranger.dht.self).catch(() => {}))
      }
    }
    expect(await find(nodes[0], stranger.dht.self.id)).to.equal(undefined)
  })

  it('does not find who does not exist, or is a client', async () => {
    const nobody = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32).fill(1))
    expect(await find(nodes[0], nobody)).to.equal(undefined)
    const client = await simulation.node({ mode: 'client', bootstrap: nodes[0].host.self.addrs })
    expect(await find(nodes[5], client.dht.self.id)).to.equal(undefined)
  })

  it('does not take a peer whose addresses are not believed', async () => {
    const stranger = strangerTo(nodes[0])
    const picky = await simulation.node({
      mode: 'client',
      bootstrap: nodes[0].host.self.addrs,
      k: 4,
      selectAddrs: ({ id, addrs }) => id.every((byte, i) => byte === stranger.dht.self.id[i]) ? [] : addrs
    })
    expect(await find(picky, stranger.dht.self.id)).to.equal(undefined)
  })

  it('ends at its deadline with nothing', async () => {
    const begun = simulation.clock.now()
    expect(await find(nodes[0], strangerTo(nodes[0]).dht.self.id, { timeout: 5 })).to.equal(undefined)
    expect(simulation.clock.now() - begun).to.equal(5)
  })
})
