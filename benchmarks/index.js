/**
 * All benchmarks, or those named: one question each.
 *
 * ```
 * npm run bench                                    all, 14 to 20 minutes; writes benchmarks/results
 * npm run bench -- lookup --impl all --nodes 64    one, narrowed: prints only
 * npm run bench -- --quick                         each once, to see that it works: prints only
 * ```
 *
 * Ctrl-C ends it with what there is.
 */
import { mkdir } from 'node:fs/promises'
import { inspect } from 'node:util'
import { stopChildren } from './harness/child.js'
import { machine, versions } from './harness/machine.js'
import { isNarrowed, readOptions, USAGE } from './harness/options.js'
import { note, print } from './harness/print.js'
import { report } from './harness/report.js'
import { writeResult, writeSummary } from './harness/results.js'

/** In the order in which they run: providers and lookups are looked for in the networks that bootstrap leaves. */
const BENCHMARKS = ['codec', 'routing-table', 'find-node', 'transfer', 'bootstrap', 'providers', 'lookup', 'values', 'memory', 'latency', 'simulator']

const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  print(`${USAGE}\n\nnames, and what each asks:\n${await questions()}`)
  process.exit(0)
}
const options = readOptions(args, BENCHMARKS)
if (typeof options === 'string') {
  note(`${options}\n\n${USAGE}`)
  process.exit(64)
}

const interrupt = new AbortController()
process.once('SIGINT', () => {
  note('\nending it with what there is; Ctrl-C again ends it at once')
  interrupt.abort()
  stopChildren()
})

const out = options.out ?? (isNarrowed(options) ? undefined : new URL('./results/', import.meta.url).pathname)
if (out != null) {
  await mkdir(out, { recursive: true }).catch(err => {
    note(`nothing can be written to --out: ${err.message}`)
    process.exit(66)
  })
}
const begun = performance.now()
// all but the names: what makes this run another than that of the name alone
const narrowing = args.filter(arg => !BENCHMARKS.includes(arg))
let failed = 0
for (const name of options.names) {
  if (!interrupt.signal.aborted) {
    await runOne(name)
  }
}
stopChildren()
if (out != null) {
  await writeSummary(out, BENCHMARKS)
}
print(`\n${options.names.length - failed} of ${options.names.length} done in ${((performance.now() - begun) / 60_000).toFixed(1)} min${out == null ? '' : `; results in ${out}`}`)
process.exit(failed === 0 && !interrupt.signal.aborted ? 0 : 1)

async function questions () {
  const modules = await Promise.all(BENCHMARKS.map(async name => import(`./${name}.js`)))
  return modules.map(({ benchmark }, i) => `  ${BENCHMARKS[i].padEnd(14)} ${benchmark.question}`).join('\n')
}

async function runOne (name) {
  const { benchmark } = await import(`./${name}.js`)
  const started = performance.now()
  print(`\n## ${name}: ${benchmark.question}\n`)
  const progress = text => { note(`  … ${((performance.now() - started) / 1_000).toFixed(0)} s: ${text}`) }
  try {
    const cases = await benchmark.run({ ...options, progress, signal: interrupt.signal })
    const result = {
      name,
      question: benchmark.question,
      about: benchmark.about,
      command: `npm run bench -- ${[name, ...narrowing].join(' ')}`,
      seconds: Math.round((performance.now() - started) / 1_000),
      seed: options.seed,
      rounds: options.rounds,
      machine,
      versions,
      cases: report(cases),
      draw: benchmark.draw
    }
    if (out != null) {
      await writeResult(out, result)
    }
  } catch (err) {
    failed++
    note(interrupt.signal.aborted ? `  ${name} was interrupted` : inspect(err))
    stopChildren()
  }
}
