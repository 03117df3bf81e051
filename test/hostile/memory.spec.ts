import { expect } from 'aegir/chai'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { NETWORK } from './arena.ts'
import { hostileInput } from './suite.ts'

hostileInput('the memory network', async () => {
  const clock = new VirtualClock()
  const network = createMemoryNetwork({ clock, seed: 1, latency: 1 })
  return {
    async host () {
      const host = network.createHost()
      return { host, stop: async () => { await host.stop() } }
    },
    dht: (host, init) => new Kademlia({ host, protocol: NETWORK, clock, ...init }),
    run: async task => clock.run(task),
    advance: async ms => { await clock.advance(ms) },
    async stop () {
      await clock.run(network.stop())
      expect(clock.pending, 'timers left').to.equal(0)
    }
  }
})
