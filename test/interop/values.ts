import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { best, get, put, sameBytes } from './ask.ts'
import { ACROSS } from './network.ts'
import { countIn } from './tally.ts'
import type { Outcome } from './ask.ts'
import type { Direction, InteropNetwork } from './network.ts'

/** Bytes; the largest is just below what libp2p networks carry. */
const SIZES = [100, 15 * 1024, 60 * 1024]

/** A key of the suite's own namespace that nobody used before. */
export function freshKey (): Uint8Array {
  return fromString(`/v/${crypto.randomUUID()}`)
}

/** Values put by one side and got by the other. */
export function carriesValues (network: InteropNetwork): void {
  for (const direction of ACROSS) {
    for (const size of SIZES) {
      it(`${size} bytes put by ${direction.from}, got by ${direction.to}`, async () => {
        await putAndGet(network, direction, freshKey(), crypto.getRandomValues(new Uint8Array(size)))
      })
    }

    it(`a public key put by ${direction.from}, got by ${direction.to}`, async () => {
      const privateKey = await generateKeyPair('RSA', 2048)
      const key = concat([fromString('/pk/'), peerIdFromPrivateKey(privateKey).toMultihash().bytes])
      await putAndGet(network, direction, key, publicKeyToProtobuf(privateKey.publicKey))
    })
  }
}

async function putAndGet (network: InteropNetwork, { from, to }: Direction, key: Uint8Array, value: Uint8Array): Promise<void> {
  const stored = await put(network.one(from), key, value)
  expect(stored.errors).to.deep.equal([])
  const found = await get(network.one(to), key)
  expect(found.errors).to.deep.equal([])
  countIn(network, from, to, 'put, then get by the other', sameBytes(best(found), value))
  expect(sameBytes(best(found), value)).to.equal(true)
  expect(holders(network, to, found, value)).to.deep.equal([])
}

/** Who of those that were asked and should keep the value gave another, or none. */
function holders (network: InteropNetwork, asker: Direction['to'], { answers }: Outcome, value: Uint8Array): string[] {
  return [...answers].flatMap(([from, answer]) => {
    const kind = network.kindOf(from)
    countIn(network, asker, kind, 'value kept', sameBytes(answer.value, value))
    return sameBytes(answer.value, value) ? [] : [kind]
  })
}
