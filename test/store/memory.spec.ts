import { expect } from 'aegir/chai'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { MAX_PROVIDERS_PER_KEY, PROVIDER_ADDRS_TTL_MS, PROVIDER_TTL_MS } from '../../src/store/limits.ts'
import { MemoryProviderStore, MemoryValueStore } from '../../src/store/memory.ts'
import { utf8 } from '../helpers/protobuf.ts'
import type { StoredValue } from '../../src/store/value-store.ts'

describe('store/memory: values', () => {
  let clock: VirtualClock

  beforeEach(() => {
    clock = new VirtualClock()
  })

  function value (key: string, size: number, ttl = 1000): StoredValue {
    return { key: utf8(key), value: new Uint8Array(size), timeReceived: clock.now(), expires: clock.now() + ttl }
  }

  async function keys (store: MemoryValueStore): Promise<string[]> {
    const found: string[] = []
    for await (const { key } of store.values()) {
      found.push(new TextDecoder().decode(key))
    }
    return found
  }

  it('serves a value until it expires, and not a millisecond more', async () => {
    const store = new MemoryValueStore(clock)
    await store.put(value('a', 1))
    await clock.advance(999)
    expect(await store.get(utf8('a'))).to.not.equal(undefined)
    await clock.advance(1)
    expect(await store.get(utf8('a'))).to.equal(undefined)
    expect(await keys(store)).to.deep.equal([])
  })

  it('holds so many values and bytes, and evicts none that lives', async () => {
    const store = new MemoryValueStore(clock, { maxValues: 2, maxBytes: 100 })
    await store.put(value('a', 10))
    await store.put(value('b', 10))
    await expect(store.put(value('c', 10))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    await expect(store.put(value('b', 99))).to.eventually.be.rejected.with.property('name', 'StoreFullError')
    expect(await keys(store)).to.deep.equal(['a', 'b'])
  })

  it('counts a replaced value once', async () => {
    const store = new MemoryValueStore(clock, { maxValues: 1, maxBytes: 51 })
    for (let i = 0; i < 10; i++) {
      await store.put(value('a', 50))
    }
    expect(await keys(store)).to.deep.equal(['a'])
  })

  it('makes room of what has expired', async () => {
    const store = new MemoryValueStore(clock, { maxValues: 2 })
    await store.put(value('a', 10))
    await store.put(value('b', 10, 5000))
    await clock.advance(1000)
    await store.put(value('c', 10))
    expect(await keys(store)).to.deep.equal(['b', 'c'])
  })
})

describe('store/memory: providers', () => {
  const key = utf8('multihash')
  const peer = (n: number): { id: Uint8Array, addrs: Uint8Array[] } => ({ id: Uint8Array.of(n), addrs: [Uint8Array.of(n, n)] })

  it('names the latest first, each once', async () => {
    const store = new MemoryProviderStore(new VirtualClock())
    for (const n of [1, 2, 3, 1]) {
      await store.add(key, peer(n))
    }
    expect((await store.get(key)).map(({ id }) => id[0])).to.deep.equal([1, 3, 2])
  })

  it('forgets addresses after a day and providers after two', async () => {
    const clock = new VirtualClock()
    const store = new MemoryProviderStore(clock)
    await store.add(key, peer(1))
    await clock.advance(PROVIDER_ADDRS_TTL_MS)
    expect(await store.get(key)).to.deep.equal([{ id: Uint8Array.of(1), addrs: [] }])
    await clock.advance(PROVIDER_TTL_MS - PROVIDER_ADDRS_TTL_MS)
    expect(await store.get(key)).to.deep.equal([])
  })

  it('keeps only so many of one key', async () => {
    const store = new MemoryProviderStore(new VirtualClock())
    for (let n = 0; n < MAX_PROVIDERS_PER_KEY + 10; n++) {
      await store.add(key, peer(n))
    }
    const kept = await store.get(key)
    expect(kept).to.have.lengthOf(MAX_PROVIDERS_PER_KEY)
    expect(kept[0].id[0]).to.equal(MAX_PROVIDERS_PER_KEY + 9)
  })
})

describe('store/memory: limits', () => {
  it('that are none are refused', () => {
    const clock = new VirtualClock()
    for (const [limit, text] of [[-1, '-1'], [0.5, '0.5'], [NaN, 'NaN'], ['9', '9']] as Array<[number, string]>) {
      for (const name of ['maxValues', 'maxBytes', 'maxPerPeer', 'maxBytesPerPeer']) {
        expect(() => new MemoryValueStore(clock, { [name]: limit })).to.throw(RangeError, `limits.${name} is ${text}: give a whole number from 0, or Infinity`)
      }
      for (const name of ['maxRows', 'maxKeys', 'maxPerKey', 'maxPerPeer']) {
        expect(() => new MemoryProviderStore(clock, { limits: { [name]: limit } })).to.throw(RangeError, `limits.${name} is ${text}: give a whole number from 0, or Infinity`)
      }
    }
  })
})
