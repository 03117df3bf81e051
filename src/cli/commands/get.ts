import { Command } from 'commander'
import { peerDump } from '../../dump/peer.ts'
import { withJoinedClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { joiningOptions } from '../options.ts'
import { plural } from '../plural.ts'
import { valueDocument } from '../value-document.ts'
import { writeWhole } from '../write-file.ts'
import type { GetResult } from '../../dht/operations/get.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium get greeting --bootstrap 192.0.2.1:4001
  hello
  $ kadmium get picture --out cat.jpg --bootstrap 192.0.2.1:4001

The value goes to stdout as it is, byte for byte.`

interface Options extends ClientOptions, JoinOptions {
  readonly out?: string
}

export function getCommand (perform: Perform): Command {
  const command = new Command('get')
    .description('print the value at a key, or write it to a file')
    .argument('<key>', 'the key')
    .option('-o, --out <file>', 'write the value there: the whole file or nothing')
    .addHelpText('after', EXAMPLE)
  return joiningOptions(command).action(async (key: string, options: Options) => {
    await perform(options, async context => {
      const { out } = context
      const got = await withJoinedClient(options, context, async (node, operation) => node.get(key, operation))
      out.note(`${plural(got.value.byteLength, 'byte')} from ${plural(got.agreeing.length, 'node')} (${plural(got.lookup.hops, 'hop')}, ${plural(got.lookup.asked, 'request')}, ${got.ms} ms)`)
      if (options.out != null) {
        await writeWhole(options.out, got.value)
        await out.result(getDocument(got, options.out), () => `wrote ${plural(got.value.byteLength, 'byte')} to ${options.out}`)
      } else if (out.json) {
        await out.document(getDocument(got, undefined))
      } else {
        await out.raw(got.value)
      }
      return EXIT.ok
    })
  })
}

function getDocument (got: GetResult, file: string | undefined): unknown {
  const { size, sha256, ...value } = valueDocument(got.value)
  return {
    ...keyDocument(got.key),
    ...file == null ? value : { file },
    size,
    sha256,
    agreeing: got.agreeing.map(peerDump),
    outdated: got.outdated.map(peerDump),
    hops: got.lookup.hops,
    asked: got.lookup.asked,
    failed: got.lookup.failed,
    ms: got.ms
  }
}
