type Method = 'warn' | 'error'

/** Notes what is written to the console as a warning or an error, from its making until {@link Complaints.restore}. */
export class Complaints {
  readonly written: string[] = []
  // eslint-disable-next-line no-console -- it watches the console
  readonly #originals: Pick<Console, Method> = { warn: console.warn, error: console.error }

  constructor () {
    const note = (method: Method) => (...args: unknown[]) => {
      this.written.push(args.map(String).join(' '))
      this.#originals[method](...args)
    }
    Object.assign(console, { warn: note('warn'), error: note('error') })
  }

  restore (): void {
    Object.assign(console, this.#originals)
  }
}
