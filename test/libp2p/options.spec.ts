import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { configure } from '../../src/dht/config.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { kadDHT } from '../../src/index.ts'
import { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from '../../src/libp2p/mappers.ts'
import { engineOptions, providerAddrsLife, providerLife } from '../../src/libp2p/options.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { TestNetwork } from './network.ts'
import type { KademliaConfig } from '../../src/dht/config.ts'
import type { KadDHTInit } from '../../src/libp2p/init.ts'
import type { ComponentLogger } from '@libp2p/interface'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** What the engine makes of options. */
function config (init: KadDHTInit = {}): KademliaConfig {
  const host = createMemoryNetwork({ clock: new VirtualClock() }).createHost()
  return configure({ host, ...engineOptions(init) })
}

/** Why a node with these options cannot be made and started. */
async function refusal (init: KadDHTInit): Promise<Error | undefined> {
  try {
    const node = await createLibp2pNode({ services: { dht: kadDHT(init) } })
    await node.stop()
    return undefined
  } catch (err) {
    return err instanceof Error ? err : new Error(String(err))
  }
}

describe('options of the libp2p service', () => {
  it('have the defaults that are documented', () => {
    const { host, clock, random, parseAddr, heard, ...rest } = config()
    expect(rest).to.deep.equal({
      protocol: '/ipfs/kad/1.0.0',
      mode: 'server', // the service decides
      scope: 'public',
      probe: 'find-node',
      awaitContacts: true,
      bootstrap: [],
      k: 20,
      alpha: 10,
      disjointPaths: 10,
      prefixLength: 6,
      splitThreshold: 20,
      maxValueSize: 65_536,
      valueTtl: 48 * HOUR,
      maxValueTtl: 48 * HOUR,
      republish: false,
      replicateInterval: Infinity,
      handOver: false,
      cacheFound: false,
      selfLookupInterval: 5 * MINUTE,
      firstSelfLookup: SECOND,
      refreshInterval: HOUR,
      collectInterval: 5_400 * SECOND,
      reprovide: { interval: HOUR, threshold: 24 * HOUR, validity: 48 * HOUR, concurrency: 10, maxQueueSize: 16_384 },
      clientIdle: 8 * SECOND,
      serverIdle: MINUTE,
      maxInboundStreams: 64, // on two connections
      requestTimeout: 10 * SECOND,
      minTimeout: 2 * SECOND,
      maxTimeout: 10 * SECOND,
      maxVerifications: 10,
      maxVerificationsWaiting: 100,
      verificationTimeout: 10 * SECOND,
      maxChecks: 10,
      maxChecksWaiting: 100,
      checkTimeout: 20 * SECOND
    })
  })

  const cases: Array<[name: string, init: KadDHTInit, expected: Partial<KademliaConfig>]> = [
    ['kBucketSize', { kBucketSize: 7 }, { k: 7, splitThreshold: 7 }],
    ['republish', { republish: true }, { republish: true }],
    ['replicateInterval', { replicateInterval: HOUR }, { replicateInterval: HOUR }],
    ['handOver', { handOver: true }, { handOver: true }],
    ['cacheFound', { cacheFound: true }, { cacheFound: true }],
    ['kBucketSplitThreshold', { kBucketSplitThreshold: 5 }, { k: 20, splitThreshold: 5 }],
    ['alpha', { alpha: 3 }, { alpha: 3, disjointPaths: 3, maxVerifications: 6 }],
    ['disjointPaths', { alpha: 6, disjointPaths: 2 }, { alpha: 6, disjointPaths: 2 }],
    ['routingTableUpdateQueueConcurrency', { routingTableUpdateQueueConcurrency: 4 }, { maxVerifications: 4 }],
    ['pingNewContactConcurrency, beyond what alpha allows', { alpha: 20, pingNewContactConcurrency: 100 }, { alpha: 20, disjointPaths: 20, maxVerifications: 16 }],
    ['pingNewContactConcurrency', { pingNewContactConcurrency: 3 }, { maxVerifications: 3 }],
    ['routingTableUpdateMaxQueueSize', { routingTableUpdateMaxQueueSize: 9 }, { maxVerificationsWaiting: 9 }],
    ['pingNewContactMaxQueueSize', { pingNewContactMaxQueueSize: 200 }, { maxVerificationsWaiting: 200 }],
    ['prefixLength', { prefixLength: 0 }, { prefixLength: 0 }],
    ['querySelfInterval', { querySelfInterval: 42 }, { selfLookupInterval: 42 }],
    ['initialQuerySelfInterval', { initialQuerySelfInterval: 42 }, { firstSelfLookup: 42 }],
    ['allowQueryWithZeroPeers', { allowQueryWithZeroPeers: true }, { awaitContacts: false }],
    ['protocol', { protocol: '/mine' }, { protocol: '/mine', valueTtl: 48 * HOUR, republish: false, handOver: false, replicateInterval: Infinity, maxValueSize: 65_536, clientIdle: 8 * SECOND }],
    ['pingOldContactTimeout', { pingOldContactTimeout: { maxTimeout: 77 } }, { checkTimeout: 77 }],
    ['pingOldContactConcurrency', { pingOldContactConcurrency: 2 }, { maxChecks: 2 }],
    ['pingOldContactMaxQueueSize', { pingOldContactMaxQueueSize: 3 }, { maxChecksWaiting: 3 }],
    ['pingNewContactTimeout', { pingNewContactTimeout: { maxTimeout: 88 } }, { verificationTimeout: 88 }],
    ['onPeerConnectTimeout', { onPeerConnectTimeout: 99 }, { verificationTimeout: 99 }],
    ['providers.cleanupInterval', { providers: { cleanupInterval: 5 } }, { collectInterval: 5_000 }],
    ['networkDialTimeout.minTimeout, longer than the longest', { networkDialTimeout: { minTimeout: 13_000 } }, { minTimeout: 13_000, maxTimeout: 13_000 }],
    ['networkDialTimeout.maxTimeout, which counts for more', { networkDialTimeout: { minTimeout: 13_000, maxTimeout: 5_000 } }, { minTimeout: 13_000, maxTimeout: 5_000 }],
    ['networkDialTimeout', { networkDialTimeout: { minTimeout: 11, maxTimeout: 22 } }, { minTimeout: 11, maxTimeout: 22 }],
    ['incomingMessageTimeout', { incomingMessageTimeout: 33 }, { requestTimeout: 33 }],
    ['maxValueSize', { maxValueSize: 44 }, { maxValueSize: 44 }],
    ['kBucketSize Infinity', { kBucketSize: Infinity }, { k: 20, prefixLength: Infinity, splitThreshold: 20 }],
    ['reprovide', { reprovide: { interval: 1, threshold: 2, validity: 3, concurrency: 4, maxQueueSize: 5 } }, { reprovide: { interval: 1, threshold: 2, validity: 3, concurrency: 4, maxQueueSize: 5 } }],
    ['providers.provideValidity', { providers: { provideValidity: 60 } }, { reprovide: { ...config().reprovide, validity: MINUTE } }],
    ['providers.provideValidity, longer than records live', { providers: { provideValidity: 1_000_000 } }, { reprovide: config().reprovide }],
    ['sizes and counts without bound', {
      routingTableUpdateQueueConcurrency: Infinity,
      routingTableUpdateMaxQueueSize: Infinity,
      pingNewContactConcurrency: Infinity,
      pingNewContactMaxQueueSize: Infinity,
      pingOldContactConcurrency: Infinity,
      pingOldContactMaxQueueSize: Infinity,
      maxInboundStreams: Infinity,
      reprovide: { concurrency: Infinity, maxQueueSize: Infinity }
    }, {
      maxVerifications: Infinity,
      maxVerificationsWaiting: Infinity,
      maxChecks: Infinity,
      maxChecksWaiting: Infinity,
      maxInboundStreams: Infinity,
      reprovide: { ...config().reprovide, concurrency: Infinity, maxQueueSize: Infinity }
    }],
    ['times in fractions', { querySelfInterval: 299_999.5, onPeerConnectTimeout: 1.5, providers: { cleanupInterval: 1.5 } }, { selfLookupInterval: 299_999.5, verificationTimeout: 1.5, collectInterval: 1500 }],
    ['reprovide.threshold 0', { reprovide: { threshold: 0 } }, { reprovide: { ...config().reprovide, threshold: 0 } }],
    ['lives longer than a timer waits', { providers: { provideValidity: 2_592_000 }, reprovide: { validity: 60 * 24 * HOUR } }, { reprovide: { ...config().reprovide, validity: 30 * 24 * HOUR } }],
    ['protocol without a slash', { protocol: 'mine/kad' }, { protocol: 'mine/kad' }],
    ['all that is least', {
      kBucketSize: 1,
      kBucketSplitThreshold: 1,
      prefixLength: 0,
      alpha: 1,
      disjointPaths: 1,
      querySelfInterval: 0,
      initialQuerySelfInterval: 0,
      routingTableUpdateQueueConcurrency: 1,
      routingTableUpdateMaxQueueSize: 1,
      pingOldContactConcurrency: 1,
      pingOldContactMaxQueueSize: 0,
      pingOldContactTimeout: { maxTimeout: 1 },
      pingNewContactConcurrency: 1,
      pingNewContactMaxQueueSize: 1,
      pingNewContactTimeout: { maxTimeout: 1 },
      networkDialTimeout: { minTimeout: 1, maxTimeout: 1 },
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
      onPeerConnectTimeout: 1,
      incomingMessageTimeout: 1,
      maxValueSize: 1,
      replicateInterval: 1,
      providers: { cacheSize: 0, cleanupInterval: 1, provideValidity: 1 },
      reprovide: { concurrency: 1, maxQueueSize: 1, interval: 1, threshold: 0, validity: 1 }
    }, {
      k: 1,
      splitThreshold: 1,
      prefixLength: 0,
      alpha: 1,
      disjointPaths: 1,
      selfLookupInterval: 0,
      firstSelfLookup: 0,
      maxVerifications: 1,
      maxVerificationsWaiting: 1,
      verificationTimeout: 1,
      maxChecks: 1,
      maxChecksWaiting: 0,
      checkTimeout: 1,
      minTimeout: 1,
      maxTimeout: 1,
      maxInboundStreams: 2,
      requestTimeout: 1,
      maxValueSize: 1,
      replicateInterval: 1,
      collectInterval: SECOND,
      reprovide: { concurrency: 1, maxQueueSize: 1, interval: 1, threshold: 0, validity: 1 }
    }],
    ['a value of the largest size', { maxValueSize: 128 * 1024 * 1024 }, { maxValueSize: 128 * 1024 * 1024 }],
    ['peerInfoMapper public', { peerInfoMapper: removePrivateAddressesMapper }, { scope: 'public' }],
    ['peerInfoMapper private', { peerInfoMapper: removePublicAddressesMapper }, { scope: 'private' }],
    ['peerInfoMapper any', { peerInfoMapper: passthroughMapper }, { scope: 'any' }]
  ]

  for (const [name, init, expected] of cases) {
    it(`${name} changes what it says, and nothing else`, () => {
      const { heard: _, host: _host, ...rest } = config(init)
      const { heard: _heard, host: _other, ...defaults } = config()
      expect(rest).to.deep.equal({ ...defaults, ...expected })
    })
  }

  it('every one may be given as undefined', () => {
    const names = ['kBucketSize', 'alpha', 'disjointPaths', 'prefixLength', 'protocol', 'querySelfInterval', 'networkDialTimeout', 'providers', 'reprovide', 'maxValueSize', 'incomingMessageTimeout', 'peerInfoMapper']
    const { heard: _, host: _host, ...rest } = config(Object.fromEntries(names.map(name => [name, undefined])))
    const { heard: _heard, host: _other, ...defaults } = config()
    expect(rest).to.deep.equal(defaults)
  })

  it('give provider records and their addresses a life', () => {
    expect([providerLife(), providerAddrsLife()]).to.deep.equal([48 * HOUR, 24 * HOUR])
    const short = { provideValidity: 60 }
    expect([providerLife(short), providerAddrsLife(short)]).to.deep.equal([MINUTE, MINUTE])
    const long = { provideValidity: 1_000_000 }
    expect([providerLife(long), providerAddrsLife(long)]).to.deep.equal([48 * HOUR, 1_000_000 * SECOND])
    expect(providerLife({}, { validity: 5 })).to.equal(5)
  })

  const nonsense: Array<[name: string, init: KadDHTInit]> = [
    ['kBucketSize', { kBucketSize: 0 }],
    ['kBucketSize', { kBucketSize: 256 }],
    ['kBucketSize', { kBucketSize: NaN }],
    ['kBucketSplitThreshold', { kBucketSplitThreshold: 0 }],
    ['alpha', { alpha: 1.5 }],
    ['disjointPaths', { disjointPaths: 0 }],
    ['prefixLength', { prefixLength: -1 }],
    ['prefixLength', { prefixLength: 257 }],
    ['protocol', { protocol: 'with spaces' }],
    ['protocol', { protocol: '' }],
    ['querySelfInterval', { querySelfInterval: -1 }],
    ['initialQuerySelfInterval', { initialQuerySelfInterval: -1 }],
    ['routingTableUpdateQueueConcurrency', { routingTableUpdateQueueConcurrency: 0 }],
    ['pingNewContactConcurrency', { pingNewContactConcurrency: 0 }],
    ['pingOldContactConcurrency', { pingOldContactConcurrency: -1 }],
    ['pingOldContactMaxQueueSize', { pingOldContactMaxQueueSize: NaN }],
    ['onPeerConnectTimeout', { onPeerConnectTimeout: 0 }],
    ['incomingMessageTimeout', { incomingMessageTimeout: Infinity }],
    ['networkDialTimeout', { networkDialTimeout: { minTimeout: -1 } }],
    ['maxValueSize', { maxValueSize: -1 }],
    ['providers.cleanupInterval', { providers: { cleanupInterval: NaN } }],
    ['providers.cleanupInterval', { providers: { cleanupInterval: 2_147_484 } }],
    ['querySelfInterval', { querySelfInterval: 2 ** 31 }],
    ['reprovide.threshold', { reprovide: { threshold: -1 } }],
    ['providers.provideValidity', { providers: { provideValidity: -5 } }],
    ['providers.cacheSize', { providers: { cacheSize: -1 } }],
    ['pingOldContactTimeout.maxTimeout', { pingOldContactTimeout: { maxTimeout: 0 } }],
    ['reprovide.concurrency', { reprovide: { concurrency: 0 } }],
    ['reprovide.validity', { reprovide: { validity: -1 } }],
    ['maxInboundStreams', { maxInboundStreams: -1 }],
    ['maxOutboundStreams', { maxOutboundStreams: 0 }]
  ]

  for (const [name, init] of nonsense) {
    it(`refuse ${JSON.stringify(init)}, naming ${name} and what it may be`, async () => {
      const err = await refusal(init)
      expect(err?.name).to.equal('InvalidOptionError')
      expect(err?.message).to.match(/must be/)
      expect(err?.message).to.include(name)
    })
  }

  it('are an object, in which flags are true or false and the mapper is a function', () => {
    const wrong: Record<string, any> = { clientMode: 'false', allowQueryWithZeroPeers: 1, republish: 'yes', handOver: 0, cacheFound: 'no', peerInfoMapper: {} }
    for (const [name, value] of Object.entries(wrong)) {
      expect(() => engineOptions({ [name]: value }), name).to.throw(`${name} must be`).with.property('name', 'InvalidOptionError')
    }
    const nothing: any = null
    expect(() => engineOptions(nothing)).to.throw('the options of kadDHT must be an object, not null').with.property('name', 'InvalidOptionError')
  })

  it('without bound, a node starts and works', async () => {
    const all = { maxInboundStreams: Infinity, maxOutboundStreams: Infinity, providers: { cacheSize: Infinity }, reprovide: { maxQueueSize: Infinity, concurrency: Infinity } }
    expect(await refusal({ ...all, protocol: 'mine/kad', clientMode: false })).to.equal(undefined)
  })

  it('are refused before anything has been started', async () => {
    const task = createLibp2pNode({ start: false, services: { dht: kadDHT({ alpha: 0 }) } })
    await expect(task).to.eventually.be.rejected.with.property('name', 'InvalidOptionError')
  })

  describe('on a node', () => {
    const network = new TestNetwork()

    afterEach(async () => { await network.stop() })

    it('are told by the service', async () => {
      const { services: { dht } } = await network.node({})
      expect([dht.k, dht.a, dht.d, dht.protocol, dht.getMode()]).to.deep.equal([20, 10, 10, '/ipfs/kad/1.0.0', 'client'])
      const { services: { dht: other } } = await network.node({ kBucketSize: 5, alpha: 4, disjointPaths: 3, protocol: '/mine/1.0.0', clientMode: false })
      expect([other.k, other.a, other.d, other.protocol, other.getMode()]).to.deep.equal([5, 4, 3, '/mine/1.0.0', 'server'])
    })

    it('logPrefix begins the name of every log component', async () => {
      const components = new Set<string>()
      const logger = defaultLogger()
      const noting: ComponentLogger = {
        forComponent (name) {
          components.add(name)
          return logger.forComponent(name)
        }
      }
      await network.node({ logPrefix: 'mine' }, { logger: noting })
      expect([...components].filter(name => name.startsWith('mine'))).to.include.members(['mine', 'mine:libp2p-host', 'mine:routing-table'])
      expect([...components].filter(name => name.startsWith('kadmium') || name.includes('kad-dht'))).to.deep.equal([])
    })

    it('maxInboundStreams and maxOutboundStreams reach the registrar', async () => {
      const { services: { inside: { components: { registrar } } } } = await network.node({ protocol: '/mine/1.0.0', clientMode: false, maxInboundStreams: 3, maxOutboundStreams: 4 })
      const { options } = registrar.getHandler('/mine/1.0.0')
      expect([options.maxInboundStreams, options.maxOutboundStreams]).to.deep.equal([3, 4])
    })
  })
})
