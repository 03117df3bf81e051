import { parseArgs } from 'node:util'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const USAGE = `usage: npm run sim -- churn [options]
  --median 2h        median of the sessions, in h or m; default: 2h and then 10m
  --nodes N          default: 200 for sessions of an hour and more, 100 for shorter ones
  --values N         default: 200
  --hours N          that values are looked after; default: 24
  --gets N           values got every half an hour; default: 40
  --seed N           default: 1
  --quick            60 nodes, 60 values, 4 hours
  --json FILE        all figures
  --svg FILE         retrieval over time

       npm run sim -- liars [options]
  --nodes N          default: 300
  --rounds N         of a lookup, gets and searches each; default: 40
  --seed N           default: 1
  --quick            100 nodes, 10 rounds
  --json FILE        all figures`

/** What to simulate by default, and the share of live values that is to be found. */
const SCENARIOS = [
  { median: 2 * HOUR, target: 0.999 },
  { median: 10 * MINUTE, target: 0.99 }
]

/** What liars do, and how many there are of them. */
const LIES = [['hearsay', 0], ['hearsay', 0.1], ['hearsay', 0.4], ['made-up', 0.1], ['made-up', 0.4]]

const text = { type: 'string' }

/** The options of each simulation, and what they make of it. */
const SIMULATIONS = {
  churn: {
    options: { median: text, nodes: text, values: text, hours: text, gets: text, seed: text, json: text, svg: text, quick: { type: 'boolean' } },
    scenariosOf
  },
  liars: {
    options: { nodes: text, rounds: text, seed: text, json: text, quick: { type: 'boolean' } },
    scenariosOf: liesOf
  }
}

/**
 * @param {string[]} args - those after the name of the script
 * @returns {{ what: string, scenarios: object[], json?: string, svg?: string } | string} a string says what is wrong
 */
export function readOptions (args) {
  const [what, ...rest] = args
  const simulation = Object.hasOwn(SIMULATIONS, what ?? '') ? SIMULATIONS[what] : undefined
  if (simulation == null) {
    return `say first what to simulate: ${Object.keys(SIMULATIONS).join(' or ')}`
  }
  try {
    const { values } = parseArgs({ args: rest, options: simulation.options })
    return { what, scenarios: simulation.scenariosOf(values), json: values.json, svg: values.svg }
  } catch (err) {
    return err.message
  }
}

function scenariosOf ({ median, nodes, values, hours, gets, seed, quick = false }) {
  const small = quick ? { nodes: 60, values: 60, duration: 4 * HOUR, gets: 30 } : {}
  const given = defined({
    nodes: whole('nodes', nodes, 2),
    values: whole('values', values, 1),
    gets: whole('gets', gets, 1),
    seed: whole('seed', seed, 0),
    duration: hours == null ? undefined : whole('hours', hours, 1) * HOUR
  })
  const chosen = median == null ? SCENARIOS : [scenarioOf(duration('median', median))]
  return chosen.map(({ median, target }) => ({
    median,
    target,
    nodes: median < HOUR ? 100 : 200,
    values: 200,
    gets: 40,
    seed: 1,
    duration: 24 * HOUR,
    interval: 30 * MINUTE,
    warmUp: HOUR,
    ...small,
    ...given
  }))
}

function liesOf ({ nodes, rounds, seed, quick = false }) {
  const small = quick ? { nodes: 100, rounds: 10 } : {}
  const given = defined({ nodes: whole('nodes', nodes, 40), rounds: whole('rounds', rounds, 1), seed: whole('seed', seed, 0) })
  return LIES.map(([lie, share], i) => ({ lie, share, nodes: 300, rounds: 40, seed: 1, isFirst: i === 0, ...small, ...given }))
}

// shorter sessions than two hours are judged as those of ten minutes are
function scenarioOf (median) {
  return { median, target: median < 2 * HOUR ? 0.99 : 0.999 }
}

function whole (name, text, min) {
  if (text == null) {
    return undefined
  }
  const number = Number(text)
  if (!Number.isInteger(number) || number < min) {
    throw new Error(`--${name} is ${text}: give a whole number from ${min}`)
  }
  return number
}

function duration (name, text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(h|m)$/.exec(text) ?? []
  if (number == null || Number(number) === 0) {
    throw new Error(`--${name} is ${text}: give a time like 2h or 10m`)
  }
  return Number(number) * (unit === 'h' ? HOUR : MINUTE)
}

function defined (options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
