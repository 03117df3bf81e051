import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { all, failure, named, stopNode, TestNetwork, text, until, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'

const KEY = utf8('/v/key')
const CONTENT = CID.createV1(0x55, Digest.create(0x12, new Uint8Array(32).fill(1)))
const OWN_PATH = { index: -1, queued: 0, running: 0, total: 0 }

describe('what queries use', () => {
  const network = new TestNetwork()
  let nodes: DhtNode[]

  beforeEach(async () => { nodes = await network.joined(4, WITH_VALUES) })

  afterEach(async () => { await network.stop() })

  describe('get', () => {
    it('asks nobody without the network', async () => {
      const [a, b] = nodes.map(({ services: { dht } }) => dht)
      expect(await all(a.get(KEY, { useNetwork: false })), 'it has none').to.deep.equal([])
      await all(b.put(KEY, utf8('value')))
      const events = await all(a.get(KEY, { useNetwork: false }))
      expect(events.map(({ name }) => name)).to.deep.equal(['VALUE'])
      const [{ from, path, value }] = named(events, 'VALUE')
      expect([from.toString(), text(value)]).to.deep.equal([nodes[0].peerId.toString(), 'value'])
      expect(path).to.deep.equal(OWN_PATH)
    })

    it('ends when the quorum is there', async () => {
      const asker = await network.node({ ...WITH_VALUES, clientMode: true, alpha: 1 })
      await asker.dial(nodes[0].getMultiaddrs())
      await all(nodes[1].services.dht.put(KEY, utf8('value')))
      const answers = async (quorum?: number): Promise<number> => named(await all(asker.services.dht.get(KEY, { quorum })), 'PEER_RESPONSE').length
      expect(await answers(0)).to.equal(4)
      expect(await answers()).to.equal(4)
      expect(await answers(1)).to.equal(1)
      expect(await answers(2)).to.equal(2)
      expect(named(await all(nodes[2].services.dht.get(KEY, { quorum: 1 })), 'PEER_RESPONSE'), 'our own is enough').to.deep.equal([])
      expect(await failure(answers(-1))).to.equal('InvalidOptionError')
      expect(await failure(answers(1.5))).to.equal('InvalidOptionError')
    })

    it('prefers a better value of others to our own', async () => {
      const [a, b] = nodes.map(({ services: { dht } }) => dht)
      await all(a.put(KEY, utf8('a')))
      a.validators.v = () => { throw new Error('no') }
      await all(b.put(KEY, utf8('b')))
      a.validators.v = () => {}
      const [{ value }] = named(await all(a.get(KEY)), 'VALUE')
      expect(text(value)).to.equal('b')
    })
  })

  describe('findPeer', () => {
    it('asks nobody if the peer is known', async () => {
      const events = await all(nodes[0].services.dht.findPeer(nodes[1].peerId))
      expect(events.map(({ name }) => name)).to.deep.equal(['FINAL_PEER'])
      const [{ from, path, peer }] = named(events, 'FINAL_PEER')
      expect([from.toString(), peer.id.toString()]).to.deep.equal([nodes[0].peerId.toString(), nodes[1].peerId.toString()])
      expect(path).to.deep.equal(OWN_PATH)
    })

    it('asks the network without the cache', async () => {
      const events = await all(nodes[0].services.dht.findPeer(nodes[1].peerId, { useCache: false }))
      expect(named(events, 'SEND_QUERY')).to.not.deep.equal([])
      expect(named(events, 'FINAL_PEER').map(({ peer }) => peer.id.toString())).to.deep.equal([nodes[1].peerId.toString()])
      expect(events.at(-1)?.name).to.equal('FINAL_PEER')
    })

    it('knows whom the peer store knows', async () => {
      const client = await network.node({ ...WITH_VALUES, clientMode: true })
      await client.dial(nodes[0].getMultiaddrs())
      await until('identify has told', async () => nodes[0].peerStore.get(client.peerId).then(({ addresses }) => addresses.length > 0, () => false))
      const [{ peer }] = named(await all(nodes[0].services.dht.findPeer(client.peerId, { useNetwork: false })), 'FINAL_PEER')
      expect(peer.multiaddrs).to.have.lengthOf(1)
      expect(await failure(all(nodes[0].services.dht.findPeer(client.peerId, { useNetwork: false, useCache: false })))).to.equal('NotFoundError')
    })

    it('asks nobody without the network, and says that nothing is known', async () => {
      const stranger = await network.node()
      const task = all(nodes[0].services.dht.findPeer(stranger.peerId, { useNetwork: false }))
      expect(await failure(task)).to.equal('NotFoundError')
    })

    it('names who told', async () => {
      const newcomer = await network.node(WITH_VALUES)
      await newcomer.dial(nodes[0].getMultiaddrs())
      const [{ from, path }] = named(await all(newcomer.services.dht.findPeer(nodes[3].peerId, { useCache: false })), 'FINAL_PEER')
      expect(from.equals(newcomer.peerId)).to.equal(false)
      expect(path.index).to.equal(0)
    })
  })

  describe('findProviders', () => {
    it('asks nobody without the network', async () => {
      const [a, b] = nodes.map(({ services: { dht } }) => dht)
      expect(await all(a.findProviders(CONTENT, { useNetwork: false }))).to.deep.equal([])
      await all(b.provide(CONTENT))
      const own = async (): Promise<string[]> => (await all(a.findProviders(CONTENT, { useNetwork: false }))).map(({ name }) => name)
      await until('the record has come', async () => (await own()).length > 0)
      expect(await own()).to.deep.equal(['PEER_RESPONSE', 'PROVIDER'])
      const [{ from, path, providers }] = named(await all(a.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER')
      expect([from.toString(), ...providers.map(({ id }) => id.toString())]).to.deep.equal([nodes[0].peerId.toString(), nodes[1].peerId.toString()])
      expect(path).to.deep.equal(OWN_PATH)
    })

    it('asks nobody before more is wanted than those that are known here', async () => {
      const [a, b] = nodes.map(({ services: { dht } }) => dht)
      await all(b.provide(CONTENT))
      await until('the record has come', async () => (await all(a.findProviders(CONTENT, { useNetwork: false }))).length > 0)
      const told: string[] = []
      for await (const { name } of a.findProviders(CONTENT, { onProgress: ({ type }) => { told.push(type) } })) {
        if (name === 'PROVIDER') {
          await macrotask()
          break
        }
      }
      expect(told.filter(type => type.endsWith('send-query'))).to.deep.equal([])
    })

    it('ends when there are enough', async () => {
      for (const { services: { dht } } of nodes) {
        await all(dht.provide(CONTENT))
      }
      const find = async (limit?: number): Promise<[found: number, asked: number]> => {
        const events = await all(nodes[0].services.dht.findProviders(CONTENT, { limit }))
        return [named(events, 'PROVIDER').flatMap(({ providers }) => providers).length, named(events, 'SEND_QUERY').length]
      }
      await until('all records have come', async () => named(await all(nodes[0].services.dht.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER').flatMap(({ providers }) => providers).length === 4)
      expect(await find(2)).to.deep.equal([2, 0])
      expect(await find(0)).to.deep.equal([4, 3])
      expect(await find()).to.deep.equal([4, 3])
      expect(await failure(find(-1))).to.equal('InvalidOptionError')
    })

    it('gives a provider that several name once', async () => {
      const client = await network.node({ ...WITH_VALUES, clientMode: true })
      await client.dial(nodes[0].getMultiaddrs())
      await all(nodes[1].services.dht.provide(CONTENT))
      const find = async (): Promise<string[]> => named(await all(client.services.dht.findProviders(CONTENT)), 'PROVIDER').flatMap(({ providers }) => providers.map(({ id }) => id.toString()))
      await until('all have the record', async () => named(await all(client.services.dht.findProviders(CONTENT)), 'PEER_RESPONSE').filter(({ providers }) => providers.length > 0).length === 4)
      expect(await find()).to.deep.equal([nodes[1].peerId.toString()])
    })
  })

  describe('without anybody to ask', () => {
    it('put and provide keep here first, and then wait for somebody', async () => {
      const alone = await network.node({ ...WITH_VALUES, initialQuerySelfInterval: 600_000 })
      const { services: { dht } } = alone
      const controller = new AbortController()
      const tasks = [all(dht.put(KEY, utf8('value'), { signal: controller.signal })), all(dht.provide(CONTENT, { signal: controller.signal }))].map(failure)
      await until('the value is kept', async () => (await all(dht.get(KEY, { useNetwork: false }))).length === 1)
      await until('the record is kept', async () => named(await all(dht.findProviders(CONTENT, { useNetwork: false })), 'PROVIDER').length === 1)
      controller.abort(new TypeError('enough'))
      expect(await Promise.all(tasks)).to.deep.equal(['TypeError', 'TypeError'])
    })

    it('queries go on when somebody comes', async () => {
      const alone = await network.node(WITH_VALUES)
      const tasks = [all(alone.services.dht.getClosestPeers(KEY)), all(alone.services.dht.put(KEY, utf8('value')))]
      await alone.dial(nodes[0].getMultiaddrs())
      const [found, put] = await Promise.all(tasks)
      expect(named(found, 'FINAL_PEER')).to.not.deep.equal([])
      expect(named(put, 'PEER_RESPONSE').map(({ messageName }) => messageName)).to.include('PUT_VALUE')
    })

    it('allowQueryWithZeroPeers has them begin, and end, at once', async () => {
      const alone = await network.node({ ...WITH_VALUES, allowQueryWithZeroPeers: true })
      const { services: { dht } } = alone
      expect(named(await all(dht.getClosestPeers(KEY)), 'FINAL_PEER')).to.deep.equal([])
      expect((await all(dht.put(KEY, utf8('value')))).map(({ name }) => name)).to.deep.equal(['PATH_ENDED'])
      expect(named(await all(dht.get(KEY)), 'VALUE').map(({ value }) => text(value))).to.deep.equal(['value'])
      expect((await all(dht.provide(CONTENT))).map(({ name }) => name)).to.deep.equal(['PATH_ENDED'])
      expect(await failure(all(dht.findPeer(nodes[0].peerId)))).to.equal('NotFoundError')
    })

    it('queries that have once begun wait no more, though everybody is gone', async () => {
      const node = await network.node(WITH_VALUES)
      await node.dial(nodes[0].getMultiaddrs())
      await all(node.services.dht.getClosestPeers(KEY))
      await Promise.all(nodes.map(stopNode))
      const events = await all(node.services.dht.getClosestPeers(KEY))
      expect(named(events, 'FINAL_PEER')).to.deep.equal([])
      expect(events.at(-1)?.name).to.equal('PATH_ENDED')
    })
  })
})
