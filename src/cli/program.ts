import { Command, CommanderError } from 'commander'
import { problemText } from './advice.ts'
import { demoCommand } from './commands/demo.ts'
import { dumpCommand } from './commands/dump.ts'
import { findNodeCommand } from './commands/find-node.ts'
import { findPeerCommand } from './commands/find-peer.ts'
import { findProvidersCommand } from './commands/find-providers.ts'
import { findValueCommand } from './commands/find-value.ts'
import { getCommand } from './commands/get.ts'
import { keygenCommand } from './commands/keygen.ts'
import { lookupCommand } from './commands/lookup.ts'
import { pingCommand } from './commands/ping.ts'
import { provideCommand, unprovideCommand } from './commands/provide.ts'
import { putCommand } from './commands/put.ts'
import { startCommand } from './commands/start.ts'
import { storeCommand } from './commands/store.ts'
import { unpublishCommand } from './commands/unpublish.ts'
import { EXIT, EXIT_CODES_HELP, exitCodeOf } from './exit-codes.ts'
import { Output } from './output.ts'
import { packageVersion } from './version.ts'
import type { Perform } from './context.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Io } from './output.ts'

const EXAMPLE = `
Example:
  $ kadmium start --listen 127.0.0.1:4001 &
  $ kadmium put greeting hello --bootstrap 127.0.0.1:4001
  $ kadmium get greeting --bootstrap 127.0.0.1:4001
  hello

An address is a multiaddr or host:port, either with /p2p/<peer id> at its end to insist on one peer.
`

/** Run the command line `argv` to its end; returns the exit code. Never rejects. */
export async function run (argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const help: string[] = []
  const program = createProgram(io, help, async (options, task) => {
    const out = new Output(io, options)
    code = await task({ io, out, signal: io.signal })
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (err) {
    return report(await afterHelp(err, help, io), argv, io)
  }
}

/** `err`, or why the help that came before it could not be written. */
async function afterHelp (err: unknown, help: readonly string[], io: Io): Promise<unknown> {
  const out = new Output(io, {})
  try {
    for (const text of help) {
      await out.help(text)
    }
    return err
  } catch (cause) {
    return cause
  }
}

function createProgram (io: Io, help: string[], perform: Perform): Command {
  const program = new Command('kadmium')
    .description('A Kademlia node, and commands that talk to such nodes.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', `${EXAMPLE}\n${EXIT_CODES_HELP}`)
  const commands = [
    startCommand, putCommand, getCommand, unpublishCommand, keygenCommand, provideCommand, unprovideCommand, findProvidersCommand, findPeerCommand,
    lookupCommand, pingCommand, storeCommand, findNodeCommand, findValueCommand, dumpCommand, demoCommand
  ]
  commands.forEach(create => { program.addCommand(create(perform)) })
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: text => { help.push(text) },
        writeErr: text => { io.stderr.write(text) },
        outputError: () => {} // its errors come as exceptions, and are told once
      })
  }
  return program
}

async function report (err: unknown, argv: readonly string[], io: Io): Promise<ExitCode> {
  const code = exitCodeOf(err)
  const verbose = argv.includes('--verbose') || argv.includes('-v')
  const out = new Output(io, { json: argv.includes('--json'), verbose })
  const isHelp = err instanceof CommanderError && err.code === 'commander.help'
  if (code === EXIT.ok || isHelp) {
    return code
  }
  const message = err instanceof CommanderError ? `${problemText(err)}; see ${helpFor(err, argv)}` : problemText(err)
  out.problem('kadmium', message)
  if (verbose) {
    out.stack(err)
  }
  if (out.json) {
    await out.document({ error: { name: nameOf(err), message, exit_code: code } })
      .catch(cause => { io.stderr.write(`kadmium: cannot write to stdout: ${String(cause)}\n`) })
  }
  return code
}

function nameOf (err: unknown): string {
  if (err instanceof CommanderError) {
    return 'UsageError'
  }
  return err instanceof Error ? err.name : 'Error'
}

function helpFor (err: CommanderError, [name]: readonly string[]): string {
  const isOfCommand = name != null && !name.startsWith('-') && err.code !== 'commander.unknownCommand'
  return isOfCommand ? `kadmium ${name} --help` : 'kadmium --help'
}
