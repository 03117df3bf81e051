import { expect } from 'aegir/chai'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { createLibp2pNode } from '../helpers/libp2p-tcp.ts'
import { hostNode, stopNode } from '../hosts/libp2p-hosts.ts'
import { NETWORK } from './arena.ts'
import { hostileInput } from './suite.ts'
import type { HostNode } from '../hosts/libp2p-hosts.ts'

// over tcp, noise and yamux; our own deadlines run on a clock that only the test moves
hostileInput('libp2p', async () => {
  const clock = new VirtualClock({ start: Date.now() })
  const nodes: HostNode[] = []
  return {
    async host () {
      const node = await hostNode(async options => createLibp2pNode({ ...options, transport: 'tcp' }))
      nodes.push(node)
      return { host: node.services.host, stop: async () => stopNode(node) }
    },
    dht: (host, init) => new Kademlia({ host, protocol: NETWORK, clock, ...init }),
    run: async task => task,
    advance: async ms => { await clock.advance(ms) },
    async stop () {
      await Promise.all(nodes.map(stopNode))
      expect(nodes.map(({ services: { host } }) => host.openStreams)).to.deep.equal(nodes.map(() => 0))
      expect(clock.pending, 'timers left').to.equal(0)
    }
  }
}, 2_000)
