import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { configure } from '../../src/dht/config.ts'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { timeoutOf } from '../../src/dht/option-checks.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { KademliaConfig } from '../../src/dht/config.ts'
import type { KademliaInit } from '../../src/dht/init.ts'

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

  it('keeps values alive and passes them on, but on libp2p networks only if told to, as in go', () => {
    const lifeOf = (protocol: string, init: Partial<KademliaInit> = {}): Partial<KademliaConfig> => {
      const host = createMemoryNetwork({ clock: new VirtualClock() }).createHost()
      const { maxValueTtl, republish, replicateInterval, handOver, cacheFound } = configure({ host, protocol, ...init })
      return { maxValueTtl, republish, replicateInterval, handOver, cacheFound }
    }
    expect(lifeOf('/mine/1.0.0')).to.deep.equal({ maxValueTtl: 7 * 24 * HOUR_MS, republish: true, replicateInterval: HOUR_MS, handOver: true, cacheFound: true })
    expect(lifeOf('/ipfs/kad/1.0.0')).to.deep.equal({ maxValueTtl: 48 * HOUR_MS, republish: false, replicateInterval: Infinity, handOver: false, cacheFound: false })
    const chosen = { republish: true, replicateInterval: 5, handOver: true, cacheFound: true }
    expect(lifeOf('/ipfs/kad/1.0.0', { ...chosen, valueTtl: 49 * HOUR_MS })).to.deep.equal({ ...chosen, maxValueTtl: 49 * HOUR_MS })
    for (const replicateInterval of [0, -1, 0.5, NaN]) {
      expect(() => lifeOf('/mine/1.0.0', { replicateInterval })).to.throw().with.property('name', 'InvalidOptionError')
    }
  })

  it('refuses parts that are none, with what they may be', () => {
    const kind = { namespace: 'x', validate () {}, select: () => 0 }
    const wrong: Record<string, any[]> = {
      host: [null, {}, 'host'],
      protocol: [undefined, null, 5, '', 'with spaces'],
      clock: [null, Date, {}],
      logger: [console, () => {}],
      random: [5],
      parseAddr: ['text'],
      selectAddrs: [[]],
      values: [{}, new MemoryDatastore()],
      providers: [{}],
      publications: [{}],
      contacts: [{}],
      kinds: [{}, 'ipns', [null], [{ namespace: 'x' }], [{ ...kind, namespace: 'a/b' }], [kind, kind], [{ ...kind, namespace: 'kv' }]],
      republish: ['false', 0, null],
      handOver: ['no'],
      cacheFound: [1],
      awaitContacts: ['true'],
      reprovide: [false, 5, null],
      selfLookupInterval: ['5000', 5000n, new Date(5000)],
      bootstrap: [new Set(), [5], [{ bytes: new Uint8Array() }]]
    }
    const host = createMemoryNetwork({ clock: new VirtualClock() }).createHost()
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        expect(() => new Kademlia({ host, protocol: '/mine/1.0.0', [name]: value }), `${name} ${String(value)}`).to.throw(new RegExp(`\\b${name}\\b.*`)).with.property('name', 'InvalidOptionError')
      }
    }
    for (const init of JSON.parse('[null, [], "init", 5, {}, { "protocol": "/mine/1.0.0" }]')) {
      expect(() => new Kademlia(init), JSON.stringify(init)).to.throw(/must be an object|host must be/).with.property('name', 'InvalidOptionError')
    }
  })

  it('lets an option decide', () => {
    expect(defaultsOf('/ipfs/kad/1.0.0', { maxValueSize: 5, valueTtl: 6, probe: 'ping' })).to.deep.equal({ maxValueSize: 5, valueTtl: 6, probe: 'ping' })
  })
})

describe('the timeout of an operation', () => {
  it('is its own deadline unless given, and no longer than timers can wait', () => {
    expect(timeoutOf({}, 60_000)).to.equal(60_000)
    expect(timeoutOf({ timeout: 0 }, 60_000)).to.equal(0)
    expect(timeoutOf({ timeout: 1.5 }, 60_000)).to.equal(1.5)
    expect(timeoutOf({ timeout: Infinity }, 60_000)).to.equal(2 ** 31 - 1)
    expect(timeoutOf({ timeout: 2 ** 31 }, 60_000)).to.equal(2 ** 31 - 1)
  })
})
