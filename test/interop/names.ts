import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { createIPNSRecord, marshalIPNSRecord, multihashToIPNSRoutingKey, unmarshalIPNSRecord } from 'ipns'
import { best, get, put } from './ask.ts'
import { ACROSS } from './network.ts'
import { countIn } from './tally.ts'
import type { InteropNetwork, Direction } from './network.ts'
import type { InteropNode } from './node.ts'
import type { PrivateKey } from '@libp2p/interface'

/** How long the records of these tests are valid, in milliseconds. */
const LIFETIME = 3_600_000

/** An IPNS name and its records, by sequence number. */
class Name {
  readonly #privateKey: PrivateKey
  readonly key: Uint8Array

  private constructor (privateKey: PrivateKey) {
    this.#privateKey = privateKey
    this.key = multihashToIPNSRoutingKey(peerIdFromPrivateKey(privateKey).toMultihash())
  }

  static async create (): Promise<Name> {
    return new Name(await generateKeyPair('Ed25519'))
  }

  async record (sequence: number): Promise<Uint8Array> {
    return marshalIPNSRecord(await createIPNSRecord(this.#privateKey, `/ipfs/bafkqabdimvwgy3y/${sequence}`, sequence, LIFETIME))
  }
}

function sequenceOf (record: Uint8Array | undefined): bigint | undefined {
  return record == null ? undefined : unmarshalIPNSRecord(record).sequence
}

/** IPNS records put by one side and resolved by the other; newer ones win. */
export function resolvesNames (network: InteropNetwork): void {
  for (const { from, to } of ACROSS) {
    it(`an IPNS record put by ${from}, resolved by ${to}; a newer one wins`, async () => {
      const name = await Name.create()
      for (const sequence of [1, 2]) {
        const stored = await put(network.one(from), name.key, await name.record(sequence))
        expect(stored.errors).to.deep.equal([])
        await resolves(network, { from, to }, network.one(to), name, sequence)
      }
    })
  }
}

/** The other implementation stores what comes last; ours keeps the newest. */
export function neverRollsBack (network: InteropNetwork): void {
  it('an older IPNS record put later by theirs does not roll back at ours', async () => {
    const name = await Name.create()
    await put(network.one('ours'), name.key, await name.record(5))
    await put(network.one('theirs'), name.key, await name.record(4))
    const { answers } = await get(network.one('theirs'), name.key)
    const kept = [...answers].filter(([id]) => network.kindOf(id) === 'ours').map(([, { value }]) => sequenceOf(value))
    kept.forEach(sequence => { countIn(network, 'theirs', 'ours', 'newer IPNS record kept', sequence === 5n) })
    expect(new Set(kept)).to.deep.equal(new Set([5n]))
  })

  it('after which everybody still resolves the newest', async () => {
    const name = await Name.create()
    await put(network.one('ours'), name.key, await name.record(8))
    await put(network.one('theirs'), name.key, await name.record(7))
    for (const asker of [network.one('ours'), network.one('theirs')]) {
      await resolves(network, { from: 'ours', to: asker.kind }, asker, name, 8)
    }
  })
}

async function resolves (network: InteropNetwork, { from, to }: Direction, asker: InteropNode, name: Name, sequence: number): Promise<void> {
  const found = sequenceOf(best(await get(asker, name.key)))
  countIn(network, from, to, 'IPNS record, resolved by the other', found === BigInt(sequence))
  expect(found).to.equal(BigInt(sequence))
}
