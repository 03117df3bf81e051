import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { SeededRandom } from '../routing/seeded-random.ts'
import { NodeRounds } from './kill-nodes.ts'
import { WriterRounds } from './kill-writers.ts'

// .ci/kill-9.js does the same 200 times
describe('a process that is killed', () => {
  let dir: string

  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'kadmium-kill-')) })
  afterEach(async () => { await rm(dir, { recursive: true }) })

  it('has kept every write that it acknowledged, and nothing else', async () => {
    const rounds = new WriterRounds(dir, 1, new SeededRandom(1))
    try {
      for (let i = 0; i < 10; i++) {
        await rounds.round()
      }
    } finally {
      await rounds.end()
    }
    expect(rounds.tally.faults).to.deep.equal([])
    expect(rounds.tally.acknowledged).to.be.greaterThan(500)
  })

  it('serves every value that it acknowledged over TCP when it is started again', async () => {
    const rounds = new NodeRounds(dir, new SeededRandom(1))
    await rounds.round()
    expect(rounds.tally.faults).to.deep.equal([])
    expect(rounds.tally.acknowledged).to.be.greaterThan(10)
  })
})
