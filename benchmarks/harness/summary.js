/**
 * All results as one page of Markdown: what the charts draw, with the spread and what was wanted.
 *
 * @param {object[]} results - as `results.js` writes them
 */
export function summaryOf (results) {
  const [{ machine, versions, rounds }] = results
  return `# Results

Printed by \`npm run bench\` on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.os}, Node.js ${machine.node}; ${rounds} rounds, of which the median is
given, and behind it the spread. Ratios are of values of the same round. "Wanted" and "aim" are what kadmium is to reach at least, and what it is built for.

${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}.

${results.map(section).join('\n')}`
}

function section ({ name, question, about, command, seconds, cases }) {
  return `## ${name}: ${question}

\`${command}\` (${seconds} s)

${about.map(line => `- ${line}`).join('\n')}

![${question}](${name}.svg)

| | | | spread | ratio | wanted | aim | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
${cases.flatMap(rowsOf).join('\n')}
`
}

function rowsOf ({ name, group, unit, rows, reference, targets }) {
  return rows.map(({ impl, median, min, max, ratio, recall }, i) => {
    const mine = targets.filter(({ of, measured }) => of === impl && measured != null)
    return cells([
      i === 0 ? `${group == null ? '' : `${group}: `}${name}` : '',
      impl,
      `${number(median)} ${unit}`,
      `${number(min)} to ${number(max)}`,
      impl === reference || ratio == null ? '' : `${number(ratio)} ×`,
      mine.map(({ must, to }) => `${number(must)}${to == null || to === reference ? '' : ` × ${to}`}`).join('; '),
      mine.map(({ aim }) => number(aim)).join('; '),
      [...mine.map(({ reached }) => VERDICTS[reached]), ...(recall == null ? [] : [`recall ${recall.toFixed(3)}`])].join(', ')
    ])
  })
}

const VERDICTS = { aim: 'aim reached', must: 'wanted reached', none: '**not reached**' }

function cells (texts) {
  return `| ${texts.join(' | ')} |`
}

function number (value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
