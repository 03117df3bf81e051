import { Command } from 'commander'
import { systemClock } from '../../clock/clock.ts'
import { peerDump } from '../../dump/peer.ts'
import { parsePeerText } from '../../record/multihash-text.ts'
import { withJoinedClient } from '../client.ts'
import { NotFoundError, UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { joiningOptions } from '../options.ts'
import { whereabouts } from '../peer-lines.ts'
import { peerName } from '../peer-name.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium find-peer 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq --bootstrap 192.0.2.1:4001
  /ip4/192.0.2.7/tcp/4001/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq

Each line is an address. Unless it was met on the way, that is what others say: "kadmium ping" tries it.`

type Options = ClientOptions & JoinOptions

export function findPeerCommand (perform: Perform): Command {
  const command = new Command('find-peer')
    .description('find the addresses of a peer')
    .argument('<peer id>', 'its PeerId (12D3Koo…)', parsePeerId)
    .addHelpText('after', EXAMPLE)
  return joiningOptions(command).action(async (peerId: string, options: Options) => {
    await perform(options, async context => {
      const { out } = context
      const begun = systemClock.now()
      const found = await withJoinedClient(options, context, async (node, operation) => {
        out.note(`looking for ${peerId}`)
        return node.findPeer(peerId, operation)
      })
      if (found == null) {
        throw new NotFoundError(`nobody who answered knows where ${peerId} is: clients and nodes that have left are in nobody's table`)
      }
      const { peer, from } = found
      const ms = systemClock.now() - begun
      out.note(`${from == null ? 'met it' : `${peerName(from)} knows it`} (${ms} ms)`)
      await out.result({ peer: peerDump(peer), from: from == null ? null : peerDump(from), ms }, () => whereabouts(peer).join('\n'))
      return EXIT.ok
    })
  })
}

function parsePeerId (text: string): string {
  if (parsePeerText(text) == null) {
    throw new UsageError(`${JSON.stringify(text)} is no PeerId: give one like 12D3Koo…`)
  }
  return text
}
