import { expect } from 'aegir/chai'
import { Simulation } from '../helpers/simulation.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

describe('modes', () => {
  let simulation: Simulation

  beforeEach(() => { simulation = new Simulation({ seed: 61, latency: 10 }) })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** The name of the error that a ping from one to the other fails with. */
  async function ping (from: SimulatedNode, to: SimulatedNode): Promise<string> {
    return simulation.clock.run(from.dht.ping(to.dht.self).then(() => 'answered', (err: Error) => err.name))
  }

  it('are server unless told otherwise', async () => {
    const [a, b] = [await simulation.node(), await simulation.node({ mode: 'client' }, { listen: true })]
    expect([a.dht.mode, b.dht.mode]).to.deep.equal(['server', 'client'])
    expect([await ping(b, a), await ping(a, b)]).to.deep.equal(['answered', 'UnsupportedProtocolError'])
  })

  it('may be switched while running', async () => {
    const [a, b] = [await simulation.node(), await simulation.node()]
    for (let time = 0; time < 3; time++) {
      await a.dht.setMode('client')
      expect([a.dht.mode, await ping(b, a), await ping(a, b)]).to.deep.equal(['client', 'UnsupportedProtocolError', 'answered'])
      await a.dht.setMode('server')
      expect([a.dht.mode, await ping(b, a)]).to.deep.equal(['server', 'answered'])
    }
  })

  it('reset the streams that a server had open', async () => {
    const [a, b] = [await simulation.node(), await simulation.node()]
    await ping(b, a)
    expect(a.dht.internals.server.streams).to.equal(1)
    await a.dht.setMode('client')
    await simulation.clock.advance(100)
    expect(a.dht.internals.server.streams).to.equal(0)
    expect(b.dht.internals.client.counts.streamsOpen).to.equal(0)
  })

  it('are none but these two', async () => {
    const a = await simulation.node()
    const mode: any = 'Client'
    await expect(a.dht.setMode(mode)).to.eventually.be.rejectedWith('mode must be "client" or "server", not "Client"')
    expect([a.dht.mode, a.host.serves(a.dht.protocol)]).to.deep.equal(['server', true])
  })

  it('may be set while stopped, and serve nobody then', async () => {
    const a = await simulation.node()
    const b = await simulation.node({ mode: 'client' }, { listen: true })
    await simulation.clock.run(b.dht.stop())
    await b.dht.setMode('server')
    expect([b.dht.mode, b.host.serves(b.dht.protocol), await ping(a, b)]).to.deep.equal(['server', false, 'UnsupportedProtocolError'])
  })

  it('a client is forgotten by those who ask it', async () => {
    const [a, b, c] = await simulation.nodesJoined(3)
    await simulation.clock.advance(1000)
    expect([a, b, c].map(({ dht }) => dht.contacts)).to.deep.equal([2, 2, 2])
    await c.dht.setMode('client')
    await simulation.clock.run(Promise.all([a, b].map(async ({ dht }) => dht.lookup('anything'))))
    expect([a, b, c].map(({ dht }) => dht.contacts)).to.deep.equal([1, 1, 2])
  })

  it('a server is entered once it is heard of', async () => {
    const [a, b] = await simulation.nodesJoined(2)
    const c = await simulation.node({ mode: 'client', bootstrap: a.host.self.addrs }, { listen: true })
    await simulation.clock.advance(1000)
    expect(a.dht.internals.peers.table.get(c.dht.self.key)).to.equal(undefined)
    await c.dht.setMode('server')
    await simulation.clock.advance(60_000) // its streams, which a client had opened, end
    await simulation.clock.run(c.dht.refresh())
    await simulation.clock.advance(1000)
    expect([a, b].map(({ dht }) => dht.contacts)).to.deep.equal([2, 2])
  })
})
