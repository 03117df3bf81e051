import { COLOURS, escape, frame } from './svg.js'

const WIDTH = 720
const HEIGHT = 360
const LEFT = 64
const RIGHT = 24
const TOP = 56
const BOTTOM = 56

/** Of the last curve; each before it is wider, so that those that lie on one another all show. */
const THIN = 2

/** Pixels of the legend for one curve. */
const LEGEND = 320

/**
 * Curves over one axis.
 *
 * @param {object} init
 * @param {string} init.title
 * @param {Axis} init.x
 * @param {Axis} init.y
 * @param {Array<{ name: string, points: Array<[x: number, y: number]> }>} init.curves
 * @returns {string} an SVG
 *
 * @typedef {object} Axis
 * @property {string} [label]
 * @property {number} from
 * @property {number} to
 * @property {Iterable<number>} ticks
 * @property {(tick: number) => string} [format]
 * @property {boolean} [logarithmic]
 */
export function drawLines ({ title, x: across, y: up, curves }) {
  const x = scaleOf(across, LEFT, WIDTH - RIGHT)
  const y = scaleOf(up, HEIGHT - BOTTOM, TOP)
  const body = [
    ...Array.from(up.ticks, tick => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${text(up, tick)}</text>`),
    ...Array.from(across.ticks, tick => `<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${text(across, tick)}</text>`),
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>`,
    `<line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(across.label ?? '')}</text>`,
    ...curves.map(({ points }, i) => curve(points, COLOURS[i % COLOURS.length], THIN + 3 * (curves.length - 1 - i), x, y)),
    ...curves.map(({ name }, i) => legend(name, COLOURS[i % COLOURS.length], i))
  ]
  return frame({ width: WIDTH, height: HEIGHT, title, body: body.join('\n') })
}

// Where a value lies between two pixels.
function scaleOf ({ from, to, logarithmic = false }, first, last) {
  const place = logarithmic ? Math.log10 : value => value
  return value => round(first + (last - first) * (place(value) - place(from)) / (place(to) - place(from)))
}

function curve (points, colour, width, x, y) {
  return `<polyline fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" points="${points.map(([across, up]) => `${x(across)},${y(up)}`).join(' ')}"/>`
}

function legend (name, colour, i) {
  const x = LEFT + i * LEGEND
  return `<line x1="${x}" x2="${x + 20}" y1="40" y2="40" stroke="${colour}" stroke-width="3"/>
<text x="${x + 26}" y="44">${escape(name)}</text>`
}

function text ({ format = value => value.toLocaleString('en') }, tick) {
  return escape(format(tick))
}

function round (pixels) {
  return Number(pixels.toFixed(1))
}
