import { print } from './print.js'
import { median } from './statistics.js'

/**
 * A case: one question asked of several implementations.
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {string} unit - of the values
 * @property {'higher' | 'lower'} better
 * @property {Record<string, { values: number[] }>} results - by implementation: a value a round, and whatever else there is to tell as numbers
 * @property {string} [reference] - to whom the others are compared, by the median of the ratios of each round
 * @property {Target} [target]
 * @property {Target[]} [targets] - if there are several
 */

/**
 * What an implementation is to reach at least, and what it aims at: of the ratio to `to` (default: the reference),
 * or without one of the value.
 *
 * @typedef {{ of: string, to?: string, must: number, aim: number }} Target
 */

/**
 * Columns beside the value: where it stands in a result, how it is headed and written.
 *
 * @param value
 */
const COLUMNS = [
  ['recall', 'recall', value => value.toFixed(3)],
  ['cpuMs', 'CPU ms', value => value.toFixed(2)],
  ['p50', 'p50 ms', value => value.toFixed(1)],
  ['p99', 'p99 ms', value => value.toFixed(1)],
  ['requests', 'requests', value => value.toFixed(1)],
  ['hops', 'hops', value => value.toFixed(2)],
  ['memoryKiB', 'KiB/node', value => value.toFixed(0)],
  ['sockets', 'sockets/node', value => value.toFixed(0)],
  ['messages', 'messages', value => value.toFixed(0)],
  ['joinCpuMs', 'join CPU ms', value => value.toFixed(0)],
  ['peakMiB', 'peak MiB', value => value.toFixed(0)]
]

/**
 * Print a table for each of `cases`, and return them with what follows from them.
 *
 * @param {Case[]} cases
 */
export function report (cases) {
  const summaries = cases.map(summaryOf)
  summaries.forEach(printCase)
  return summaries
}

function summaryOf ({ results, reference, target, targets = target == null ? [] : [target], ...rest }) {
  const rows = Object.entries(results).map(([impl, { values, ...extra }]) => ({
    impl,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    values,
    ...extra,
    ...ratiosOf(values, results[reference]?.values)
  }))
  return { ...rest, reference, rows, targets: targets.map(({ to = reference, ...target }) => verdictOf({ ...target, to }, results, rest.better)) }
}

function ratiosOf (values, others) {
  if (others == null) {
    return {}
  }
  const ratios = values.map((value, round) => value / others[round])
  return { ratio: median(ratios), ratioMin: Math.min(...ratios), ratioMax: Math.max(...ratios) }
}

function verdictOf ({ of, to, must, aim }, results, better) {
  const values = results[of]?.values
  const measured = values == null ? undefined : to == null ? median(values) : ratiosOf(values, results[to]?.values).ratio
  const meets = wanted => better === 'higher' ? measured >= wanted : measured <= wanted
  return { of, to, must, aim, measured, reached: measured == null ? 'not measured' : meets(aim) ? 'aim' : meets(must) ? 'must' : 'none' }
}

function printCase ({ name, group, unit, rows, reference, targets }) {
  const columns = COLUMNS.filter(([key]) => rows.some(row => row[key] != null))
  const table = [
    [group == null ? name : `${group}: ${name}`, unit, 'spread', ...(reference == null ? [] : [`× ${reference}`]), ...columns.map(([, head]) => head)],
    ...rows.map(row => [
      row.impl,
      number(row.median),
      `${number(row.min)} to ${number(row.max)}`,
      ...(reference == null ? [] : [row.ratio == null ? '' : number(row.ratio)]),
      ...columns.map(([key, , format]) => row[key] == null ? '' : format(row[key]))
    ])
  ]
  const widths = table[0].map((_, i) => Math.max(...table.map(cells => cells[i].length)))
  print(table.map(cells => `  ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ')}`).join('\n'))
  for (const { of, to, must, aim, measured, reached } of targets) {
    print(`  ${of}${to == null ? '' : ` to ${to}`}: ${measured == null ? '-' : number(measured)}; at least wanted ${number(must)}, aimed at ${number(aim)}: ${VERDICTS[reached]}`)
  }
  print('')
}

const VERDICTS = { aim: 'aim reached', must: 'wanted reached, aim not', none: 'not reached', 'not measured': 'not measured' }

function number (value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
