import type { ComponentLogger, Logger } from '@libp2p/interface'

/** Beyond this many lines the journal only counts: a failing test must not fill the memory. */
const MAX_LINES = 5000

/** The errors that one node writes to its log. */
export class Journal implements ComponentLogger {
  readonly #lines: string[] = []
  #count = 0

  forComponent (name: string): Logger {
    const error = (formatter: unknown, ...args: unknown[]): void => { this.#write(name, [formatter, ...args]) }
    return Object.assign((): void => {}, {
      error,
      trace (): void {},
      enabled: false,
      newScope: (scope: string) => this.forComponent(`${name}:${scope}`)
    })
  }

  /** How many error lines were written: a mark for {@link since}. */
  get mark (): number {
    return this.#lines.length
  }

  /** The lines of components whose name begins with `prefix`, from `mark` on. */
  since (mark: number, prefix: string): string[] {
    return this.#lines.slice(mark).filter(line => line.startsWith(prefix))
  }

  #write (component: string, parts: readonly unknown[]): void {
    this.#count++
    if (this.#count <= MAX_LINES) {
      this.#lines.push(`${component} ${parts.map(textOf).join(' | ')}`)
    }
  }
}

function textOf (part: unknown): string {
  return part instanceof Error ? `${part.name}: ${part.message}` : String(part)
}
