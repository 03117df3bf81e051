import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { unmarshalIPNSRecord } from 'ipns'
import { toString } from 'uint8arrays/to-string'
import { best, get as getValue, provide, put } from './ask.ts'
import { until } from './converge.ts'
import { builtKubo } from './external/built.ts'
import { KuboNetwork, providersOf } from './external/kubo-network.ts'
import { nameKey } from './external/our-peer.ts'
import { nameRecord } from './live-refusals.ts'
import { freshCid } from './providers.ts'
import type { KuboNode } from './external/kubo-node.ts'
import type { Peer } from '@libp2p/interface'

/** Milliseconds for what takes many commands. */
const TIMEOUT = 120_000

const program = builtKubo()

if (program != null) {
  describe('Kubo', function () {
    this.timeout(TIMEOUT)
    betweenClients(program)
    withoutOurs(program)
    amongServers(program)
  })
}

type GetNetwork = () => KuboNetwork

/** Two Kubo nodes that only ask, so that all they learn of each other passes through ours. */
function betweenClients (program: string): void {
  describe('two nodes that only ask, and ours between them', () => {
    let network: KuboNetwork

    before(async () => {
      network = await KuboNetwork.start(program)
      await network.startTwo('dhtclient')
    })

    after(async () => { await network.stop() })

    const get: GetNetwork = () => network

    carriesProviders(get)
    carriesNames(get)
    carriesRecords(get)
    entersNoClient(get)
    findsClients(get)
    findsPeers(get)
  })
}

function carriesProviders (get: GetNetwork): void {
  it('routing provide, then routing findprovs', async () => {
    const { kubos: [provider, asker] } = get()
    const cid = await provider.hold(crypto.getRandomValues(new Uint8Array(100)))
    expect(await asker.findProviders(cid)).to.deep.equal([])
    await provider.provide(cid)
    const found = [{ peer: provider.id, addrs: await provider.addrs() }]
    expect(await get().providers(cid)).to.deep.equal(found)
    expect(await asker.findProviders(cid)).to.deep.equal(found)
    await knowsOnlyOurs(get(), asker)
  })

  it('routing findprovs: what ours provides', async () => {
    const { server, serverId, serverAddrs, kubos } = get()
    const [cid, addrs] = [await freshCid(), serverAddrs.map(addr => addr.replace(/\/p2p\/.*/, ''))]
    await provide(server, cid)
    for (const asker of kubos) {
      expect(await asker.findProviders(cid.toString())).to.deep.equal([{ peer: serverId, addrs }])
    }
  })
}

function carriesNames (get: GetNetwork): void {
  it('name publish, then name resolve; a newer record wins', async () => {
    const { kubos: [publisher, asker] } = get()
    await expect(asker.resolve(publisher.id)).to.eventually.be.rejectedWith('could not resolve name')
    for (const path of [`/ipfs/${await freshCid()}`, `/ipfs/${await freshCid()}`]) {
      await publisher.publish(path)
      expect(valueOf(await get().record(publisher.id))).to.equal(path)
      expect(await asker.resolve(publisher.id)).to.equal(path)
    }
    await knowsOnlyOurs(get(), asker)
  })
}

function carriesRecords (get: GetNetwork): void {
  it('routing put, then routing get and name resolve: a record of the ipns package', async () => {
    const { kubos: [publisher, asker] } = get()
    const privateKey = await generateKeyPair('Ed25519')
    const name = peerIdFromPrivateKey(privateKey).toString()
    const record = await nameRecord(privateKey, 1)
    await publisher.put(name, record)
    expect(await get().record(name)).to.deep.equal(record)
    expect(new Uint8Array(await asker.get(name))).to.deep.equal(record)
    expect(await asker.resolve(name)).to.equal(valueOf(record))
    await knowsOnlyOurs(get(), asker)
  })

  it('name resolve: what ours put', async () => {
    const { server, kubos } = get()
    const privateKey = await generateKeyPair('Ed25519')
    const name = peerIdFromPrivateKey(privateKey).toString()
    const record = await nameRecord(privateKey, 1)
    await put(server, nameKey(name), record)
    for (const asker of kubos) {
      expect(await asker.resolve(name)).to.equal(valueOf(record))
    }
  })
}

function entersNoClient (get: GetNetwork): void {
  it('neither is in the routing table of ours', async () => {
    const { server: { libp2p, dht }, kubos } = get()
    for (const { id } of kubos) {
      await until('it is identified', async () => libp2p.peerStore.get(peerIdFromString(id)).then(calledKubo, () => false))
    }
    expect(dht.routingTable.size).to.equal(0)
  })
}

function findsClients (get: GetNetwork): void {
  it('routing findpeer: one that only asks', async () => {
    const { kubos: [target, asker] } = get()
    await knowsOnlyOurs(get(), asker)
    expect(await asker.findPeer(target.id)).to.deep.equal(await target.addrs())
  })
}

function findsPeers (get: GetNetwork): void {
  it('routing findpeer: one that serves, and came later', async () => {
    const { server, kubos: [asker] } = get()
    const target = await get().startKubo('dht')
    await until('ours has entered it', () => server.dht.routingTable.size === 1)
    expect(await asker.findPeer(target.id)).to.deep.equal(await target.addrs())
  })
}

function calledKubo ({ metadata }: Peer): boolean {
  return toString(metadata.get('AgentVersion') ?? new Uint8Array()).startsWith('kubo/')
}

/** Where an IPNS record leads. */
function valueOf (record: Uint8Array | undefined): string | undefined {
  return record == null ? undefined : unmarshalIPNSRecord(record).value
}

/** What it knows of others it was told by ours: it is connected with nobody else. */
async function knowsOnlyOurs ({ serverId }: KuboNetwork, node: KuboNode): Promise<void> {
  expect(await node.peers()).to.deep.equal([serverId])
}

/** The same commands, and nobody between. */
function withoutOurs (program: string): void {
  describe('two nodes that only ask, and ours has stopped', () => {
    let network: KuboNetwork

    before(async () => {
      network = await KuboNetwork.start(program)
      await network.startTwo('dhtclient')
    })

    after(async () => { await network.stop() })

    it('nothing is provided, found or resolved any more', async () => {
      const { server, kubos: [publisher, asker] } = network
      const cid = await publisher.hold(crypto.getRandomValues(new Uint8Array(100)))
      await publisher.provide(cid)
      await publisher.publish(`/ipfs/${cid}`)
      await server.libp2p.stop()
      for (const node of network.kubos) {
        await until('its connection is gone', async () => (await node.peers()).length === 0)
      }
      await expect(publisher.provide(cid)).to.eventually.be.rejectedWith('no connected peers')
      expect(await asker.findProviders(cid)).to.deep.equal([])
      await expect(asker.resolve(publisher.id)).to.eventually.be.rejectedWith('could not resolve name')
      await expect(asker.findPeer(publisher.id)).to.eventually.be.rejectedWith('not found')
    })
  })
}

/** Two Kubo nodes that serve, too. */
function amongServers (program: string): void {
  describe('two nodes that serve, and are told of ours only', () => {
    let network: KuboNetwork

    before(async () => {
      network = await KuboNetwork.start(program)
      await network.startTwo('dht')
    })

    after(async () => { await network.stop() })

    it('ours and they enter each other, and they meet through ours', async () => {
      const { server, serverId, kubos } = network
      const ids = [serverId, ...kubos.map(({ id }) => id)]
      await until('ours has entered both', () => server.dht.routingTable.size === 2)
      for (const node of kubos) {
        await until('it has entered the others', async () => (await node.table()).length === 2)
        expect(await node.table()).to.have.members(ids.filter(id => id !== node.id))
      }
    })

    it('a client of ours that is told of one finds, at them, what they provide and publish', async () => {
      const { kubos: [told, other] } = network
      await until('they have met', async () => (await other.table()).includes(told.id))
      const client = await network.startClient(told)
      const cid = await other.hold(crypto.getRandomValues(new Uint8Array(100)))
      await other.provide(cid)
      await other.publish(`/ipfs/${cid}`)
      await network.server.libp2p.stop()
      expect(await providersOf(client, cid)).to.deep.equal([{ peer: other.id, addrs: await other.addrs() }])
      expect(valueOf(best(await getValue(client, nameKey(other.id))))).to.equal(`/ipfs/${cid}`)
    })
  })
}
