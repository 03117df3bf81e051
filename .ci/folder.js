import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The clone that is tried. */
export const root = join(import.meta.dirname, '..')

/** The Node.js of the clone: libp2p needs a later one than this package. */
export const node = join(root, 'node_modules/node/bin/node')

/**
 * Have `use` try something in an empty folder, which is gone afterwards. It is given the
 * folder, and a way to run commands there that returns what they print.
 */
export function inEmptyFolder (use) {
  const folder = mkdtempSync(join(tmpdir(), 'kadmium-'))
  const runWithin = (timeout, command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout })
  try {
    use({ folder, runWithin, run: (command, ...args) => runWithin(undefined, command, ...args) })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Pack this package into `folder`: what the tarball is called, and what is in it. */
export function pack (folder) {
  const [{ filename, files }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }))
  return { filename, files }
}

/** Say that `what` is as expected, or throw. */
export function expect (what, actual, expected) {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
  }
  console.info(`ok: ${what}`)
}
