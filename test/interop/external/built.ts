import { execFileSync } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { say } from '../../helpers/say.ts'
import { EXTERNAL } from './kinds.ts'
import type { ExternalKind } from './kinds.ts'

/** A program that runs nodes of another implementation. */
export interface BuiltPeer {
  readonly kind: ExternalKind
  readonly program: string
}

const SCRIPT = fileURLToPath(new URL('../../../.ci/build-peers.js', import.meta.url))

/** The programs by their kind, for all who import this. */
const programs = builtPrograms()

/** What this machine has the tools for, built now unless it was before. */
export function buildPeers (): BuiltPeer[] {
  return [...programs].flatMap(([kind, program]) => isExternal(kind) ? [{ kind, program }] : [])
}

/** Kubo's command, if it was built before. */
export function builtKubo (): string | undefined {
  return programs.get('kubo')
}

/**
 * What is lacking is said, in one line each.
 *
 * @throws {Error} a build failed
 */
function builtPrograms (): ReadonlyMap<string, string> {
  const lines = execFileSync(execPath, [SCRIPT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim().split('\n')
  return new Map(lines.flatMap(line => {
    const { kind, program, missing } = JSON.parse(line)
    if (missing != null) {
      say(`not run: ${missing}`)
      return []
    }
    return [[kind, program]]
  }))
}

function isExternal (kind: string): kind is ExternalKind {
  return kind in EXTERNAL
}
