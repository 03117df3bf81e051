import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { sha256, sha512 } from 'multiformats/hashes/sha2'
import { findProviders, provide } from './ask.ts'
import { until } from './converge.ts'
import { ACROSS } from './network.ts'
import { countIn } from './tally.ts'
import type { Outcome } from './ask.ts'
import type { Implementation } from './implementations.ts'
import type { Direction, InteropNetwork } from './network.ts'
import type { InteropNode } from './node.ts'

const DAG_PB = 0x70

/** A CID that nobody provides yet. */
export async function freshCid (make: CidMaker = rawCid): Promise<CID> {
  return make(crypto.getRandomValues(new Uint8Array(32)))
}

type CidMaker = (content: Uint8Array) => Promise<CID>

type NamedCid = readonly [name: string, make: CidMaker]

async function rawCid (content: Uint8Array): Promise<CID> {
  return CID.createV1(raw.code, await sha256.digest(content))
}

/** They differ, their multihashes look alike. */
export const CIDS: readonly NamedCid[] = [
  ['a CID of SHA-256', rawCid],
  ['a CIDv0', async content => CID.createV0(await sha256.digest(content))],
  ['a dag-pb CID', async content => CID.createV1(DAG_PB, await sha256.digest(content))]
]

/** Those whose multihash the other implementation refuses to keep. */
const OTHER_CIDS: readonly NamedCid[] = [
  ['a CID of SHA-512', async content => CID.createV1(raw.code, await sha512.digest(content))],
  ['an identity CID', async content => CID.createV1(raw.code, identity.digest(content))]
]

/** So many are on their way on one stream together. */
const AT_ONCE = 20

/** CIDs provided by one side and found by the other. */
export function carriesProviders (network: InteropNetwork, cids = CIDS): void {
  for (const direction of ACROSS) {
    for (const [name, make] of cids) {
      it(`${name} provided by ${direction.from}, found by ${direction.to}`, async () => {
        const cid = await freshCid(make)
        await provideAndFind(network, direction, cid, found => {
          expect(found.errors).to.deep.equal([])
          return keepers(network, direction, found).every(({ knows }) => knows)
        })
      })
    }
  }
}

/**
 * The other implementation reads a provider's key as a CID, so that it refuses every
 * multihash but those of SHA-256, also from its own kind. What ours keep is found.
 */
export function carriesOtherHashes (network: InteropNetwork): void {
  for (const direction of ACROSS) {
    for (const [name, make] of OTHER_CIDS) {
      it(`${name} provided by ${direction.from}, found by ${direction.to} at ours`, async () => {
        await provideAndFind(network, direction, await freshCid(make), ({ providers }) => providers.size > 0)
      })
    }
  }

  it('CIDs of SHA-256 provided by ours at the same time as those are kept by theirs all the same', async () => {
    const cids = await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => freshCid(i % 2 === 0 ? OTHER_CIDS[0][1] : rawCid)))
    await Promise.all(cids.map(async cid => provide(network.one('ours'), cid)))
    const direction: Direction = { from: 'ours', to: 'theirs' }
    for (const cid of cids.filter(({ multihash: { code } }) => code === sha256.code)) {
      const found = await findEventually(network.one('theirs'), cid, found => keepers(network, direction, found).every(({ knows }) => knows))
      keepers(network, direction, found).forEach(({ kind, knows }) => { countIn(network, 'ours', kind, 'provider kept', knows) })
    }
  })
}

/** Nobody answers an ADD_PROVIDER: look until what is found is `complete`. */
export async function findEventually (asker: InteropNode, cid: CID, complete: (found: Outcome) => boolean): Promise<Outcome> {
  let found = await findProviders(asker, cid)
  await until('every provider record has come', () => complete(found), async () => { found = await findProviders(asker, cid) })
  return found
}

async function provideAndFind (network: InteropNetwork, { from, to }: Direction, cid: CID, complete: (found: Outcome) => boolean): Promise<void> {
  const provider = network.one(from).libp2p
  await provide(network.one(from), cid)
  const found = await findEventually(network.one(to), cid, complete)
  const operation = cid.multihash.code === sha256.code ? 'provider kept' : 'provider kept, other hash'
  keepers(network, { from, to }, found).forEach(({ kind, knows }) => { countIn(network, to, kind, operation, knows) })
  const info = found.providers.get(provider.peerId.toString())
  const addrs = info?.multiaddrs.map(addr => addr.decapsulateCode(421).toString()) ?? []
  const listens = provider.getMultiaddrs().map(addr => addr.decapsulateCode(421).toString())
  const right = [...found.providers.keys()].length === 1 && listens.every(addr => addrs.includes(addr))
  countIn(network, from, to, 'provide, then found by the other', right)
  expect([...found.providers.keys()]).to.deep.equal([provider.peerId.toString()])
  expect(addrs).to.include.members(listens)
}

interface Keeper {
  readonly kind: Implementation
  /** Did it name the provider? */
  readonly knows: boolean
}

/** Those who were asked and should know the provider. */
function keepers (network: InteropNetwork, { from }: Direction, { answers }: Outcome): Keeper[] {
  const provider = network.one(from).libp2p.peerId.toString()
  return [...answers].map(([id, { providers }]) => ({ kind: network.kindOf(id), knows: providers.includes(provider) }))
}
