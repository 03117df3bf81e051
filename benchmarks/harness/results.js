import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBars } from './bars.js'
import { summaryOf } from './summary.js'

// Write a result as JSON, and as a chart beside it: its own, if it has one.
export async function writeResult (folder, { draw = drawBars, ...result }) {
  await writeFile(join(folder, `${result.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  await writeFile(join(folder, `${result.name}.svg`), draw(result))
}

/**
 * Write what all results in `folder` come to, those of `names` that are there.
 *
 * @param folder
 * @param names
 */
export async function writeSummary (folder, names) {
  const results = []
  for (const name of names) {
    const text = await readFile(join(folder, `${name}.json`), 'utf8').catch(() => undefined)
    if (text != null) {
      results.push(JSON.parse(text))
    }
  }
  if (results.length > 0) {
    await writeFile(join(folder, 'README.md'), summaryOf(results))
  }
}
