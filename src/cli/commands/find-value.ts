import { Command } from 'commander'
import { peerDump } from '../../dump/peer.ts'
import { parseRemoteAddress } from '../../hosts/tcp/address.ts'
import { withClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { askingOptions } from '../options.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { KEYS_HELP, parseKey } from '../record-key.ts'
import { ttlText } from '../ttl.ts'
import { valueDocument } from '../value-document.ts'
import type { FindValueResult } from '../../dht/operations/single.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium find-value 192.0.2.1:4001 greeting
  hello

${KEYS_HELP}
The value goes to stdout as it is, byte for byte, but for control characters on a terminal.`

export function findValueCommand (perform: Perform): Command {
  const command = new Command('find-value')
    .description('ask one node for the value at a key')
    .argument('<addr>', 'where it listens: a multiaddr or host:port', parseRemoteAddress)
    .argument('<key>', 'the key', parseKey)
    .addHelpText('after', EXAMPLE)
  return askingOptions(command).action(async (addr: Uint8Array, key: string | Uint8Array, options: ClientOptions) => {
    await perform(options, async context => {
      const { out } = context
      const found = await withClient(options, context, async (node, operation) => node.findValue(addr, key, operation))
      const left = found.ttl == null ? '' : `keeps it for another ${ttlText(found.ttl)}, `
      out.note(`${peerName(found.peer)} answered, ${left}and knows ${plural(found.closer.length, 'node')} close to the key (${found.ms} ms)`)
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

function findValueDocument ({ peer, key, value, ttl, closer, ms }: FindValueResult): unknown {
  return {
    ...keyDocument(key),
    ...value == null ? { value: null } : valueDocument(value),
    ttl_ms: ttl ?? null,
    peer: peerDump(peer),
    closer: closer.map(peerDump),
    ms
  }
}
