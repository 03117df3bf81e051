import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

/** `.ts` when the sources run, `.js` when they are built. */
const EXTENSION = extname(import.meta.url)

/** The sources contain generated code that must be transformed, which Node.js says is experimental. */
const FLAGS = EXTENSION === '.ts' ? ['--experimental-transform-types', '--no-warnings'] : []

/** Transforming and compiling once rather than in each process. */
const ENV = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'kadmium-test-compile-cache') }

/** A process that is going to be killed, and the lines that it said. */
export class Killed {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #waiting = new Set<() => void>()
  #said = ''

  /** @param program - a file of this project, without its extension, seen from this folder */
  constructor (program: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`${program}${EXTENSION}`, import.meta.url))
    this.#child = spawn(process.execPath, [...FLAGS, path, ...args], { env: ENV, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#waiting.forEach(look => { look() })
    })
  }

  /** The whole lines that it said. */
  get lines (): string[] {
    return this.#said.split('\n').slice(0, -1)
  }

  /** Tell it something. */
  tell (line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Resolves when it has said a line like this; with the line. */
  async line (pattern: RegExp): Promise<string> {
    const found = new Promise<string>(resolve => {
      const look = (): void => {
        const line = this.lines.find(line => pattern.test(line))
        if (line != null) {
          this.#waiting.delete(look)
          resolve(line)
        }
      }
      this.#waiting.add(look)
      look()
    })
    return Promise.race([found, this.#closed.then(() => { throw new Error(`it ended by itself, having said ${this.#said}`) })])
  }

  /** Kill it; resolves when all it said has come. */
  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
    if (this.#child.signalCode !== 'SIGKILL') {
      throw new Error(`it ended by itself, with ${this.#child.signalCode ?? this.#child.exitCode}`)
    }
  }
}

/** Milliseconds of the machine's clock, which this is about. */
export async function passed (ms: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, ms) })
}
