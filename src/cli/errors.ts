/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Something on this machine is in the way: a file, a folder, a node that runs already or does not. */
export class LocalError extends Error {
  override name = 'LocalError'
}

/** Every node that was asked to keep a value refused. */
export class RefusedError extends Error {
  override name = 'RefusedError'
}

/** A node that was asked through its folder answered with an error, whose name this one has. */
export class AnsweredError extends Error {
  constructor (message: string, name: string) {
    super(message)
    this.name = name
  }
}

/** Nobody who answered knows what was looked for. */
export class NotFoundError extends Error {
  override name = 'NotFoundError'
}

/** What asks a process to end: Ctrl-C, `kill`, a terminal that is closed. */
export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** Somebody pressed Ctrl-C, ended the process, or closed its terminal. */
export class InterruptedError extends Error {
  override name = 'InterruptedError'
  readonly signal: EndingSignal

  constructor (signal: EndingSignal) {
    super('interrupted')
    this.signal = signal
  }
}

/** Whoever read our output has closed it, like `head` does. */
export class OutputClosedError extends Error {
  override name = 'OutputClosedError'
}

/** What it comes to when stdout takes no more. */
export function outputError (cause: Error): Error {
  return errnoOf(cause) === 'EPIPE'
    ? new OutputClosedError('nobody reads the output any more')
    : new LocalError(`cannot write to stdout (${errnoOf(cause) ?? String(cause)}): is there room where it goes?`, { cause })
}

/** Is it the system that refused something, without anybody having said what that was for? */
export function isSystemError (err: unknown): boolean {
  return err instanceof Error && 'syscall' in err && errnoOf(err) != null
}

/** The code of a file system or socket error, `ENOENT`; undefined for others. */
export function errnoOf (err: unknown): string | undefined {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined
}
