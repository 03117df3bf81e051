import { expect } from 'aegir/chai'
import { putValue } from '../../src/rpc/handlers/put-value.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { all, clockOfToday, peerOf } from './fixtures.ts'
import type { StoredValue } from '../../src/store/value-store.ts'

const LIMITS = { maxValues: 1000, maxBytes: 10_000 }
const TTL = 1000

describe('store: PUT_VALUEs from peers who flood', () => {
  it('fill the store and displace nothing; one peer alone fills a quarter', async () => {
    const clock = await clockOfToday()
    const store = new MemoryValueStore(clock, LIMITS)
    const live = (name: string, size: number): StoredValue => ({ key: utf8(name), value: new Uint8Array(size), timeReceived: clock.now(), expires: clock.now() + TTL })
    const handle = putValue(async ({ key, value }, { id }) => {
      await store.put({ key, value, timeReceived: clock.now(), expires: clock.now() + TTL }, { from: id })
    })
    const refusals = { full: 0, perPeer: 0 }
    const put = async (peer: number, name: string, size = 2): Promise<void> => {
      try {
        const answers = await all(handle({ type: 'put-value', record: { key: utf8(name), value: new Uint8Array(size) } }, peerOf(peer)))
        expect(answers).to.have.lengthOf(1)
      } catch (err) {
        expect(err).to.have.property('name', 'StoreFullError')
        refusals[err instanceof Error && 'reason' in err && err.reason === 'perPeer' ? 'perPeer' : 'full']++
      }
    }
    for (let n = 0; n < 20; n++) {
      await put(1, `/h/${n}`)
    }
    await store.put(live('/own', 2))

    for (let n = 0; n < 2000; n++) {
      await put(2, `/2/${n}`)
    }
    expect(store.counts).to.deep.include({ values: 271, refused: { full: 0, perPeer: 1750 } })
    const { bytes } = store.counts
    for (let n = 0; n < 2000; n++) {
      await put(3, `/3/${n % 100}`, 20 + Math.floor(n / 100)) // few, and larger each time
    }
    expect(store.counts.bytes - bytes).to.equal(LIMITS.maxBytes / 4)
    for (let n = 0; n < 20_000; n++) {
      await put(10 + n % 100, `/f/${n}`)
    }
    expect(store.counts.values).to.equal(LIMITS.maxValues)
    expect(store.counts.refused).to.deep.equal(refusals)
    expect(refusals.full).to.be.above(19_000)
    for (let n = 0; n < 20; n++) {
      expect((await store.get(utf8(`/h/${n}`)))?.value).to.have.lengthOf(2)
      await put(1, `/h/${n}`) // it sends them again
    }
    expect(await store.get(utf8('/own'))).to.deep.equal(live('/own', 2))
    expect(store.counts.refused).to.deep.equal(refusals)

    await clock.advance(TTL)
    expect(await clock.run(store.collect())).to.equal(LIMITS.maxValues)
    await put(2, '/2/again')
    expect(store.counts).to.deep.include({ values: 1, expired: LIMITS.maxValues, refused: refusals })
  })
})
