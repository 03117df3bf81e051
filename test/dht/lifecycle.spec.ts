import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { PROTOCOL, Simulation } from '../helpers/simulation.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** Milliseconds that the host takes to serve, and to serve no more. */
const HANDLE_MS = 10
const UNHANDLE_MS = 3

describe('starting and stopping', () => {
  let simulation: Simulation
  let host: MemoryHost
  let watchers: number

  beforeEach(() => {
    simulation = new Simulation({ seed: 91, latency: 10 })
    host = simulation.network.createHost()
    watchers = 0
  })

  afterEach(async () => {
    expect(watchers, 'left').to.equal(0)
    expect(host.serves(PROTOCOL), 'afterwards').to.equal(false)
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  /** A node whose host takes its time; not started. */
  function nodeOf (init: Partial<KademliaInit> = {}): Kademlia {
    const { clock } = simulation
    const slow: Host = {
      self: host.self,
      openStream: async (peer, protocol, options) => host.openStream(peer, protocol, options),
      identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
      async handle (protocol, handler) {
        await sleep(clock, HANDLE_MS)
        await host.handle(protocol, handler)
      },
      async unhandle (protocol) {
        await sleep(clock, UNHANDLE_MS)
        await host.unhandle(protocol)
      },
      watch (protocol, topology) {
        const unwatch = host.watch(protocol, topology)
        watchers++
        return () => {
          watchers--
          unwatch()
        }
      }
    }
    return new Kademlia({ host: slow, protocol: PROTOCOL, clock, ...init })
  }

  it('leave nothing behind when one comes right after the other', async () => {
    const dht = nodeOf()
    await simulation.clock.run(Promise.all([dht.start(), dht.stop()]))
    await expect(simulation.clock.run(dht.start())).to.eventually.be.rejected.with.property('name', 'NotStartedError')
    await expect(dht.lookup('anything')).to.eventually.be.rejected.with.property('name', 'NotStartedError')
  })

  it('a node that is stopped before it starts does not start any more', async () => {
    const dht = nodeOf()
    await dht.stop()
    await expect(dht.start()).to.eventually.be.rejectedWith('this node was stopped: create another').with.property('name', 'NotStartedError')
    await expect(dht.lookup('anything')).to.eventually.be.rejectedWith('this node was stopped: create another')
  })

  it('leave nothing behind when one comes while what was kept is read', async () => {
    let isRead = false
    const load = async (): Promise<[]> => {
      await sleep(simulation.clock, 100)
      isRead = true
      return []
    }
    const dht = nodeOf({ mode: 'client', contacts: { load, save: async () => {} } })
    const started = dht.start()
    await simulation.clock.run(dht.stop())
    expect(isRead, 'nobody reads when it has stopped').to.equal(true)
    await simulation.clock.run(started)
  })

  it('do not wait for a join', async () => {
    const silent = simulation.network.createHost()
    silent.crash()
    const dht = nodeOf({ bootstrap: silent.self.addrs })
    const started = dht.start()
    await simulation.clock.advance(1000)
    const before = simulation.clock.now()
    await simulation.clock.run(Promise.all([dht.stop(), started]))
    expect(simulation.clock.now() - before).to.equal(UNHANDLE_MS)
  })

  it('end with no server whatever mode is set meanwhile', async () => {
    const dht = nodeOf({ mode: 'client' })
    await simulation.clock.run(dht.start())
    await simulation.clock.run(Promise.all([dht.setMode('server'), dht.stop()]))
    expect(host.serves(PROTOCOL)).to.equal(false)

    const server = nodeOf()
    await simulation.clock.run(server.start())
    expect(host.serves(PROTOCOL)).to.equal(true)
    await simulation.clock.run(Promise.all([server.stop(), server.setMode('client')]))
    expect([server.mode, host.serves(PROTOCOL)]).to.deep.equal(['client', false])
  })

  it('have the mode between them that was set last', async () => {
    const dht = nodeOf({ mode: 'client' })
    const modes = ['server', 'client', 'server', 'client'] as const
    await simulation.clock.run(Promise.all([dht.start(), ...modes.map(async mode => dht.setMode(mode))]))
    expect([dht.mode, host.serves(PROTOCOL)]).to.deep.equal(['client', false])
    await simulation.clock.run(Promise.all([dht.setMode('server'), dht.setMode('client'), dht.setMode('server')]))
    expect([dht.mode, host.serves(PROTOCOL)]).to.deep.equal(['server', true])
    await simulation.clock.run(dht.stop())
  })

  it('wait for each other: the second to stop it waits for the first', async () => {
    const other = await simulation.node()
    const dht = nodeOf()
    await simulation.clock.run(dht.start())
    await simulation.clock.run(dht.join(other.host.self.addrs))
    let isThrough = false
    const first = dht.stop().then(() => { isThrough = true })
    await simulation.clock.run(dht.stop())
    expect([isThrough, dht.internals.client.counts.streamsOpen]).to.deep.equal([true, 0])
    await first
  })

  it('wait for each other: the second to start it waits until it serves, and hears why it does not', async () => {
    const dht = nodeOf()
    const first = dht.start()
    await simulation.clock.run(dht.start())
    expect(host.serves(PROTOCOL)).to.equal(true)
    await simulation.clock.run(Promise.all([first, dht.stop()]))

    const damaged = nodeOf({ contacts: { load: async () => { throw new Error('what was kept is damaged') }, save: async () => {} } })
    await expect(simulation.clock.run(damaged.start())).to.eventually.be.rejectedWith('damaged')
    await expect(simulation.clock.run(damaged.start())).to.eventually.be.rejectedWith('damaged')
    await simulation.clock.run(damaged.stop())
  })
})
