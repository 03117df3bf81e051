import { expect } from 'aegir/chai'
import drain from 'it-drain'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { CustomProgressEvent } from 'progress-events'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyOf } from '../../src/keyspace/key.ts'
import { EventTypes } from '../../src/libp2p/events.ts'
import { all, disconnect, failure, named, silence, stopNode, TestNetwork, text, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'
import type { QueryEvent } from '../../src/libp2p/events.ts'
import type { PeerId, RoutingOptions } from '@libp2p/interface'

const KEY = utf8('/v/key')
const CONTENT = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(1)))
const OWN_PATH = { index: -1, queued: 0, running: 0, total: 0 }

/** How the names of events are spelled for `onProgress`. */
const PROGRESS_NAMES = {
  SEND_QUERY: 'kad-dht:query:send-query',
  PEER_RESPONSE: 'kad-dht:query:peer-response',
  FINAL_PEER: 'kad-dht:query:final-peer',
  QUERY_ERROR: 'kad-dht:query:query-error',
  PROVIDER: 'kad-dht:query:provider',
  VALUE: 'kad-dht:query:value',
  DIAL_PEER: 'kad-dht:query:dial-peer',
  PATH_ENDED: 'kad-dht:query:path-ended',
  ADD_PEER: 'kad-dht:query:add-peer'
} as const

function ids (nodes: readonly DhtNode[]): string[] {
  return nodes.map(({ peerId }) => peerId.toString()).sort()
}

function names (events: readonly QueryEvent[]): Set<string> {
  return new Set(events.map(({ name }) => name))
}

describe('events', () => {
  const network = new TestNetwork()
  let nodes: DhtNode[]

  beforeEach(async () => { nodes = await network.joined(4, WITH_VALUES) })

  afterEach(async () => { await network.stop() })

  /** Every query there is, of the first node. */
  function queries (options: RoutingOptions = {}): Map<string, AsyncIterable<QueryEvent>> {
    const { services: { dht } } = nodes[0]
    return new Map([
      ['get', dht.get(KEY, options)],
      ['put', dht.put(KEY, utf8('value'), options)],
      ['provide', dht.provide(CONTENT, options)],
      ['findProviders', dht.findProviders(CONTENT, options)],
      ['findPeer', dht.findPeer(nodes[1].peerId, { useCache: false, ...options })],
      ['getClosestPeers', dht.getClosestPeers(KEY, options)]
    ])
  }

  it('have the types that go with their names', async () => {
    const events = (await Promise.all([...queries().values()].map(all))).flat()
    await stopNode(nodes[3])
    events.push(...(await Promise.all([...queries().values()].map(all))).flat())
    expect([...names(events)].sort()).to.deep.equal(['DIAL_PEER', 'FINAL_PEER', 'PATH_ENDED', 'PEER_RESPONSE', 'PROVIDER', 'QUERY_ERROR', 'SEND_QUERY', 'VALUE'])
    for (const { type, name } of events) {
      expect(EventTypes[type]).to.equal(name)
    }
  })

  it('have the numbers that the other implementation has', () => {
    const numbers = [EventTypes.SEND_QUERY, EventTypes.PEER_RESPONSE, EventTypes.FINAL_PEER, EventTypes.QUERY_ERROR, EventTypes.PROVIDER, EventTypes.VALUE, EventTypes.ADD_PEER, EventTypes.DIAL_PEER, EventTypes.PATH_ENDED]
    expect(numbers).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('ask every peer once, and tell of its answer', async () => {
    const expected: Array<[string, string]> = [['get', 'GET_VALUE'], ['findProviders', 'GET_PROVIDERS'], ['getClosestPeers', 'FIND_NODE']]
    for (const [name, messageName] of expected) {
      const events = await all(queries().get(name) ?? [] as never)
      const sent = named(events, 'SEND_QUERY')
      const answered = named(events, 'PEER_RESPONSE')
      expect(sent.map(({ to }) => to.toString()).sort(), name).to.deep.equal(ids(nodes.slice(1)))
      expect(answered.map(({ from }) => from.toString()).sort(), name).to.deep.equal(ids(nodes.slice(1)))
      for (const event of [...sent, ...answered]) {
        expect([event.messageName, event.messageType], name).to.deep.equal([messageName, messageName])
      }
    }
  })

  it('tell of what is left with each of the closest', async () => {
    for (const [name, messageName] of [['put', 'PUT_VALUE'], ['provide', 'ADD_PROVIDER']]) {
      const events = await all(queries().get(name) ?? [] as never)
      const answered = named(events, 'PEER_RESPONSE').filter(event => event.messageName === messageName)
      expect(answered.map(({ from }) => from.toString()).sort(), name).to.deep.equal(ids(nodes.slice(1)))
      const ended = events.findIndex(({ name }) => name === 'PATH_ENDED')
      expect(events.slice(0, ended).some(event => 'messageName' in event && event.messageName === messageName), 'before the lookup was over').to.equal(false)
    }
  })

  it('tell that a peer is dialled only when a stream must be opened', async () => {
    const peers = async (): Promise<PeerId[]> => named(await all(nodes[0].services.dht.getClosestPeers(KEY)), 'DIAL_PEER').map(({ peer }) => peer)
    await peers()
    expect(await peers(), 'streams are open').to.deep.equal([])
    await disconnect(nodes[2])
    expect((await peers()).map(String)).to.deep.equal([nodes[2].peerId.toString()])
  })

  it('come with DIAL_PEER before SEND_QUERY before PEER_RESPONSE of a peer', async () => {
    await disconnect(nodes[0])
    const events = await all(nodes[0].services.dht.getClosestPeers(KEY))
    for (const { peerId } of nodes.slice(1)) {
      const own = events.filter(event => ('peer' in event && 'toMultihash' in event.peer && peerId.equals(event.peer)) || ('to' in event && peerId.equals(event.to)) || (event.name === 'PEER_RESPONSE' && peerId.equals(event.from)))
      expect(own.map(({ name }) => name)).to.deep.equal(['DIAL_PEER', 'SEND_QUERY', 'PEER_RESPONSE'])
    }
  })

  it('count the requests in flight', async () => {
    const [dead] = nodes.splice(2, 1)
    await stopNode(dead)
    const { services: { dht } } = nodes[0]
    for (const query of [dht.getClosestPeers(KEY), dht.put(KEY, utf8('value')), dht.provide(CONTENT)]) {
      let running = 0
      for (const event of await all(query)) {
        if (event.name === 'SEND_QUERY') {
          running++
        } else if (event.name === 'PEER_RESPONSE' || event.name === 'QUERY_ERROR') {
          running--
        }
        if (event.name !== 'FINAL_PEER' && event.name !== 'DIAL_PEER') {
          expect(event.path.running, event.name).to.equal(running)
          expect(event.path.total).to.equal(event.path.running + event.path.queued)
          expect(event.path.index).to.equal(0)
        }
      }
      expect(running).to.equal(0)
    }
  })

  it('PEER_RESPONSE names the peers that it names, however often it is asked', async () => {
    const [event] = named(await all(nodes[0].services.dht.getClosestPeers(KEY)), 'PEER_RESPONSE')
    const { closer, providers } = event
    expect(event.closer).to.equal(closer)
    expect(providers).to.deep.equal([])
    const others = nodes.slice(1).filter(({ peerId }) => !peerId.equals(event.from))
    expect(closer.map(({ id }) => id.toString()).sort()).to.deep.equal(ids(others))
    for (const { id, multiaddrs } of closer) {
      const node = others.find(({ peerId }) => peerId.equals(id))
      expect(multiaddrs.map(addr => addr.toString())).to.deep.equal(node?.getMultiaddrs().map(addr => addr.decapsulate('/p2p').toString()))
    }
    const copy = { ...event }
    expect(copy.closer, 'a copy has them too').to.equal(closer)
  })

  it('PEER_RESPONSE has the record, and the providers', async () => {
    await all(nodes[1].services.dht.put(KEY, utf8('value')))
    await all(nodes[1].services.dht.provide(CONTENT))
    const begun = Date.now()
    const [got] = named(await all(nodes[0].services.dht.get(KEY)), 'PEER_RESPONSE')
    expect(text(got.record?.key ?? new Uint8Array())).to.equal('/v/key')
    expect(text(got.record?.value ?? new Uint8Array())).to.equal('value')
    expect(got.record?.timeReceived?.getTime()).to.be.within(begun - 20_000, begun + 1000)
    const [found] = named(await all(nodes[0].services.dht.findProviders(CONTENT, { useCache: false, limit: 0 })), 'PEER_RESPONSE')
    expect(found.providers.map(({ id }) => id.toString())).to.deep.equal([nodes[1].peerId.toString()])
    const [put] = named(await all(nodes[1].services.dht.put(KEY, utf8('value'))), 'PEER_RESPONSE').filter(({ messageName }) => messageName === 'PUT_VALUE')
    expect([put.record?.key, put.record?.value].map((bytes = new Uint8Array()) => text(bytes))).to.deep.equal(['/v/key', 'value'])
    const [plain] = named(await all(nodes[0].services.dht.getClosestPeers(KEY)), 'PEER_RESPONSE')
    expect(plain.record).to.equal(undefined)
  })

  it('FINAL_PEER comes at the end for each of the closest, closest first', async () => {
    const target = keyOf(KEY)
    const events = await all(nodes[0].services.dht.getClosestPeers(KEY))
    const truth = nodes.slice(1).sort((a, b) => compareDistance(target, keyOf(a.peerId.toMultihash().bytes), keyOf(b.peerId.toMultihash().bytes)))
    const last = events.slice(-3)
    expect(named(last, 'FINAL_PEER').map(({ peer }) => peer.id.toString())).to.deep.equal(truth.map(({ peerId }) => peerId.toString()))
    expect(events.filter(({ name }) => name === 'FINAL_PEER')).to.have.lengthOf(3)
    expect(events.at(-4)?.name).to.equal('PATH_ENDED')
  })

  it('VALUE comes once, at the end, with the best', async () => {
    const [, b, c] = nodes.map(({ services: { dht } }) => dht)
    await all(b.put(KEY, utf8('a')))
    nodes.slice(0, 2).forEach(({ services: { dht } }) => { dht.validators.v = () => { throw new Error('no') } })
    await all(c.put(KEY, utf8('b')))
    nodes.slice(0, 2).forEach(({ services: { dht } }) => { dht.validators.v = () => {} })
    const progress: string[] = []
    const events = await all(nodes[0].services.dht.get(KEY, {
      onProgress (event) {
        if (event.type === PROGRESS_NAMES.VALUE) {
          const { detail } = event as CustomProgressEvent<{ value: Uint8Array }>
          progress.push(text(detail.value))
        }
      }
    }))
    const values = named(events, 'VALUE')
    expect(values.map(({ value }) => text(value))).to.deep.equal(['b'])
    expect(events.at(-1)).to.equal(values[0])
    expect([c, nodes[3].services.dht].some((_, i) => values[0].from.equals(nodes[i + 2].peerId))).to.equal(true)
    expect(values[0].path.index).to.equal(0)
    expect(progress.sort(), 'onProgress has them all').to.deep.equal(['a', 'a', 'b', 'b'])
  })

  it('VALUE is the best also if a worse one comes later', async () => {
    const [a, b] = nodes.map(({ services: { dht } }) => dht)
    await all(b.put(KEY, utf8('a')))
    nodes.slice(1).forEach(({ services: { dht } }) => { dht.validators.v = () => { throw new Error('no') } })
    await all(a.put(KEY, utf8('b')))
    const [value, ...more] = named(await all(a.get(KEY)), 'VALUE')
    expect([text(value.value), more.length]).to.deep.equal(['b', 0])
    expect(value.from.equals(nodes[0].peerId)).to.equal(true)
  })

  it('VALUE of our own comes from ourselves, on no path', async () => {
    const alone = await network.node({ ...WITH_VALUES, allowQueryWithZeroPeers: true })
    await all(alone.services.dht.put(KEY, utf8('value')))
    for (const options of [{ useNetwork: false }, {}]) {
      const [value] = named(await all(alone.services.dht.get(KEY, options)), 'VALUE')
      expect(value.from.equals(alone.peerId)).to.equal(true)
      expect(value.path, JSON.stringify(options)).to.deep.equal(OWN_PATH)
    }
  })

  it('QUERY_ERROR tells of a peer that is dead, and the query goes on', async () => {
    const [dead] = nodes.splice(2, 1)
    await stopNode(dead)
    const events = await all(nodes[0].services.dht.getClosestPeers(KEY))
    const errors = named(events, 'QUERY_ERROR')
    expect(errors.map(({ from }) => from.toString())).to.deep.equal([dead.peerId.toString()])
    expect(errors[0].error).to.be.an('error')
    expect(named(events, 'FINAL_PEER').map(({ peer }) => peer.id.toString()).sort()).to.deep.equal(ids(nodes.slice(1)))
  })

  it('are given to onProgress as they are', async () => {
    await all(nodes[1].services.dht.put(KEY, utf8('a')))
    await all(nodes[1].services.dht.provide(CONTENT))
    for (const name of queries().keys()) {
      const told: unknown[] = []
      const spelled: string[] = []
      const events = await all(queries({
        onProgress (event) {
          expect(event).to.be.an.instanceOf(CustomProgressEvent)
          spelled.push(event.type)
          told.push((event as CustomProgressEvent<QueryEvent>).detail)
        }
      }).get(name) ?? [] as never)
      const missing = events.filter(event => !told.includes(event)).map(({ name }) => name)
      expect(missing, `of ${name}`).to.deep.equal([])
      const kinds = new Set(told.map(event => (event as QueryEvent).name))
      expect(kinds, `of ${name}`).to.deep.equal(names(events))
      events.forEach(event => { expect(spelled[told.indexOf(event)]).to.equal(PROGRESS_NAMES[event.name]) })
    }
  })

  it('may be left early: what is in flight is given up', async () => {
    await disconnect(nodes[0])
    const streams = (): number => nodes[0].getConnections().flatMap(({ streams }) => streams).length
    const queriesOfOne = queries()
    queriesOfOne.delete('put') // it keeps the value first, which takes turns of its own
    for (const [name, events] of queriesOfOne) {
      for await (const event of events) {
        if (event.name === 'DIAL_PEER') {
          break
        }
      }
      expect(streams(), name).to.equal(0)
    }
    expect(named(await all(nodes[0].services.dht.getClosestPeers(KEY)), 'FINAL_PEER'), 'nobody was blamed').to.have.lengthOf(3)
  })

  it('end with the reason of a signal', async () => {
    for (const name of queries().keys()) {
      const controller = new AbortController()
      const reason = new DOMException('enough', 'TimeoutError')
      const task = (async () => {
        for await (const event of queries({ signal: controller.signal }).get(name) ?? [] as never as AsyncIterable<QueryEvent>) {
          if (event.name === 'SEND_QUERY') {
            controller.abort(reason)
          }
        }
      })()
      expect(await failure(task), name).to.equal('TimeoutError')
      const before = all(queries({ signal: AbortSignal.abort(reason) }).get(name) ?? [] as never)
      expect(await failure(before), `${name} with a signal aborted before`).to.equal('TimeoutError')
    }
    expect(nodes[0].services.dht.routingTable.size).to.equal(3)
  })

  it('are refused before the start and after the stop', async () => {
    const node = await network.node(WITH_VALUES, { start: false })
    const { services: { dht } } = node
    const attempts = (): Array<Promise<unknown>> => [
      all(dht.get(KEY)), all(dht.put(KEY, utf8('value'))), all(dht.provide(CONTENT)), all(dht.findProviders(CONTENT)),
      all(dht.findPeer(nodes[1].peerId)), all(dht.getClosestPeers(KEY))
    ]
    expect(new Set(await Promise.all(attempts().map(failure)))).to.deep.equal(new Set(['NotStartedError']))
    expect([dht.isStarted(), dht.routingTable.size]).to.deep.equal([false, 0])
    await dht.refreshRoutingTable()
    await node.start()
    expect(dht.isStarted()).to.equal(true)
    await node.stop()
    expect(new Set(await Promise.all(attempts().map(failure)))).to.deep.equal(new Set(['NotStartedError']))
    await dht.refreshRoutingTable()
  })

  it('of a query under way just end when the node stops', async () => {
    const { services: { dht }, contentRouting, peerRouting } = await network.node(WITH_VALUES)
    const stranger = (await network.node()).peerId
    const tasks = {
      get: all(dht.get(KEY)),
      put: all(dht.put(KEY, utf8('value'))),
      provide: all(dht.provide(CONTENT)),
      findProviders: all(dht.findProviders(CONTENT)),
      getClosestPeers: all(dht.getClosestPeers(KEY)),
      findPeer: all(dht.findPeer(stranger)),
      'contentRouting.put': contentRouting.put(KEY, utf8('value')),
      'contentRouting.provide': contentRouting.provide(CONTENT),
      'contentRouting.findProviders': drain(contentRouting.findProviders(CONTENT)),
      'peerRouting.getClosestPeers': drain(peerRouting.getClosestPeers(KEY)),
      'peerRouting.findPeer': peerRouting.findPeer(stranger),
      refreshRoutingTable: dht.refreshRoutingTable()
    }
    const ends = Promise.all(Object.entries(tasks).map(async ([name, task]) => [name, await failure(task)]))
    await macrotask() // libp2p's own routers begin a little later
    await dht.stop()
    expect(Object.fromEntries(await ends)).to.deep.equal({
      ...Object.fromEntries(Object.keys(tasks).map(name => [name, 'none'])),
      findPeer: 'NotFoundError',
      'peerRouting.findPeer': 'NotFoundError'
    })
  })

  it('of a query among peers that are silent just end when the node stops, and what was told before stays told', async () => {
    const [asker, ...others] = nodes
    await Promise.all(others.map(async node => { await silence(node) }))
    const names: string[] = []
    for await (const { name } of asker.services.dht.getClosestPeers(KEY)) {
      if (names.push(name) === 1) {
        await asker.services.dht.stop()
      }
    }
    expect(names).to.include('SEND_QUERY')
    expect(names).to.not.include('FINAL_PEER')
  })

  it('of a query whose signal was aborted before the node stops end with its reason', async () => {
    const { services: { dht } } = await network.node(WITH_VALUES)
    const controller = new AbortController()
    const task = failure(all(dht.getClosestPeers(KEY, { signal: controller.signal })))
    controller.abort(new RangeError('enough'))
    await dht.stop()
    expect(await task).to.equal('RangeError')
  })
})
