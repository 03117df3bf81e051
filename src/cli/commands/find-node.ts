import { Command } from 'commander'
import { keyText, peerDump } from '../../dump/peer.ts'
import { parseRemoteAddress } from '../../hosts/tcp/address.ts'
import { keyOf } from '../../keyspace/key.ts'
import { withClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { askingOptions } from '../options.ts'
import { peerLines } from '../peer-lines.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { parseTarget } from '../target.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions } from '../options.ts'
import type { Target } from '../target.ts'

const EXAMPLE = `
Example:
  $ kadmium find-node 192.0.2.1:4001 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq
  $ kadmium find-node 192.0.2.1:4001 greeting`

export function findNodeCommand (perform: Perform): Command {
  const command = new Command('find-node')
    .description('ask one node whom it knows closest to a peer, or to the key of a value')
    .argument('<addr>', 'where it listens: a multiaddr or host:port', parseRemoteAddress)
    .argument('<id>', 'a peer id (12D3Koo…), or the key of a value', parseTarget)
    .addHelpText('after', EXAMPLE)
  return askingOptions(command).action(async (addr: Uint8Array, target: Target, options: ClientOptions) => {
    await perform(options, async context => {
      const { out } = context
      const { peer, closer, ms } = await withClient(options, context, async (node, operation) => node.findNode(addr, target.bytes, operation))
      const key = keyOf(target.bytes)
      out.note(`${peerName(peer)} knows ${plural(closer.length, 'node')} close to ${target.name} (${ms} ms)`)
      await out.result({ target: keyText(key), peer: peerDump(peer), closer: closer.map(peerDump), ms }, () => peerLines(closer, key))
      return EXIT.ok
    })
  })
}
