import { execFileSync } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { ExternalKind } from './kinds.ts'

/** A program that runs nodes of another implementation. */
export interface BuiltPeer {
  readonly kind: ExternalKind
  readonly program: string
}

const SCRIPT = fileURLToPath(new URL('../../../.ci/build-peers.js', import.meta.url))

/**
 * What this machine has the tools for, built now unless it was before. What it lacks is
 * said, in one line each.
 *
 * @throws {Error} a build failed
 */
export function buildPeers (): BuiltPeer[] {
  const lines = execFileSync(execPath, [SCRIPT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim().split('\n')
  return lines.flatMap(line => {
    const { kind, program, missing } = JSON.parse(line)
    if (missing != null) {
      // eslint-disable-next-line no-console -- to be read
      console.log(`not run: ${missing}`)
      return []
    }
    return [{ kind, program }]
  })
}
