import { expect } from 'aegir/chai'
import { KeyCache } from '../../src/keyspace/key-cache.ts'
import { keyOf } from '../../src/keyspace/key.ts'

describe('KeyCache', () => {
  const preimage = (n: number): Uint8Array => Uint8Array.of(n >> 8, n)

  it('gives the SHA-256 of every preimage, the first time and later', () => {
    const cache = new KeyCache(10)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 35; n++) {
        expect(cache.keyOf(preimage(n))).to.equalBytes(keyOf(preimage(n)))
      }
    }
  })

  it('hashes again only what was not asked for in the last two generations', () => {
    const cache = new KeyCache(10)
    const first = cache.keyOf(preimage(0))
    for (let n = 1; n < 100; n++) {
      expect(cache.keyOf(preimage(0)), `before ${n} others`).to.equal(first)
      cache.keyOf(preimage(n))
    }
    for (let n = 100; n < 130; n++) {
      cache.keyOf(preimage(n))
    }
    expect(cache.keyOf(preimage(0))).to.not.equal(first)
  })
})
