import { expect } from 'aegir/chai'
import { randomBytes } from '../../src/dht/random-bytes.ts'

describe('random bytes', () => {
  it('are as many as were asked for', () => {
    for (const n of [0, 1, 2, 32, 1023, 1024, 1025, 65_536]) {
      expect(randomBytes(n)).to.have.lengthOf(n)
    }
  })

  it('come once each, in memory of their own', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 1_000; i++) {
      const bytes = randomBytes(16)
      expect(bytes.buffer.byteLength).to.equal(16)
      seen.add(bytes.join())
    }
    expect(seen.size).to.equal(1_000)
  })

  it('are of all values, about as often each', () => {
    const counts = new Array(256).fill(0)
    for (let i = 0; i < 10_000; i++) {
      randomBytes(7).forEach(byte => { counts[byte]++ })
    }
    // 273 of each are expected, with a deviation of 17
    expect(Math.min(...counts)).to.be.above(160)
    expect(Math.max(...counts)).to.be.below(400)
  })
})
