import { expect } from 'aegir/chai'
import { ServiceMetrics } from '../../src/libp2p/metrics.ts'
import { KadDHTService } from '../../src/libp2p/service.ts'
import { Simulation } from '../helpers/simulation.ts'
import { Collector } from './collector.ts'
import { all, disconnect, failure, named, silence, TestNetwork, until, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'
import type { KadDHTComponents, KadDHTInit } from '../../src/libp2p/init.ts'

const KEY = utf8('/v/key')

/** The names that `@libp2p/kad-dht` 16 registers. */
const NAMES = [
  'adding_peer_map',
  'inbound_rpc_errors_total',
  'inbound_rpc_requests_total',
  'inbound_rpc_time_seconds',
  'kad_bucket_events_total',
  'network_message_send_times_milliseconds',
  'operation_error_time_seconds',
  'operation_errors_total',
  'operation_time_seconds',
  'operations_total',
  'outbound_rpc_errors_total',
  'outbound_rpc_requests_total',
  'ping_new_contact_queue',
  'ping_old_contact_queue',
  'reprovide_queue',
  'reprovide_timeout_milliseconds',
  'routing_table_kad_bucket_average_occupancy',
  'routing_table_kad_bucket_max_depth',
  'routing_table_kad_bucket_max_occupancy',
  'routing_table_kad_bucket_min_occupancy',
  'routing_table_kad_bucket_total',
  'routing_table_ping_new_contact_time_milliseconds',
  'routing_table_ping_old_contact_time_milliseconds',
  'routing_table_size',
  'routing_table_update_queue'
]

/** What a libp2p node gives its services, and a collector of metrics. */
function componentsOf (node: DhtNode, metrics: Collector): KadDHTComponents {
  const { peerId, registrar, connectionManager, addressManager, peerStore, events, logger, datastore } = node.services.inside.components
  return { peerId, registrar, connectionManager, addressManager, peerStore, events, logger, datastore, metrics }
}

describe('metrics of what a node does by itself', () => {
  it('tell who was asked whether it is alive, and what was provided again', () => {
    const told = new Collector()
    const { observer } = new ServiceMetrics(told, 'dht', () => undefined)
    observer.onProbe?.('newcomer', 20, undefined)
    observer.onProbe?.('contact', 30, undefined)
    observer.onProbe?.('contact', 40, new Error('no answer'))
    observer.onReprovide?.(50)
    observer.onReprovide?.(60, new Error('no answer'))
    expect(told.group('dht_kad_bucket_events_total')).to.deep.equal({ ping_new_contact: 1, ping_old_contact: 1, ping_old_contact_error: 1 })
    expect(told.group('dht_routing_table_ping_new_contact_time_milliseconds')).to.deep.equal({ success: 20 })
    expect(told.group('dht_routing_table_ping_old_contact_time_milliseconds')).to.deep.equal({ success: 30, failure: 40 })
    expect(told.group('dht_reprovide_timeout_milliseconds')).to.deep.equal({ success: 50, failure: 60 })
  })

  it('tell the shape of a table whose buckets differ', async () => {
    const simulation = new Simulation({ seed: 1 })
    for (const { dht } of await simulation.nodesJoined(8, { k: 2 })) {
      const told = new Collector()
      expect(new ServiceMetrics(told, 'dht', () => dht)).to.have.property('observer')
      const buckets = [...dht.internals.peers.table.buckets()]
      const sizes = buckets.map(({ contacts }) => contacts.length).sort((a, b) => a - b)
      const depths = buckets.map(({ prefixLength }) => prefixLength).sort((a, b) => a - b)
      const shape = await Promise.all(['min_occupancy', 'max_occupancy', 'max_depth'].map(async name => told.calculated(`dht_routing_table_kad_bucket_${name}`)))
      expect(shape).to.deep.equal([sizes[0], sizes.at(-1), depths.at(-1)])
    }
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })
})

describe('metrics of an operation', () => {
  for (const isLeft of [false, true]) {
    it(`that fails count it as an error${isLeft ? ', unless it was left' : ''}`, async () => {
      const told = new Collector()
      const metrics = new ServiceMetrics(told, 'dht', () => undefined)
      const failing = metrics.measure('FIND_PEER', async () => { throw new Error('no answer') }, () => isLeft)
      expect(told.group('dht_operations_total')).to.deep.equal({ FIND_PEER: 1 })
      await expect(failing).to.eventually.be.rejectedWith('no answer')
      expect(told.group('dht_operations_total')).to.deep.equal({ FIND_PEER: 0 })
      expect(told.group('dht_operation_errors_total')).to.deep.equal(isLeft ? {} : { FIND_PEER: 1 })
      expect(told.times('dht_operation_error_time_seconds', 'FIND_PEER')).to.equal(isLeft ? 0 : 1)
      expect(told.times('dht_operation_time_seconds', 'FIND_PEER')).to.equal(0)
    })
  }

  it('have the labels that those of @libp2p/kad-dht have', () => {
    const told = new Collector()
    expect(new ServiceMetrics(told, 'dht', () => undefined)).to.have.property('observer')
    expect(told.labels('operation')).to.deep.equal([
      'dht_inbound_rpc_time_seconds',
      'dht_operation_error_time_seconds',
      'dht_operation_errors_total',
      'dht_operation_time_seconds',
      'dht_operations_total',
      'dht_outbound_rpc_time_seconds'
    ])
  })
})

describe('metrics', () => {
  const network = new TestNetwork()
  let collector: Collector
  let node: DhtNode
  let dht: KadDHTService
  let others: DhtNode[]

  /** A node whose DHT has a collector, among three that have none. */
  async function create (init: KadDHTInit = WITH_VALUES): Promise<void> {
    others = await network.joined(3, WITH_VALUES)
    node = await network.node({ ...WITH_VALUES, protocol: '/other/1.0.0' })
    collector = new Collector()
    dht = new KadDHTService(componentsOf(node, collector), init)
    await dht.start()
    await Promise.all(others.map(async other => node.dial(other.getMultiaddrs())))
    await until('all know each other', () => dht.routingTable.size === 3 && others.every(({ services }) => services.dht.routingTable.size === 3))
  }

  afterEach(async () => {
    await dht.stop()
    await network.stop()
  })

  it('have the names that dashboards know', async () => {
    await create()
    const names = collector.names
    expect(NAMES.filter(name => !names.includes(`libp2p_kad_dht_${name}`))).to.deep.equal([])
    expect(names.filter(name => !name.startsWith('libp2p_kad_dht_'))).to.deep.equal([])
  })

  it('have another prefix if asked to', async () => {
    await create({ ...WITH_VALUES, metricsPrefix: 'mine' })
    expect(collector.names.filter(name => !name.startsWith('mine_'))).to.deep.equal([])
    expect(collector.names).to.include('mine_routing_table_size')
  })

  it('count operations, and how long they took', async () => {
    await create()
    const events = dht.getClosestPeers(KEY)
    await events.next()
    expect(collector.group('libp2p_kad_dht_operations_total')).to.deep.equal({ GET_CLOSEST_PEERS: 1 })
    await all(events)
    expect(collector.group('libp2p_kad_dht_operations_total')).to.deep.equal({ GET_CLOSEST_PEERS: 0 })
    expect(collector.times('libp2p_kad_dht_operation_time_seconds', 'GET_CLOSEST_PEERS')).to.equal(1)
    expect(collector.group('libp2p_kad_dht_operation_errors_total')).to.deep.equal({})
    await all(dht.put(KEY, utf8('value')))
    await all(dht.get(KEY))
    expect(['PUT_VALUE', 'GET_VALUE'].map(name => collector.times('libp2p_kad_dht_operation_time_seconds', name))).to.deep.equal([1, 1])
  })

  it('tell how much is kept, and what was done for it', async () => {
    await create()
    await all(dht.put(KEY, utf8('value')))
    expect(await collector.calculated('libp2p_kad_dht_values')).to.deep.equal({ kept: 1, published: 0, held: 0 })
    expect(await collector.calculated('libp2p_kad_dht_value_bytes')).to.deep.equal({ kept: KEY.byteLength + 5 })
    expect(await collector.calculated('libp2p_kad_dht_values_dropped_total')).to.deep.equal({ refused_full: 0, refused_per_peer: 0, expired: 0, corrupt: 0 })
    expect(await collector.calculated('libp2p_kad_dht_provider_records')).to.deep.equal({ rows: 0, own: 0, keys: 0, providers: 0 })
    expect(await collector.calculated('libp2p_kad_dht_value_upkeep_total')).to.include({ republished: 0, handed_over: 0 })
    await dht.stop()
    expect(await collector.calculated('libp2p_kad_dht_values')).to.deep.equal({})
  })

  it('count operations that failed', async () => {
    await create()
    const stranger = await network.node({ ...WITH_VALUES, protocol: '/other/1.0.0' })
    expect(await failure(all(dht.findPeer(stranger.peerId, { useCache: false })))).to.equal('NotFoundError')
    expect(collector.group('libp2p_kad_dht_operation_errors_total')).to.deep.equal({ FIND_PEER: 1 })
    expect(collector.times('libp2p_kad_dht_operation_error_time_seconds', 'FIND_PEER')).to.equal(1)
    expect(collector.times('libp2p_kad_dht_operation_time_seconds', 'FIND_PEER')).to.equal(0)
    expect(collector.group('libp2p_kad_dht_operations_total')).to.deep.equal({ FIND_PEER: 0 })
  })

  it('count no operation as under way whose loop was left', async () => {
    await create()
    const events = dht.getClosestPeers(KEY)
    await events.next()
    await events.return()
    expect(collector.group('libp2p_kad_dht_operations_total')).to.deep.equal({ GET_CLOSEST_PEERS: 0 })
  })

  it('do not keep a loop waiting that is left', async () => {
    await create()
    await silence(others[0])
    const events = dht.getClosestPeers(KEY)
    const names: string[] = []
    while (names.filter(name => name === 'PEER_RESPONSE').length < others.length - 1) {
      const { value } = await events.next()
      names.push(value?.name ?? 'end')
    }
    const next = events.next()
    await events.return()
    expect(await next).to.deep.equal({ done: true, value: undefined })
    expect(collector.group('libp2p_kad_dht_operations_total')).to.deep.equal({ GET_CLOSEST_PEERS: 0 })
    expect(collector.times('libp2p_kad_dht_operation_time_seconds', 'GET_CLOSEST_PEERS')).to.equal(0)
  })

  it('count requests that go out, and those that come in', async () => {
    await create()
    const sent = named(await all(dht.get(KEY)), 'SEND_QUERY')
    expect(sent).to.have.lengthOf(3)
    expect(collector.group('libp2p_kad_dht_outbound_rpc_requests_total').GET_VALUE).to.equal(3)
    expect(collector.times('libp2p_kad_dht_outbound_rpc_time_seconds', 'GET_VALUE')).to.equal(3)
    expect(collector.group('libp2p_kad_dht_outbound_rpc_errors_total').GET_VALUE).to.equal(undefined)
    await all(others[0].services.dht.get(KEY))
    expect(collector.group('libp2p_kad_dht_inbound_rpc_requests_total').GET_VALUE).to.equal(1)
    expect(collector.times('libp2p_kad_dht_inbound_rpc_time_seconds', 'GET_VALUE')).to.equal(1)
    expect(collector.group('libp2p_kad_dht_inbound_rpc_errors_total').GET_VALUE).to.equal(undefined)
  })

  it('count requests that failed', async () => {
    await create()
    await others[0].services.dht.stop()
    await disconnect(others[0])
    await all(dht.get(KEY))
    expect(collector.group('libp2p_kad_dht_outbound_rpc_errors_total').GET_VALUE).to.equal(1)
    dht.validators.v = () => { throw new Error('no') }
    await all(others[1].services.dht.put(KEY, utf8('value')))
    expect(collector.group('libp2p_kad_dht_inbound_rpc_errors_total').PUT_VALUE).to.be.greaterThan(0)
  })

  it('tell the shape of the routing table', async () => {
    await create()
    const shape = async (): Promise<unknown[]> => Promise.all(['size', 'kad_bucket_total', 'kad_bucket_average_occupancy', 'kad_bucket_min_occupancy', 'kad_bucket_max_occupancy', 'kad_bucket_max_depth']
      .map(async name => collector.calculated(`libp2p_kad_dht_routing_table_${name}`)))
    expect(await shape()).to.deep.equal([3, 1, 3, 3, 3, 0])
    expect(collector.group('libp2p_kad_dht_kad_bucket_events_total').peer_added).to.equal(3)
    await others[0].services.dht.setMode('client')
    await until('it has left', () => dht.routingTable.size === 2)
    expect(collector.group('libp2p_kad_dht_kad_bucket_events_total')).to.include({ peer_added: 3, peer_removed: 1 })
    await dht.stop()
    expect(await shape()).to.deep.equal([0, 0, 0, 0, 0, 0])
  })

  it('tell the shape of a table with several buckets', async () => {
    await create({ ...WITH_VALUES, kBucketSize: 1, prefixLength: 256 })
    const [size, buckets, average, max] = await Promise.all(['size', 'kad_bucket_total', 'kad_bucket_average_occupancy', 'kad_bucket_max_occupancy']
      .map(async name => collector.calculated(`libp2p_kad_dht_routing_table_${name}`)))
    expect(size).to.equal(3)
    expect(buckets).to.be.a('number').that.is.greaterThan(2)
    expect([average, max]).to.deep.equal([3 / Number(buckets), 1])
  })

  it('tell what waits', async () => {
    await create()
    for (const name of ['ping_new_contact_queue', 'ping_old_contact_queue', 'routing_table_update_queue', 'reprovide_queue']) {
      expect(await collector.calculated(`libp2p_kad_dht_${name}`)).to.deep.equal({ size: 0, running: 0, queued: 0 })
    }
  })

  it('tell how fast others answer', async () => {
    await create()
    await all(dht.getClosestPeers(KEY))
    for (const name of ['network_message_send_times_milliseconds', 'routing_table_ping_new_contact_time_milliseconds']) {
      expect(collector.group(`libp2p_kad_dht_${name}`).success, name).to.be.within(0, 10_000)
    }
    await until('it has looked itself up', () => collector.group('libp2p_kad_dht_operation_time_seconds').SELF_QUERY != null)
    expect(collector.group('libp2p_kad_dht_operation_time_seconds').SELF_QUERY, 'seconds').to.be.within(0, 60)
  })

  it('have the steps of traces', async () => {
    await create()
    expect(collector.traced.sort()).to.deep.equal(['findPeer', 'findProviders', 'get', 'getClosestPeers', 'provide', 'put'].map(name => `libp2p.kadDHT.${name}`))
  })

  it('are not needed', async () => {
    await create()
    const { metrics } = others[0].services.inside.components
    expect(metrics).to.equal(undefined)
    expect(named(await all(others[0].services.dht.getClosestPeers(KEY)), 'FINAL_PEER')).to.have.lengthOf(3)
  })
})
