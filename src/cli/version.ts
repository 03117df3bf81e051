import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errnoOf } from './errors.ts'

/** The version in the package.json above this file, which lies deeper once built. */
export function packageVersion (): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const text = readIfThere(join(folder, 'package.json'))
    if (text != null) {
      return String(JSON.parse(text).version)
    }
  }
  return 'unknown'
}

function readIfThere (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (err) {
    if (errnoOf(err) === 'ENOENT') {
      return undefined
    }
    throw err
  }
}
