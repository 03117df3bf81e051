import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { sha256 } from 'multiformats/hashes/sha2'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { across, EXTERNAL } from './external/kinds.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive, tellVersions } from './external/matrix.ts'
import { nameKey } from './external/our-peer.ts'
import { nameRecord } from './live-refusals.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { Direction } from './external/kinds.ts'

/** Nodes in the network, of all kinds together: more than k, so that the k closest are not simply all. */
const NODES = 24

const LOOKUPS = 6

const SIZES = [100, 15 * 1024, 64 * 1024]

/** Milliseconds in which the network starts, on a machine that does other things too. */
const START_TIMEOUT = 300_000

/** Milliseconds for what some tests do with many nodes. */
const OPERATION_TIMEOUT = 120_000

/** Everything between many nodes of all kinds at once. */
export function oneNetworkOfAll (built: readonly BuiltPeer[]): void {
  describe(`one network of ours, ${built.map(({ kind }) => kind).join(' and ')}`, function () {
    this.timeout(OPERATION_TIMEOUT)
    let network: LiveNetwork

    before(async function () {
      this.timeout(START_TIMEOUT)
      network = new LiveNetwork(built, { argsOf: kind => EXTERNAL[kind].roomy })
      for (const { kind } of built) {
        tellVersions(kind, await network.program(kind).versions())
      }
      await network.grow(NODES / network.kinds.length)
      await network.addClients()
    })

    after(async () => { await network.stop() })

    const get: GetNetwork = () => network

    findsTheClosest(get)
    for (const { kind } of built) {
      for (const direction of across(kind)) {
        describe(`${direction.from} to ${direction.to}`, () => {
          findsPeers(get, direction)
          carriesValues(get, direction)
          carriesPublicKeys(get, direction)
          NAMES[EXTERNAL[kind].names](get, direction)
          carriesProviders(get, direction)
        })
      }
    }
    hidesClients(get)
  })
}

type GetNetwork = () => LiveNetwork

function findsTheClosest (get: GetNetwork): void {
  it('each kind finds exactly the 20 closest, in order', async () => {
    const network = get()
    for (const kind of network.kinds) {
      for (const asker of network.of(kind).slice(0, LOOKUPS)) {
        const key = crypto.getRandomValues(new Uint8Array(32))
        const found = await asker.closest(key)
        const truth = network.trulyClosest(asker, key)
        countLive(kind, 'all', 'FIND_NODE: the true 20 closest', String(found) === String(truth))
        expect(found).to.deep.equal(truth)
      }
    }
  })
}

function findsPeers (get: GetNetwork, { from, to }: Direction): void {
  it('finds every peer, at the address where it listens', async () => {
    const network = get()
    const asker = await network.start(from, { client: true }) // it has everything to learn
    await asker.connect(network.one(to))
    await until('it knows one', async () => await asker.tableSize() > 0)
    for (const target of network.of(to)) {
      const addrs = await asker.findPeer(target.id)
      countLive(from, to, 'findPeer', addrs.includes(target.addrs[0]))
      expect(addrs).to.include(target.addrs[0])
    }
  })
}

function carriesValues (get: GetNetwork, { from, to }: Direction): void {
  for (const size of SIZES) {
    it(`${size} bytes, put, kept and got`, async () => {
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(size))]
      await get().one(from).put(key, value)
      await isCarried(get(), { from, to }, key, value, `value of ${size} bytes`)
    })
  }
}

function carriesPublicKeys (get: GetNetwork, { from, to }: Direction): void {
  it('a public key, put, kept and got', async () => {
    const privateKey = await generateKeyPair('RSA', 2048)
    const key = concat([fromString('/pk/'), peerIdFromPrivateKey(privateKey).toMultihash().bytes])
    const value = publicKeyToProtobuf(privateKey.publicKey)
    await get().one(from).put(key, value)
    await isCarried(get(), { from, to }, key, value, '/pk/ record')
  })
}

/** Do those nodes of `to` keep the value that should, as `from` sees it, and does somebody of `to` get it who does not keep it? */
async function isCarried (network: LiveNetwork, { from, to }: Direction, key: Uint8Array, value: Uint8Array, what: string): Promise<void> {
  const [asker, getter] = [network.one(from), network.clientOf(to)]
  const holders = network.trulyClosest(asker, key)
  for (const holder of network.of(to).filter(({ id }) => holders.includes(id))) {
    const kept = await asker.valueAt(holder, key)
    countLive(from, to, `${what}: put, then kept`, sameBytes(kept, value))
    expect(sameBytes(kept, value)).to.equal(true)
  }
  const got = await getter.get(key)
  countLive(to, from, `${what}: got from the other`, sameBytes(got, value))
  expect(sameBytes(got, value)).to.equal(true)
}

function resolvesNames (get: GetNetwork, { from, to }: Direction): void {
  it('an IPNS record, published and resolved; a newer one wins', async () => {
    const network = get()
    let name: string | undefined
    for (const sequence of [1, 2]) {
      const target = { path: `/ipfs/bafkqaaa/${sequence}`, sequence }
      name = await network.one(from).publish(target, name)
      const resolved = await network.clientOf(to).resolve(name)
      countLive(to, from, 'IPNS record made by the other resolved', resolved.path === target.path)
      expect(resolved).to.deep.equal(target)
    }
  })
}

function carriesNames (get: GetNetwork, { from, to }: Direction): void {
  it('an IPNS record of ours, put, kept and got', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const key = nameKey(peerIdFromPrivateKey(privateKey).toString())
    const value = await nameRecord(privateKey, 1)
    await get().one(from).put(key, value)
    await isCarried(get(), { from, to }, key, value, 'IPNS record of ours')
  })
}

/** By what IPNS records are to the other. */
const NAMES = { known: resolvesNames, unknown: carriesNames }

function carriesProviders (get: GetNetwork, { from, to }: Direction): void {
  it('a provider, kept and found', async () => {
    const network = get()
    const provider = network.one(from)
    const witness = from === 'ours' || EXTERNAL[from].asks === 'one' ? provider : network.one('ours')
    const hash = (await sha256.digest(crypto.getRandomValues(new Uint8Array(32)))).bytes
    await provider.provide(hash)
    const keepers = network.of(to).filter(({ id }) => network.trulyClosest(provider, hash).includes(id))
    for (const keeper of keepers) {
      await until('the provider record has come', async () => (await witness.providersAt(keeper, hash)).some(({ peer }) => peer === provider.id))
      countLive(from, to, 'provider kept', true)
    }
    const found = await network.clientOf(to).findProviders(hash)
    countLive(to, from, 'provider found', found.length === 1)
    expect(found.map(({ peer }) => peer)).to.deep.equal([provider.id])
    expect(found[0].addrs).to.include(provider.addrs[0])
  })
}

function hidesClients (get: GetNetwork): void {
  it('clients did all that, and are in no routing table', async () => {
    const network = get()
    for (const client of network.clients) {
      for (const server of network.peers) {
        const entered = await server.hasContact(client.id)
        countLive(server.kind, client.kind, 'client not in the routing table', !entered)
        expect(entered, `${server.kind} has a client of ${client.kind}`).to.equal(false)
      }
    }
  })
}
