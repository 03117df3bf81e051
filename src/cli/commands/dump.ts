import { Command } from 'commander'
import { systemClock } from '../../clock/clock.ts'
import { plantuml } from '../../dump/plantuml.ts'
import { stateDump } from '../../dump/state.ts'
import { withJoinedClient } from '../client.ts'
import { askNode } from '../control-client.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { dataOption, joiningOptions, parseFile } from '../options.ts'
import { writeDumpFiles } from '../write-file.ts'
import type { Context, Perform } from '../context.ts'
import type { ClientOptions, DataOptions, JoinOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium dump --data ~/.kadmium
  $ kadmium dump --data ~/.kadmium --out state.json
  $ kadmium dump --bootstrap 192.0.2.1:4001 --plantuml`

interface Options extends ClientOptions, JoinOptions, DataOptions {
  readonly out?: string
  readonly plantuml?: boolean
}

export function dumpCommand (perform: Perform): Command {
  const command = new Command('dump')
    .description('print the state of a running node (--data), or what a fresh client sees (--bootstrap), as JSON')
    .option('-o, --out <file>', 'write it to FILE as JSON and to FILE.plantuml', parseFile)
    .option('--plantuml', 'print PlantUML rather than JSON')
    .addHelpText('after', EXAMPLE)
  return joiningOptions(dataOption(command)).action(async (options: Options) => {
    await perform(options, async context => {
      const { out } = context
      const state = await takeDump(options, context)
      if (options.out != null) {
        const files = [options.out, `${options.out}.plantuml`]
        await writeDumpFiles(state, options.out)
        await out.result({ files }, () => `wrote ${files.join(' and ')}`)
        return EXIT.ok
      }
      await out.result(state, () => options.plantuml === true ? plantuml(state).trimEnd() : JSON.stringify(state, undefined, 2))
      return EXIT.ok
    })
  })
}

async function takeDump (options: Options, context: Context): Promise<unknown> {
  const { data, bootstrap = [] } = options
  if (data != null && bootstrap.length > 0) {
    throw new UsageError('--data asks the node that runs there, --bootstrap a network: give one of them')
  }
  if (data != null) {
    return askNode(data, { type: 'state', timeout: options.timeout }, context.signal)
  }
  if (bootstrap.length === 0) {
    throw new UsageError('nobody to ask: give --data DIR for a node that runs on this machine, or --bootstrap ADDR for what a client sees')
  }
  return withJoinedClient(options, context, async node => stateDump(node, systemClock.now()))
}
