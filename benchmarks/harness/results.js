import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBars } from './bars.js'

/**
 * Write a result as JSON, and as a chart beside it.
 *
 * @param folder
 * @param result
 */
export async function writeResult (folder, result) {
  await writeFile(join(folder, `${result.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  await writeFile(join(folder, `${result.name}.svg`), drawBars(result))
}
