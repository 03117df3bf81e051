import { simulateChurn } from '../../dist/test/helpers/churn.js'
import { note, print } from '../harness/print.js'

const HOUR = 3_600_000

/** A value lives for so much longer than it is looked after, so that none ends meanwhile: milliseconds. */
const SPARE_LIFE = 6 * HOUR

const COLUMNS = [
  ['hour', row => (row.time / HOUR).toFixed(2)],
  ['nodes', row => row.nodes],
  ['new', row => row.joins],
  ['live', row => row.live],
  ['got', row => row.gets - row.outcomes.left],
  ['found', row => percent(row.outcomes.found / (row.gets - row.outcomes.left))],
  ['no holder', row => row.outcomes.gone],
  ['missed', row => row.outcomes.missed],
  ['rolled back', row => row.outcomes['rolled-back']],
  ['wrong', row => row.outcomes.wrong],
  ['requests', row => row.requests],
  ['copies', row => row.copies],
  ['MB', row => (row.bytes / 1e6).toFixed(1)]
]

/**
 * Simulate one scenario, print a row for each check and the figures at the end.
 *
 * @param {object} scenario - as `readOptions` gives it
 * @param {AbortSignal} signal - ends it with what there is
 */
export async function churn (scenario, signal) {
  const { target, ...init } = scenario
  const begun = process.cpuUsage()
  print(`\n${init.nodes} nodes, sessions of a median of ${time(init.median)} (exponential), ${init.values} values, ${time(init.duration)}, seed ${init.seed}\n`)
  print(COLUMNS.map(([name]) => cell(name, name)).join('  '))
  const result = await simulateChurn({
    ...init,
    ttl: init.duration + SPARE_LIFE,
    signal,
    onPhase: phase => { note(`… ${phase}`) },
    onRow: row => { print(COLUMNS.map(([name, value]) => cell(name, value(row))).join('  ')) }
  })
  const { user, system } = process.cpuUsage(begun)
  const met = result.found >= target && result.outcomes.wrong === 0 && result.outcomes['rolled-back'] === 0
  printFigures(result, target, met)
  print(`  CPU                         ${((user + system) / 1e6).toFixed(0)} s`)
  return { scenario, met, ...result }
}

function printFigures ({ gets, outcomes, found, upkeep, keeping }, target, met) {
  const { by } = keeping
  print(`
  found                       ${percent(found)} of ${gets - outcomes.left} gets; at least ${percent(target)}: ${met ? 'yes' : 'no'}
  rolled back, wrong          ${outcomes['rolled-back']}, ${outcomes.wrong}
  not found                   ${outcomes.gone} held by nobody, ${outcomes.missed} held by somebody
  keeping a value, an hour    ${keeping.requests.toFixed(1)} requests in all, of these ${keeping.copies.toFixed(1)} copies of the value:
                              ${by.replicated.toFixed(1)} passed on to the closest, ${by.handedOver.toFixed(1)} given to newcomers, ${by.corrected.toFixed(1)} after gets, ${by.cached.toFixed(1)} left on the way;
                              sent out again by its publisher ${by.republished.toFixed(3)} times
  a node without values       ${upkeep.toFixed(0)} requests an hour: joins, upkeep of its table, gets of what is not there`)
}

function cell (name, value) {
  return String(value).padStart(Math.max(name.length, 7))
}

function percent (share) {
  return Number.isNaN(share) ? '-' : `${(100 * share).toFixed(2)} %`
}

function time (ms) {
  return ms < HOUR ? `${ms / 60_000} min` : `${ms / HOUR} h`
}
