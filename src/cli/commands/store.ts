import { Argument, Command } from 'commander'
import { peerDump } from '../../dump/peer.ts'
import { parseRemoteAddress } from '../../hosts/tcp/address.ts'
import { withClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { askingOptions } from '../options.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { parseWritableKey } from '../record-key.ts'
import { ttlOption } from '../ttl.ts'
import { readValue, VALUE_HELP } from '../value-source.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions } from '../options.ts'
import type { TtlOptions } from '../ttl.ts'

const EXAMPLE = `
Example:
  $ kadmium store 192.0.2.1:4001 greeting hello
  $ kadmium store 192.0.2.1:4001 greeting hello --ttl 10m`

type Options = ClientOptions & TtlOptions

export function storeCommand (perform: Perform): Command {
  const command = new Command('store')
    .description('have one node keep a value, whatever its key')
    .argument('<addr>', 'where it listens: a multiaddr or host:port', parseRemoteAddress)
    .argument('<key>', 'the key', parseWritableKey)
    .addArgument(new Argument('<value>', VALUE_HELP))
    .addHelpText('after', EXAMPLE)
  return askingOptions(ttlOption(command)).action(async (addr: Uint8Array, key: string | Uint8Array, text: string, options: Options) => {
    await perform(options, async context => {
      const { io, out, signal } = context
      const value = await readValue(text, { stdin: io.stdin, signal })
      const stored = await withClient(options, context, async (node, operation) => node.store(addr, key, value, { ...operation, ttl: options.ttl }))
      const document = keyDocument(stored.key)
      await out.result(
        { ...document, size: value.byteLength, peer: peerDump(stored.peer), ms: stored.ms },
        () => `${peerName(stored.peer)} keeps ${plural(value.byteLength, 'byte')} as ${document.key} (${stored.ms} ms)`
      )
      return EXIT.ok
    })
  })
}
