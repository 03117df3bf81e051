import { drawLines } from '../harness/lines.js'

const HOUR = 3_600_000

/**
 * Retrieval over time, one curve a run: of the values got at each check, how many were found.
 *
 * @param {Array<{ scenario: object, rows: object[], found: number }>} runs - as `churn` gives them
 * @returns {string} an SVG
 */
export function drawRetrieval (runs) {
  const hours = Math.max(1, ...runs.flatMap(({ rows }) => rows.map(({ time }) => time / HOUR)))
  const floor = floorBelow(Math.min(1, ...runs.flatMap(({ rows }) => rows.map(shareOf))))
  return drawLines({
    title: 'Values found while nodes come and go',
    x: { label: 'hours since the first value was put', from: 0, to: hours, ticks: ticks(hours) },
    y: { from: floor, to: 1, ticks: shares(floor), format: label },
    curves: runs.map(run => ({ name: nameOf(run), points: run.rows.map(row => [row.time / HOUR, shareOf(row)]) }))
  })
}

function nameOf ({ scenario: { median, nodes }, found }) {
  const session = median < HOUR ? `${median / 60_000} min` : `${median / HOUR} h`
  return `${nodes} nodes, median session ${session}: ${(100 * found).toFixed(2)} %`
}

function shareOf ({ gets, outcomes }) {
  const settled = gets - outcomes.left
  return settled === 0 ? 1 : outcomes.found / settled
}

// the axis begins at the closest of these below the lowest point
function floorBelow (lowest) {
  return [0.98, 0.95, 0.9, 0.75, 0.5].find(floor => floor < lowest) ?? 0
}

function * shares (floor) {
  for (let i = 0; i <= 5; i++) {
    yield floor + (1 - floor) * i / 5
  }
}

function * ticks (hours) {
  const step = [1, 2, 3, 4, 6, 12, 24].find(step => hours / step <= 12) ?? 48
  for (let hour = 0; hour <= hours; hour += step) {
    yield hour
  }
}

function label (share) {
  return `${Number((100 * share).toFixed(1))} %`
}
