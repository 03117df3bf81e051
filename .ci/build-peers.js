/**
 * Build the programs of `test/interop` that run the other live implementations, each with
 * its own language's tools, as far as this machine has them. The builds lie outside the
 * repository, in `${XDG_CACHE_HOME:-~/.cache}/kadmium-interop/<kind>-<hash of the sources>`,
 * so that each is made once.
 *
 *     node .ci/build-peers.js          # all but those that take too long to be built unasked
 *     node .ci/build-peers.js kubo     # that kind alone
 *
 * Prints one line of JSON for each kind: `{ kind, program }`, or `{ kind, missing }` which
 * says how to get the tools, or the program. What goes on is told on stderr. Fails if a build does.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const interop = join(import.meta.dirname, '../test/interop')
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kadmium-interop')

/**
 * The kinds there are: the command that tells whether the tools are there, what to do if they
 * are not, the folder and its files that the build depends on, and how to build: the command for an
 * empty folder to work in, and where in it the program is then. `onRequest` tells how long it takes to
 * build one that is only built when it is named.
 */
const KINDS = [
  {
    kind: 'go',
    tools: ['go', 'version'],
    get: 'install Go 1.26 or later (https://go.dev/doc/install)',
    folder: join(interop, 'go'),
    sources: /^(go\.(mod|sum)|peer\/[^/]+\.go)$/,
    build: work => ['go', 'build', '-trimpath', '-o', join(work, 'peer'), './peer'],
    program: 'peer'
  },
  {
    kind: 'rust',
    tools: ['cargo', '--version'],
    get: 'install Rust 1.88 or later (https://www.rust-lang.org/tools/install)',
    folder: join(interop, 'rust'),
    sources: /^(Cargo\.(toml|lock)|src\/[^/]+\.rs)$/,
    build: work => ['cargo', 'build', '--release', '--locked', '--target-dir', work],
    program: 'release/peer'
  },
  {
    kind: 'kubo',
    onRequest: 'several minutes',
    tools: ['go', 'version'],
    get: 'install Go 1.26.4 or later (https://go.dev/doc/install)',
    folder: join(interop, 'kubo'),
    sources: /^go\.(mod|sum)$/,
    build: work => ['go', 'build', '-trimpath', '-o', join(work, 'ipfs'), 'github.com/ipfs/kubo/cmd/ipfs'],
    program: 'ipfs'
  }
]

const named = process.argv.slice(2)
const unknown = named.find(name => KINDS.every(({ kind }) => kind !== name))
if (unknown != null) {
  throw new Error(`there is no kind ${unknown}: ${KINDS.map(({ kind }) => kind).join(', ')}`)
}
for (const kind of KINDS.filter(({ kind }) => named.length === 0 || named.includes(kind))) {
  console.info(JSON.stringify({ kind: kind.kind, ...built(kind) }))
}

function built (description) {
  const { kind, onRequest, tools, get, folder, sources } = description
  const version = versionOf(tools)
  if (version == null) {
    return { missing: `${tools[0]} is not installed, so nothing is tried against ${kind}: ${get}` }
  }
  const at = join(cache, `${kind}-${hashOf(folder, sources, version)}`)
  const program = join(at, 'peer')
  if (!existsSync(program)) {
    if (onRequest != null && !named.includes(kind)) {
      return { missing: `building ${kind} takes ${onRequest}, so nothing is tried against it unasked: node .ci/build-peers.js ${kind}` }
    }
    console.warn(`building ${kind}'s peer with ${version}; the first time that takes minutes`)
    const begun = performance.now()
    make(description, at, program)
    console.warn(`built ${program} in ${Math.round((performance.now() - begun) / 1_000)} s`)
  }
  return { program }
}

/** Beside others who may do the same; what is left is the program alone. */
function make ({ folder, build, program: result }, at, program) {
  const work = join(at, `${process.pid}`)
  mkdirSync(work, { recursive: true })
  try {
    const [command, ...args] = build(work)
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 2, 2] })
    renameSync(join(work, result), program)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** What the tools say of themselves; undefined: they are not there. */
function versionOf ([command, ...args]) {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim()
  } catch (err) {
    if (err.code === 'ENOENT') {
      return undefined
    }
    throw err
  }
}

/** Of all that the program is made of. */
function hashOf (folder, sources, version) {
  const hash = createHash('sha256').update(version)
  for (const path of readdirSync(folder, { recursive: true }).filter(path => sources.test(path)).sort()) {
    hash.update(`\0${path}\0`).update(readFileSync(join(folder, path)))
  }
  return hash.digest('hex').slice(0, 16)
}
