import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { toString } from 'uint8arrays/to-string'
import { Reply } from './reply.ts'
import type { BuiltPeer } from './built.ts'
import type { ExternalKind } from './kinds.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** An operation that a program was asked for, and that failed there. */
export class PeerProgramError extends Error {
  override name = 'PeerProgramError'
}

interface Asked {
  resolve (reply: Reply): void
  reject (err: Error): void
}

/** What a program can be told beside the operation. Bytes travel as base64. */
export type Args = Readonly<Record<string, string | number | boolean | Uint8Array | undefined>>

/**
 * A running program of another implementation, and the nodes in it.
 *
 * One JSON object a line: `{ id, node, do, args }` goes in, `{ id, ok }` or `{ id, error }` comes
 * out, in any order. The program begins with `{ hello }`, its versions, and ends when its
 * input does.
 */
export class Program {
  readonly kind: ExternalKind
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #asked = new Map<number, Asked>()
  readonly #hello: Promise<Reply>
  #lastId = 0
  /** Why it answers no more. */
  #ended: string | undefined

  constructor ({ kind, program }: BuiltPeer, args: readonly string[] = []) {
    this.kind = kind
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#hello = new Promise((resolve, reject) => { this.#asked.set(this.#lastId, { resolve, reject }) })
    this.#hello.catch(() => {}) // whoever asks for anything is told
    createInterface({ input: this.#child.stdout }).on('line', line => { this.#onLine(line) })
    this.#child.on('exit', code => { this.#onEnd(`${kind}'s program ended with code ${code}`) })
    this.#child.on('error', err => { this.#onEnd(`${kind}'s program does not run: ${err.message}`) })
    this.#child.stdin.on('error', err => { this.#onEnd(`${kind}'s program reads no more: ${err.message}`) })
  }

  /** What it is made of: names and their versions. */
  async versions (): Promise<string[]> {
    return (await this.#hello).texts('versions')
  }

  /** @throws {PeerProgramError} with what the program said */
  async ask (node: string, operation: string, args: Args = {}): Promise<Reply> {
    if (this.#ended != null) {
      throw new PeerProgramError(this.#ended)
    }
    const id = ++this.#lastId
    const plain = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, value instanceof Uint8Array ? toString(value, 'base64pad') : value]))
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, node, do: operation, args: plain })}\n`)
    })
  }

  /** Resolves when the process is gone. */
  async stop (): Promise<void> {
    if (this.#ended == null) {
      this.#child.stdin.end()
      await once(this.#child, 'exit')
    }
  }

  #onLine (line: string): void {
    const { id = 0, ok, hello, error } = JSON.parse(line)
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error == null) {
      asked?.resolve(new Reply(ok ?? hello))
    } else {
      asked?.reject(new PeerProgramError(error))
    }
  }

  #onEnd (why: string): void {
    this.#ended ??= why
    this.#asked.forEach(({ reject }) => { reject(new PeerProgramError(why)) })
    this.#asked.clear()
  }
}
