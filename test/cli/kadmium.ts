import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** The sources contain generated code that must be transformed, which Node.js says is experimental. */
const NODE_FLAGS = ['--experimental-transform-types', '--no-warnings']

/** Transforming and compiling once rather than in each process. */
const ENV = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'kadmium-test-compile-cache') }

export type Process = ChildProcessByStdio<Writable, Readable, Readable>

/** How a command ended, and what it said. */
export interface Finished {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

const running = new Set<Process>()

/** How a process is started. */
interface SpawnInit {
  readonly uid?: number
  readonly gid?: number
  /** So many files (and sockets) it may open. */
  readonly openFiles?: number
  /** Beside those of this process. */
  readonly env?: Record<string, string>
  /** What a shell does with it, such as `exec "$@" > file`. */
  readonly shell?: string
}

/** Start the command as a process of its own. */
export function spawnKadmium (args: readonly string[], { openFiles, env = {}, shell, ...user }: SpawnInit = {}): Process {
  const command = [process.execPath, ...NODE_FLAGS, MAIN, ...args]
  const limited = openFiles == null ? command : ['prlimit', `--nofile=${openFiles}`, ...command]
  const [file, ...rest] = shell == null ? limited : ['sh', '-c', shell, 'sh', ...limited]
  const child = spawn(file, rest, { ...user, env: { ...ENV, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  child.once('close', () => { running.delete(child) })
  return child
}

/** Kill what a failed test has left running. */
export function killLeftovers (): void {
  running.forEach(child => { child.kill('SIGKILL') })
}

/** What a process says from now on, and how it ends. */
export async function finished (child: Process): Promise<Finished> {
  const [stdout, stderr, [code]] = await Promise.all([collect(child.stdout), collect(child.stderr), once(child, 'close')])
  return { code, stdout, stderr: stderr.toString() }
}

/** Run a command to its end, with `input` on its stdin. */
export async function kadmium (args: readonly string[], input: string | Uint8Array = ''): Promise<Finished> {
  const child = spawnKadmium(args)
  child.stdin.on('error', () => {}) // a command need not read all of it
  child.stdin.end(input)
  return finished(child)
}

async function collect (stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) {
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A `kadmium start` that has begun. */
export class StartedNode {
  readonly child: Process
  /** The lines of JSON it printed, by their `type`. */
  readonly events: Map<string, any>
  readonly #ended: Promise<unknown>

  private constructor (child: Process, events: Map<string, any>, ended: Promise<unknown>) {
    this.child = child
    this.events = events
    this.#ended = ended
  }

  /** Resolves when the node has told that it is `ready`. */
  static async start (args: readonly string[], ready: 'started' | 'joined' | 'alone' = 'started'): Promise<StartedNode> {
    const child = spawnKadmium(['start', '--listen', '127.0.0.1:0', '--json', ...args])
    const events = new Map<string, any>()
    const ended = once(child, 'close')
    const errors = collect(child.stderr)
    const isReady = new Promise<void>(resolve => {
      createInterface(child.stdout).on('line', line => {
        const event = JSON.parse(line)
        events.set(event.type, event)
        if (event.type === ready) {
          resolve()
        }
      })
    })
    await Promise.race([isReady, ended.then(async () => { throw new Error(`kadmium start ended: ${String(await errors)}`) })])
    return new StartedNode(child, events, ended)
  }

  /** Where it can be dialled. */
  get addr (): string {
    return this.events.get('started').addrs[0]
  }

  get peerId (): string {
    return this.events.get('started').peer_id
  }

  /** End it; returns its exit code, null when killed. */
  async stop (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGKILL' = 'SIGINT'): Promise<number | null> {
    this.child.kill(signal)
    await this.#ended
    return this.child.exitCode
  }
}
