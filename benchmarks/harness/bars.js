import { COLOURS, escape, frame } from './svg.js'

const WIDTH = 760
const LEFT = 210
const RIGHT = 110
const TOP = 64
const BAR = 15
const GAP = 12

// A bar for each implementation of each case, on a logarithmic scale for each unit: what a bar is longer by is
// how many times as much it is.
export function drawBars ({ name, question, cases }) {
  const impls = [...new Set(cases.flatMap(({ rows }) => rows.map(({ impl }) => impl)))]
  let y = TOP
  const parts = []
  const groups = Map.groupBy(cases, ({ unit, group }) => group == null ? unit : `${group}: ${unit}`)
  for (const [heading, group] of groups) {
    const x = scaleOf(group.flatMap(({ rows }) => rows.map(({ median }) => median)))
    parts.push(`<text x="${LEFT}" y="${y}" font-weight="600">${escape(heading)}, logarithmic</text>`)
    y += GAP
    for (const { name, rows } of group) {
      parts.push(`<text x="${LEFT - 10}" y="${y + rows.length * BAR / 2 + 4}" text-anchor="end">${escape(name)}</text>`)
      for (const { impl, median, ratio } of rows) {
        parts.push(`<rect x="${LEFT}" y="${y}" width="${x(median).toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[impls.indexOf(impl) % COLOURS.length]}"/>
<text x="${(LEFT + x(median) + 6).toFixed(1)}" y="${y + BAR - 5}" font-size="11">${number(median)}${ratio == null || ratio === 1 ? '' : ` · ${number(ratio)} ×`}</text>`)
        y += BAR
      }
      y += GAP
    }
    y += GAP
  }
  const legend = impls.map((impl, i) => `<rect x="${16 + i * 125}" y="36" width="12" height="12" fill="${COLOURS[i % COLOURS.length]}"/><text x="${33 + i * 125}" y="46" font-size="12">${escape(impl)}</text>`)
  return frame({ width: WIDTH, height: y + 4, title: `${name}: ${question}`, body: [...legend, ...parts].join('\n') })
}

// from a tenth of the smallest power of ten, so that the shortest bar is one
function scaleOf (values) {
  const positive = values.filter(value => value > 0)
  const low = Math.floor(Math.log10(Math.min(...positive))) - 0.3
  const high = Math.max(Math.log10(Math.max(...positive)), low + 1)
  return value => Math.max(1, (WIDTH - LEFT - RIGHT) * (Math.log10(Math.max(value, 1e-9)) - low) / (high - low))
}

function number (value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(2)
}
