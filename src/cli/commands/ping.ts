import { Command } from 'commander'
import { peerDump } from '../../dump/peer.ts'
import { parseRemoteAddress } from '../../hosts/tcp/address.ts'
import { withClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { askingOptions } from '../options.ts'
import { peerName } from '../peer-name.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium ping 192.0.2.1:4001
  192.0.2.1:4001 (…o7R3pq12) is alive: 3 ms`

export function pingCommand (perform: Perform): Command {
  const command = new Command('ping')
    .description('ask a node whether it is alive')
    .argument('<addr>', 'where it listens: a multiaddr or host:port', parseRemoteAddress)
    .addHelpText('after', EXAMPLE)
  return askingOptions(command).action(async (addr: Uint8Array, options: ClientOptions) => {
    await perform(options, async context => {
      const { peer, ms } = await withClient(options, context, async (node, operation) => node.ping(addr, operation))
      await context.out.result({ peer: peerDump(peer), ms }, () => `${peerName(peer)} is alive: ${ms} ms`)
      return EXIT.ok
    })
  })
}
