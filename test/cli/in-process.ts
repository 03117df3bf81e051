import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { run } from '../../src/cli/program.ts'
import type { ExitCode } from '../../src/cli/exit-codes.ts'

export interface Surroundings {
  readonly env?: Record<string, string>
  readonly isTTY?: boolean
  readonly signal?: AbortSignal
}

/** Run a command line in this very process: quicker than one of its own, and able to pretend a terminal. */
export async function runHere (args: readonly string[], { env = {}, isTTY = false, signal = new AbortController().signal }: Surroundings = {}): Promise<{ code: ExitCode, stdout: string, stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = [stdout, stderr].map(collect)
  const code = await run(args, {
    stdin: new PassThrough(),
    stdout: Object.assign(stdout, { isTTY }),
    stderr: Object.assign(stderr, { isTTY }),
    env,
    signal
  })
  stdout.end()
  stderr.end()
  const [out, err] = await Promise.all(texts)
  return { code, stdout: out, stderr: err }
}

/** The same with `--json`: also the document it prints, and nothing beside it. */
export async function kadmiumJson (args: readonly string[]): Promise<{ code: ExitCode, stderr: string, document: any }> {
  const { code, stdout, stderr } = await runHere([...args, '--json'])
  return { code, stderr, document: JSON.parse(stdout) }
}

async function collect (stream: PassThrough): Promise<string> {
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => { text += String(chunk) })
  await once(stream, 'end')
  return text
}
