import { expect } from 'aegir/chai'
import { configure } from '../../src/dht/config.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { KademliaConfig, KademliaInit } from '../../src/dht/config.ts'

const HOUR_MS = 3_600_000

function defaultsOf (protocol: string, init: Partial<KademliaInit> = {}): Pick<KademliaConfig, 'maxValueSize' | 'valueTtl' | 'probe'> {
  const host = createMemoryNetwork({ clock: new VirtualClock() }).createHost()
  const { maxValueSize, valueTtl, probe } = configure({ host, protocol, ...init })
  return { maxValueSize, valueTtl, probe }
}

describe('configure', () => {
  it('has defaults of its own for a network of its own', () => {
    expect(defaultsOf('/kadmium/1.0.0')).to.deep.equal({ maxValueSize: 4 * 1024 * 1024, valueTtl: 24 * HOUR_MS, probe: 'ping' })
  })

  it('keeps to the rules of libp2p networks', () => {
    for (const protocol of ['/ipfs/kad/1.0.0', '/ipfs/lan/kad/1.0.0', '/mine/kad/1.0.0']) {
      expect(defaultsOf(protocol)).to.deep.equal({ maxValueSize: 64 * 1024, valueTtl: 48 * HOUR_MS, probe: 'find-node' })
    }
  })

  it('lets an option decide', () => {
    expect(defaultsOf('/ipfs/kad/1.0.0', { maxValueSize: 5, valueTtl: 6, probe: 'ping' })).to.deep.equal({ maxValueSize: 5, valueTtl: 6, probe: 'ping' })
  })
})
