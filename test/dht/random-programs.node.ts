import { expect } from 'aegir/chai'
import { QUICK } from '../helpers/quick.ts'
import { playRandomProgram } from '../helpers/random-program.ts'

const SEEDS = QUICK ? 5 : 25

describe('random programs', function () {
  this.timeout(600_000)

  it('leave nothing wrong behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect(await playRandomProgram(seed), `what is wrong with seed ${seed}`).to.deep.equal([])
    }
  })
})
