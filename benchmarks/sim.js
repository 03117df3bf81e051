/**
 * Simulated networks on virtual time, drawn from a seed: the same seed gives the same
 * figures. Are values found for all of their life while nodes come and go, and what does
 * that cost? What do honest nodes find when others lie?
 *
 * ```
 * npm run sim -- churn                      sessions of a median of 2 h, then of 10 min; 24 h each
 * npm run sim -- churn --quick              a small network for 4 h
 * npm run sim -- churn --median 30m --nodes 500 --svg churn.svg --json churn.json
 * npm run sim -- liars                      0, 10 and 40 % of 300 nodes lie, in two ways
 * ```
 *
 * Ctrl-C ends it with what there is.
 */
import { writeFile } from 'node:fs/promises'
import { note } from './harness/print.js'
import { churn } from './sim/churn.js'
import { liars } from './sim/liars.js'
import { readOptions, USAGE } from './sim/options.js'
import { drawRetrieval } from './sim/svg.js'

const SIMULATIONS = { churn, liars }

const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const options = readOptions(args)
if (typeof options === 'string') {
  note(`${options}\n\n${USAGE}`)
  process.exit(64)
}
const files = [options.json, options.svg].filter(file => file != null)
// a simulation takes minutes: what cannot be written is to be known before it
for (const file of files) {
  await writeFile(file, '', { flag: 'a' }).catch(err => {
    note(`cannot write what the simulation finds: ${err.message}`)
    process.exit(66)
  })
}

const interrupt = new AbortController()
process.once('SIGINT', () => {
  note('\nending it with what there is; Ctrl-C again ends it at once')
  interrupt.abort()
})

const runs = []
for (const scenario of options.scenarios) {
  if (!interrupt.signal.aborted) {
    runs.push(await SIMULATIONS[options.what](scenario, interrupt.signal))
  }
}
if (options.json != null) {
  await writeFile(options.json, `${JSON.stringify(runs, undefined, 2)}\n`)
}
if (options.svg != null) {
  await writeFile(options.svg, drawRetrieval(runs))
}
process.exitCode = runs.every(({ met }) => met) ? 0 : 1
