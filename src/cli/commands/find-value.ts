import { Command } from 'commander'
import { peerDump } from '../../dump/peer.ts'
import { parseAddress } from '../../hosts/tcp/address.ts'
import { withClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { askingOptions } from '../options.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { valueDocument } from '../value-document.ts'
import type { FindValueResult } from '../../dht/operations/single.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium find-value 192.0.2.1:4001 greeting
  hello

The value goes to stdout as it is, byte for byte.`

export function findValueCommand (perform: Perform): Command {
  const command = new Command('find-value')
    .description('ask one node for the value at a key')
    .argument('<addr>', 'where it listens: a multiaddr or host:port', parseAddress)
    .argument('<key>', 'the key')
    .addHelpText('after', EXAMPLE)
  return askingOptions(command).action(async (addr: Uint8Array, key: string, options: ClientOptions) => {
    await perform(options, async context => {
      const { out } = context
      const found = await withClient(options, context, async (node, operation) => node.findValue(addr, key, operation))
      out.note(`${peerName(found.peer)} answered, and knows ${plural(found.closer.length, 'node')} close to the key (${found.ms} ms)`)
      if (out.json) {
        await out.document(findValueDocument(found))
      } else if (found.value != null) {
        await out.raw(found.value)
      }
      if (found.value == null) {
        out.problem('kadmium', `${peerName(found.peer)} has no value at ${keyDocument(found.key).key}; "kadmium get" asks the whole network`)
        return EXIT.notFound
      }
      return EXIT.ok
    })
  })
}

function findValueDocument ({ peer, key, value, closer, ms }: FindValueResult): unknown {
  return {
    ...keyDocument(key),
    ...value == null ? { value: null } : valueDocument(value),
    peer: peerDump(peer),
    closer: closer.map(peerDump),
    ms
  }
}
