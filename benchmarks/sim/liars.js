import { simulateLiars } from '../../dist/test/helpers/liars.js'
import { note, print } from '../harness/print.js'

const COLUMNS = [
  ['liars', row => percent(row.scenario.share)],
  ['they', row => row.scenario.share === 0 ? '-' : row.scenario.lie],
  ['recall', row => row.recall.toFixed(3)],
  ['seconds', row => (row.ms / 1_000).toFixed(2)],
  ['dials', row => row.dials.toFixed(0)],
  ['newest', row => percent(row.newest)],
  ['quorum 1', row => percent(row.newestOfOne)],
  ['provider', row => percent(row.provider)],
  ['limit 0', row => percent(row.providerOfAll)],
  ['address', row => percent(row.address)]
]

/**
 * Simulate one scenario and print its row.
 *
 * @param {object} scenario - as `readOptions` gives it
 * @param {AbortSignal} signal - ends it with what there is
 */
export async function liars (scenario, signal) {
  const { isFirst, ...init } = scenario
  if (isFirst) {
    print(`\n${init.nodes} nodes, ${init.rounds} rounds, seed ${init.seed}; of lookups the share of the closest that they found, seconds and dials, then how often what is true was found\n`)
    print(COLUMNS.map(([name]) => cell(name)).join('  '))
  }
  const result = await simulateLiars({ ...init, signal, onPhase: phase => { note(`… ${phase}`) } })
  const row = { scenario: init, met: result.rounds > 0, ...result }
  print(COLUMNS.map(([, value]) => cell(value(row))).join('  '))
  return row
}

function cell (value) {
  return value.padStart(8)
}

function percent (share) {
  return `${(100 * share).toFixed(0)} %`
}
