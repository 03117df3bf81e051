import type { ExitCode } from './exit-codes.ts'
import type { Io, Output, OutputOptions } from './output.ts'

/** What a command is given beside its arguments. */
export interface Context {
  readonly io: Io
  readonly out: Output
  readonly signal: AbortSignal
}

/** Runs what a command does, and ends the process as it says. */
export type Perform = (options: OutputOptions, task: (context: Context) => Promise<ExitCode>) => Promise<void>
