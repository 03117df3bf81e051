import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { createIPNSRecord, marshalIPNSRecord } from 'ipns'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { say } from '../helpers/say.ts'
import { sameBytes } from './ask.ts'
import { across, traitsOf } from './external/kinds.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { nameKey } from './external/our-peer.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { Direction, Kind, Refusable } from './external/kinds.ts'
import type { PrivateKey } from '@libp2p/interface'

/** What a PUT_VALUE is refused for. */
export interface Bad {
  readonly what: Refusable
  /** What must be there before, to be better. */
  readonly before?: Put
  readonly put: Put
}

interface Put {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Records that the other refuses: the error is clear, nothing is kept, and the next request succeeds. */
export function refusals (built: BuiltPeer): void {
  for (const direction of across(built.kind)) {
    describe(`what ${direction.to} refuses of ${direction.from}`, () => {
      let network: LiveNetwork

      before(async () => {
        network = new LiveNetwork([built])
        await network.grow(1)
      })

      after(async () => { await network.stop() })

      it('is refused with an error, and harms nothing', async () => {
        for (const bad of await badRecords(direction.to)) {
          await isRefused(network, direction, bad)
        }
      })
    })
  }
}

async function isRefused (network: LiveNetwork, { from, to }: Direction, { what, before, put }: Bad): Promise<void> {
  const [asker, holder] = [network.one(from), network.one(to)]
  if (before != null) {
    await asker.putAt(holder, before.key, before.value)
  }
  const refusal = await asker.putAt(holder, put.key, put.value).then(() => undefined, (err: Error) => err)
  say(`      ${what}: ${refusal?.name}: ${refusal?.message}`)
  const kept = what === 'a namespace that nobody knows' ? undefined : await asker.valueAt(holder, put.key)
  const good = { key: freshKey(), value: fromString('good') }
  await asker.putAt(holder, good.key, good.value)
  const right = refusal != null && !sameBytes(kept, put.value) && sameBytes(await asker.valueAt(holder, good.key), good.value)
  countLive(from, to, `refused: ${what}`, right)
  expect(refusal, what).to.be.an('error')
  expect(refusal?.message).to.match(traitsOf(from).refused)
  expect(right, what).to.equal(true)
}

/** One of each sort that `to` refuses. */
export async function badRecords (to: Kind): Promise<Bad[]> {
  const [privateKey, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
  const name = nameKey(peerIdFromPrivateKey(privateKey).toString())
  const all: Bad[] = [
    { what: 'an empty value', put: { key: freshKey(), value: new Uint8Array() } },
    { what: 'a namespace that nobody knows', put: { key: fromString(`/nobody/${crypto.randomUUID()}`), value: fromString('value') } },
    { what: 'a public key of another', put: { key: concat([fromString('/pk/'), peerIdFromPrivateKey(privateKey).toMultihash().bytes]), value: fromString('no key') } },
    { what: 'an IPNS record by another', put: { key: name, value: await nameRecord(other, 1) } },
    { what: 'an older IPNS record', before: { key: name, value: await nameRecord(privateKey, 2) }, put: { key: name, value: await nameRecord(privateKey, 1) } },
    { what: 'a message that is too large', put: { key: freshKey(), value: new Uint8Array(traitsOf(to).valueLimit + 1) } }
  ]
  return all.filter(({ what }) => traitsOf(to).refuses.includes(what))
}

/** An IPNS record that is valid for an hour. */
export async function nameRecord (privateKey: PrivateKey, sequence: number): Promise<Uint8Array> {
  return marshalIPNSRecord(await createIPNSRecord(privateKey, `/ipfs/bafkqaaa/${sequence}`, sequence, 3_600_000))
}
