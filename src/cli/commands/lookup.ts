import { Command } from 'commander'
import { lookupDump } from '../../dump/lookup.ts'
import { withJoinedClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { joiningOptions, parseFile } from '../options.ts'
import { peerLines } from '../peer-lines.ts'
import { plural } from '../plural.ts'
import { parseTarget } from '../target.ts'
import { writeDumpFiles } from '../write-file.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'
import type { Target } from '../target.ts'

const EXAMPLE = `
Example:
  $ kadmium lookup greeting --bootstrap 192.0.2.1:4001
  $ kadmium lookup greeting --bootstrap 192.0.2.1:4001 --dump lookup.json

--json prints the same document that --dump writes.`

interface Options extends ClientOptions, JoinOptions {
  readonly dump?: string
}

export function lookupCommand (perform: Perform): Command {
  const command = new Command('lookup')
    .description('find the nodes closest to the key of a value, or to a peer')
    .argument('<key>', 'the key of a value, or a peer id (12D3Koo…)', parseTarget)
    .option('--dump <file>', 'write what was found to FILE as JSON and to FILE.plantuml', parseFile)
    .addHelpText('after', EXAMPLE)
  return joiningOptions(command).action(async (target: Target, options: Options) => {
    await perform(options, async context => {
      const { out } = context
      const lookup = await withJoinedClient(options, context, async (node, operation) => {
        out.note(`looking for ${target.name}`)
        return node.lookup(target.bytes, operation)
      })
      const { closest, hops, asked, failed, ms, key, reason } = lookup
      out.note(`${reason}: ${plural(closest.length, 'node')} found, ${plural(hops, 'hop')}, ${asked} asked, ${failed} failed, ${ms} ms`)
      const dump = lookupDump(lookup)
      if (options.dump != null) {
        await writeDumpFiles(dump, options.dump)
        out.note(`wrote ${options.dump} and ${options.dump}.plantuml`)
      }
      await out.result(dump, () => peerLines(closest, key))
      return EXIT.ok
    })
  })
}
