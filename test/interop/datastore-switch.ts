import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { best, findProviders, get, provide, put, sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { ACROSS, dialAll, stopAll } from './network.ts'
import { createInteropNode } from './node.ts'
import { freshCid } from './providers.ts'
import { count } from './tally.ts'
import { freshKey } from './values.ts'
import type { Implementation } from './implementations.ts'
import type { InteropNode, InteropNodeInit } from './node.ts'
import type { CID } from 'multiformats/cid'

/** What a node kept for others and for itself, before the other implementation took its place. */
interface Left {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly provided: CID
  readonly cancelled: CID
  readonly others: CID
  readonly otherProvider: string
}

/** Look for records to provide again every 300 ms, and take all that expire within 48 h: all there are. */
const REPROVIDE = { interval: 300, threshold: 48 * 3_600_000 }

for (const { from, to } of ACROSS) {
  describe(`${to} on the datastore of ${from}`, () => {
    const running: InteropNode[] = []
    let left: Left
    let successor: InteropNode

    async function start (kind: Implementation, init?: InteropNodeInit): Promise<InteropNode> {
      const node = await createInteropNode(kind, init)
      running.push(node)
      return node
    }

    before(async () => {
      const place: InteropNodeInit = { datastore: new MemoryDatastore(), privateKey: await generateKeyPair('Ed25519'), reprovide: REPROVIDE }
      const first = await start(from, { ...place, reprovide: {} })
      const other = await start('theirs')
      await dialAll(first, [other])
      left = await leave(first, other)
      await stopAll(running.splice(0))
      successor = await start(to, place)
    })

    after(async () => { await stopAll(running) })

    it('serves its values and providers', async () => {
      const asker = await start('theirs', { clientMode: true })
      await dialAll(asker, [successor])
      const found = best(await get(asker, left.key))
      count('theirs', to, `value of ${from} served`, sameBytes(found, left.value))
      expect(sameBytes(found, left.value)).to.equal(true)
      const { providers } = await findProviders(asker, left.others)
      count('theirs', to, `provider of ${from} served`, providers.has(left.otherProvider))
      expect([...providers.keys()]).to.deep.equal([left.otherProvider])
    })

    it('provides again what it provided, and not what it cancelled', async () => {
      const keeper = await start('theirs')
      await dialAll(keeper, [successor])
      const asker = await start('theirs', { clientMode: true })
      await dialAll(asker, [keeper])
      const providersOf = async (cid: CID): Promise<readonly string[]> => {
        const { answers } = await findProviders(asker, cid)
        return answers.get(keeper.libp2p.peerId.toString())?.providers ?? []
      }
      const self = successor.libp2p.peerId.toString()
      await until('it is provided again', async () => (await providersOf(left.provided)).includes(self))
      count(to, 'theirs', `reprovided what ${from} provided`, true)
      expect(await providersOf(left.cancelled)).to.deep.equal([])
    })
  })
}

/** Have `node` keep what `other` puts and provides, and provide something itself. */
async function leave (node: InteropNode, other: InteropNode): Promise<Left> {
  const left = {
    key: freshKey(),
    value: crypto.getRandomValues(new Uint8Array(1000)),
    provided: await freshCid(),
    cancelled: await freshCid(),
    others: await freshCid(),
    otherProvider: other.libp2p.peerId.toString()
  }
  const outcomes = [
    await put(other, left.key, left.value),
    await provide(other, left.others),
    await provide(node, left.provided),
    await provide(node, left.cancelled)
  ]
  await node.dht.cancelReprovide(left.cancelled)
  expect(outcomes.flatMap(({ errors }) => errors)).to.deep.equal([])
  // ADD_PROVIDER has no answer: one that follows it on the same connection comes after it
  await until('the provider record has come', async () => (await findProviders(node, left.others)).providers.has(left.otherProvider))
  return left
}
