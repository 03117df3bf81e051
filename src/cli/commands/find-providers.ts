import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../../clock/clock.ts'
import { peerDump } from '../../dump/peer.ts'
import { multihashText } from '../../record/multihash-text.ts'
import { withJoinedClient } from '../client.ts'
import { NotFoundError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { CID_HELP, parseContent } from '../multihash.ts'
import { joiningOptions } from '../options.ts'
import { whereabouts } from '../peer-lines.ts'
import { plural } from '../plural.ts'
import type { FoundProvider } from '../../dht/operations/find-providers.ts'
import type { Perform } from '../context.ts'
import type { Content } from '../multihash.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium find-providers bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy --bootstrap 192.0.2.1:4001
  /ip4/192.0.2.7/tcp/4001/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq

Each line is an address of a provider; of one whose address nobody knows, /p2p/ and its id. That
they have it is what others say.`

interface Options extends ClientOptions, JoinOptions {
  readonly limit?: number
}

export function findProvidersCommand (perform: Perform): Command {
  const command = new Command('find-providers')
    .description('find the nodes that say they have some content')
    .argument('<cid>', CID_HELP, parseContent)
    .option('--limit <n>', 'stop at so many; 0: find all there are (default: 20)', parseLimit)
    .addHelpText('after', EXAMPLE)
  return joiningOptions(command).action(async (content: Content, options: Options) => {
    await perform(options, async context => {
      const { out } = context
      const begun = systemClock.now()
      const found = await withJoinedClient(options, context, async (node, operation) => {
        out.note(`looking for providers of ${content.name}`)
        const providers: FoundProvider[] = []
        for await (const provider of node.findProviders(content.multihash, { ...operation, limit: options.limit })) {
          providers.push(provider)
        }
        return providers
      })
      if (found.length === 0) {
        throw new NotFoundError(`nobody who answered knows a provider of ${content.name}: check the CID; providers are forgotten after 48 hours unless they tell again`)
      }
      const ms = systemClock.now() - begun
      out.note(`${plural(found.length, 'provider')} found (${ms} ms)`)
      await out.result(findProvidersDocument(content, found, ms), () => found.flatMap(({ provider }) => whereabouts(provider)).join('\n'))
      return EXIT.ok
    })
  })
}

function findProvidersDocument ({ multihash }: Content, found: readonly FoundProvider[], ms: number): unknown {
  return {
    multihash: multihashText(multihash),
    providers: found.map(({ provider, from }) => ({ ...peerDump(provider), from: from == null ? null : peerDump(from) })),
    ms
  }
}

function parseLimit (text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(limit)) {
    throw new InvalidArgumentError('Give a number of providers, or 0 for all.')
  }
  return limit
}
