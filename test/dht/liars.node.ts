import { expect } from 'aegir/chai'
import { simulateLiars } from '../helpers/liars.ts'
import type { LiarsInit, LiarsResult } from '../helpers/liars.ts'

// the figures of larger networks: npm run sim -- liars
describe('among liars', function () {
  this.timeout(120_000)

  async function simulate (lie: LiarsInit['lie'], share: number): Promise<LiarsResult> {
    const result = await simulateLiars({ nodes: 100, share, lie, rounds: 10, seed: 3 })
    expect([result.rounds, result.left], 'rounds, and timers left').to.deep.equal([10, 0])
    return result
  }

  it('who name false providers and give what was replaced, what is true is found', async () => {
    expect(await simulate('hearsay', 0.1)).to.include({ recall: 1, newest: 1, provider: 1, providerOfAll: 1 })
    expect(await simulate('hearsay', 0.4)).to.include({ recall: 1, newest: 1, providerOfAll: 1 })
  })

  it('who name peers that do not exist, what is true is found, if later', async () => {
    const [few, many] = [await simulate('made-up', 0.1), await simulate('made-up', 0.4)]
    const found = { newest: 1, provider: 1, providerOfAll: 1, address: 1 }
    expect(few).to.include(found)
    expect(few.recall).to.be.at.least(0.99)
    expect(many).to.include(found)
    expect(many.recall).to.be.at.least(0.98)
    expect(many.ms).to.be.greaterThan(few.ms)
  })
})
