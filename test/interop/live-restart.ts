import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { LivePeer } from './external/live-peer.ts'

/** A node that is stopped and comes back with its identity, elsewhere. */
export function restarts (built: BuiltPeer): void {
  const { kind } = built

  describe(`a restart between ours and ${kind}`, () => {
    let network: LiveNetwork

    beforeEach(() => { network = new LiveNetwork([built]) })

    afterEach(async () => { await network.stop() })

    it(`ours comes back by itself, is found by ${kind} where it is now, and serves what it kept`, async () => {
      const place = { key: await freshPrivateKey(), datastore: new MemoryDatastore() }
      const theirs = await network.startExternal(kind)
      const before = await network.startOurs(place)
      await before.connect(theirs)
      await acquainted(before, theirs)
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(1000))]
      await theirs.put(key, value)
      const { addrs } = before
      await before.stop()

      const now = await network.startOurs(place)
      await acquainted(now, theirs)
      const found = await theirs.findPeer(now.id)
      countLive(kind, 'ours', 'findPeer after a restart', found.includes(now.addrs[0]))
      expect(now.addrs).to.not.deep.equal(addrs)
      expect(found).to.include(now.addrs[0])
      const kept = await theirs.valueAt(now, key)
      countLive(kind, 'ours', 'value kept over a restart', sameBytes(kept, value))
      expect(sameBytes(kept, value)).to.equal(true)
    })

    it(`${kind} comes back, and ours asks it where it is now`, async () => {
      const key = await freshPrivateKey()
      const before = await network.startExternal(kind, { key })
      const ours = await network.startOurs()
      await ours.connect(before)
      await acquainted(ours, before)
      await before.stop()

      const now = await network.startExternal(kind, { key })
      await now.connect(ours)
      await acquainted(ours, now)
      const [valueKey, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(1000))]
      await ours.put(valueKey, value)
      const kept = await ours.valueAt(now, valueKey)
      countLive('ours', kind, 'put after a restart', sameBytes(kept, value))
      expect(now.id).to.equal(before.id)
      expect(sameBytes(kept, value)).to.equal(true)
      expect(await ours.findPeer(now.id)).to.include(now.addrs[0])
    })
  })
}

async function acquainted (one: LivePeer, other: LivePeer): Promise<void> {
  await until('they know each other', async () => await one.hasContact(other.id) && await other.hasContact(one.id))
}

async function freshPrivateKey (): Promise<Uint8Array> {
  return privateKeyToProtobuf(await generateKeyPair('Ed25519'))
}
