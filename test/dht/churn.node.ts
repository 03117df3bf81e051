import { expect } from 'aegir/chai'
import { simulateChurn } from '../helpers/churn.ts'
import type { ChurnInit, ChurnResult } from '../helpers/churn.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

// the figures of large networks over a day: npm run sim -- churn
describe('values while nodes come and go', function () {
  this.timeout(1_200_000)

  async function simulate (init: Pick<ChurnInit, 'median' | 'duration'>): Promise<ChurnResult> {
    return simulateChurn({ nodes: 50, values: 60, gets: 20, interval: 20 * MINUTE, ttl: 12 * HOUR, warmUp: 0, seed: 4, ...init })
  }

  function expectKept ({ rows, found, outcomes, left }: ChurnResult, least: number): void {
    expect(rows[rows.length - 1].live, 'values whose put succeeded').to.be.at.least(58)
    expect(found, JSON.stringify(outcomes)).to.be.at.least(least)
    expect(outcomes).to.include({ wrong: 0, 'rolled-back': 0 })
    expect(left, 'timers left').to.equal(0)
  }

  it('are found, if half of the sessions end within 2 h', async () => {
    expectKept(await simulate({ median: 2 * HOUR, duration: 6 * HOUR }), 0.999)
  })

  it('are found, if half of the sessions end within 10 min', async () => {
    expectKept(await simulate({ median: 10 * MINUTE, duration: 3 * HOUR }), 0.99)
  })
})
