/**
 * Kill processes that write to a data directory at random points with SIGKILL, and look each
 * time whether every write that was acknowledged is there, byte for byte, and nothing else:
 * first writers without a network, then whole nodes (`kadmium start --data`) to which another
 * puts values over TCP. Needs a build.
 *
 *     node .ci/kill-9.js [--seed 1] [--rounds 200] [--nodes 5]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NodeRounds } from '../dist/test/data-dir/kill-nodes.js'
import { WriterRounds } from '../dist/test/data-dir/kill-writers.js'
import { SeededRandom } from '../dist/test/routing/seeded-random.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rounds: { type: 'string', default: '200' },
    nodes: { type: 'string', default: '5' }
  }
})
const [seed, rounds, nodes] = [values.seed, values.rounds, values.nodes].map(Number)
const folder = mkdtempSync(join(tmpdir(), 'kadmium-kill-'))
const random = new SeededRandom(seed)
const begun = performance.now()

try {
  const writers = new WriterRounds(join(folder, 'writers'), seed, random)
  for (let i = 1; i <= rounds; i++) {
    await writers.round()
    if (i % 20 === 0) {
      const { acknowledged, faults } = writers.tally
      console.info(`${i} of ${rounds} writers killed, ${acknowledged} writes acknowledged, ${faults.length} faults`)
    }
  }
  await writers.end()
  const killed = new NodeRounds(join(folder, 'nodes'), random)
  for (let i = 1; i <= nodes; i++) {
    await killed.round()
    console.info(`${i} of ${nodes} nodes killed, ${killed.tally.acknowledged} values acknowledged, ${killed.tally.faults.length} faults`)
  }
  const faults = [...writers.tally.faults, ...killed.tally.faults]
  faults.forEach(fault => { console.error(fault) })
  console.info(`seed ${seed}: ${writers.tally.rounds} writers killed (${writers.tally.opening} while opening), ${writers.tally.acknowledged} writes acknowledged, ${writers.tally.checked} rows looked at; ` +
    `${killed.tally.nodes} nodes killed, ${killed.tally.acknowledged} values acknowledged over TCP; ${faults.length} lost or wrong; ${Math.round((performance.now() - begun) / 1_000)} s`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
