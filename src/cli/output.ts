import { outputError } from './errors.ts'
import { styleFor } from './style.ts'
import type { Style } from './style.ts'
import type { Readable, Writable } from 'node:stream'

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean }

/** The streams and settings a command runs with. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: NodeJS.ProcessEnv
  /** Aborted by Ctrl-C, and when nobody reads stdout any more. */
  readonly signal: AbortSignal
}

/** The flags that say how much is told, and how. */
export interface OutputOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

const LINE_END = 0x0a

/** What a terminal would obey rather than show, or show in another order; tabs and line ends are as they are. */
const OBEYED = /[^\P{Cc}\t\n\r]|\r(?!\n)|\p{Bidi_Control}/gu

/**
 * Where a command says things. The result goes to stdout and nothing else does;
 * what happens on the way goes to stderr. With `json`, stdout gets JSON only, and
 * stderr only what went wrong.
 */
export class Output {
  readonly json: boolean
  readonly verbose: boolean
  /** For text that goes to stdout. */
  readonly style: Style
  readonly #io: Io
  readonly #quiet: boolean
  readonly #noteStyle: Style
  readonly #begun = performance.now()

  constructor (io: Io, { json = false, quiet = false, verbose = false }: OutputOptions) {
    this.#io = io
    this.json = json
    this.verbose = verbose
    this.#quiet = quiet
    this.style = styleFor(io.stdout, io.env)
    this.#noteStyle = styleFor(io.stderr, io.env)
  }

  /** What happens, while it happens, with the time since the command began. */
  note (text: string): void {
    if (!this.json && !this.#quiet) {
      const time = `${Math.round(performance.now() - this.#begun)} ms`.padStart(8)
      this.#io.stderr.write(`${this.#noteStyle.dim(time)}  ${text}\n`)
    }
  }

  /** A note for who wants to know it all. */
  detail (text: string): void {
    if (this.verbose) {
      this.note(this.#noteStyle.dim(text))
    }
  }

  /** What went wrong, and what to do: one line, always told. */
  problem (command: string, text: string): void {
    this.#io.stderr.write(`${this.#noteStyle.bad(`${command}:`)} ${text}\n`)
  }

  /** Where an error came from: for `--verbose`. */
  stack (err: unknown): void {
    this.#io.stderr.write(`${stackOf(err)}\n`)
  }

  /** The result: `document` as JSON on one line, or else the lines of `text`. */
  async result (document: unknown, text: () => string): Promise<void> {
    await (this.json ? this.document(document) : this.text(text()))
  }

  /** JSON on a line of its own; nothing without `json`. */
  async document (document: unknown): Promise<void> {
    if (this.json) {
      await this.#write(`${JSON.stringify(document)}\n`)
    }
  }

  /** Lines of the result for people; nothing with `json`. */
  async text (text: string): Promise<void> {
    if (!this.json) {
      await this.#write(`${text}\n`)
    }
  }

  /** Help, as it is. */
  async help (text: string): Promise<void> {
    await this.#write(text)
  }

  /** The result as it is, byte for byte. A terminal gets a line end, and U+FFFD for what it would obey: somebody else wrote it. */
  async raw (bytes: Uint8Array): Promise<void> {
    if (this.#io.stdout.isTTY !== true) {
      return this.#write(bytes)
    }
    await this.#write(new TextDecoder().decode(bytes).replace(OBEYED, '\ufffd'))
    if (bytes.at(-1) !== LINE_END) {
      await this.#write('\n')
    }
  }

  async #write (chunk: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#io.stdout.write(chunk, err => { err == null ? resolve() : reject(outputError(err)) })
    })
  }
}

function stackOf (err: unknown): string {
  if (!(err instanceof Error)) {
    return String(err)
  }
  const cause = err.cause == null ? '' : `\ncaused by ${stackOf(err.cause)}`
  return `${err.stack ?? err.message}${cause}`
}
