const HOUR = 3_600_000

const WIDTH = 720
const HEIGHT = 360
const LEFT = 64
const RIGHT = 24
const TOP = 56
const BOTTOM = 56

/** Of the last curve; each before it is wider, so that those that lie on one another all show. */
const THIN = 2

/** Colours that are read on light and on dark. */
const COLOURS = ['#0a7ea4', '#d9730d', '#7a5cd6', '#3d8b40']

/**
 * Retrieval over time, one curve a run: of the values got at each check, how many were found.
 *
 * @param {Array<{ scenario: object, rows: object[], found: number }>} runs - as `churn` gives them
 * @returns {string} an SVG
 */
export function drawRetrieval (runs) {
  const hours = Math.max(1, ...runs.flatMap(({ rows }) => rows.map(({ time }) => time / HOUR)))
  const lowest = Math.min(1, ...runs.flatMap(({ rows }) => rows.map(shareOf)))
  const floor = floorBelow(lowest)
  const x = hour => LEFT + (WIDTH - LEFT - RIGHT) * hour / hours
  const y = share => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share) / (1 - floor)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="title">
<title id="title">Values found while nodes come and go</title>
<style>
  svg { color: #1f2328; background: #ffffff }
  @media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117 } }
  text { fill: currentColor }
  .grid { stroke: currentColor; stroke-opacity: 0.18 }
  .axis { stroke: currentColor }
</style>
<text x="${LEFT}" y="24" font-size="16" font-weight="600">Values found while nodes come and go</text>
${[...shares(floor)].map(share => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}"/>
<text x="${LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${label(share)}</text>`).join('\n')}
${[...ticks(hours)].map(hour => `<text x="${x(hour)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${hour}</text>`).join('\n')}
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>
<line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">hours since the first value was put</text>
${runs.map((run, i) => curve(run, COLOURS[i % COLOURS.length], THIN + 3 * (runs.length - 1 - i), x, y)).join('\n')}
${runs.map((run, i) => legend(run, COLOURS[i % COLOURS.length], i)).join('\n')}
</svg>
`
}

function curve ({ rows }, colour, width, x, y) {
  const points = rows.map(row => `${x(row.time / HOUR).toFixed(1)},${y(shareOf(row)).toFixed(1)}`)
  return `<polyline fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" points="${points.join(' ')}"/>`
}

function legend ({ scenario: { median, nodes }, found }, colour, i) {
  const session = median < HOUR ? `${median / 60_000} min` : `${median / HOUR} h`
  const x = LEFT + i * 320
  return `<line x1="${x}" x2="${x + 20}" y1="40" y2="40" stroke="${colour}" stroke-width="3"/>
<text x="${x + 26}" y="44">${nodes} nodes, median session ${session}: ${(100 * found).toFixed(2)} %</text>`
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
