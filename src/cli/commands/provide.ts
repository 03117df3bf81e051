import { Command } from 'commander'
import { askNode } from '../control-client.ts'
import { EXIT } from '../exit-codes.ts'
import { CID_HELP, parseContent } from '../multihash.ts'
import { throughNodeOptions } from '../options.ts'
import { plural } from '../plural.ts'
import type { Perform } from '../context.ts'
import type { ProvideDocument, ProvideRequest } from '../control-handlers.ts'
import type { Content } from '../multihash.ts'
import type { ThroughNodeOptions } from '../options.ts'

const PROVIDE_EXAMPLE = `
Example:
  $ kadmium start --data ~/.kadmium --bootstrap 192.0.2.1:4001 &
  $ kadmium provide bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy --data ~/.kadmium
  $ kadmium provide $(sha256sum cat.jpg | cut -c-64) --data ~/.kadmium

The node that runs there tells the closest nodes where it is, again and again before they forget,
also after a restart, until "kadmium unprovide". How others fetch the content from there is not
a matter of the DHT.`

const UNPROVIDE_EXAMPLE = `
Example:
  $ kadmium unprovide bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy --data ~/.kadmium

Others forget it within 48 hours.`

export function provideCommand (perform: Perform): Command {
  const command = new Command('provide')
    .description('have a running node tell others that it has some content')
    .argument('<cid>', CID_HELP, parseContent)
    .addHelpText('after', PROVIDE_EXAMPLE)
  return throughNodeOptions(command).action(async (content: Content, options: ThroughNodeOptions) => {
    await perform(options, async ({ out, signal }) => {
      const provided = await askNode<ProvideDocument>(options.data, requestOf('provide', content, options), signal)
      await out.result(provided, () => providedText(content, provided))
      return EXIT.ok
    })
  })
}

export function unprovideCommand (perform: Perform): Command {
  const command = new Command('unprovide')
    .description('have a running node tell others no longer that it has some content')
    .argument('<cid>', CID_HELP, parseContent)
    .addHelpText('after', UNPROVIDE_EXAMPLE)
  return throughNodeOptions(command).action(async (content: Content, options: ThroughNodeOptions) => {
    await perform(options, async ({ out, signal }) => {
      const ended = await askNode(options.data, requestOf('unprovide', content, options), signal)
      await out.result(ended, () => `provided no longer: ${content.name}`)
      return EXIT.ok
    })
  })
}

function requestOf (type: ProvideRequest['type'], { multihash }: Content, { timeout }: ThroughNodeOptions): ProvideRequest {
  return { type, multihash: Buffer.from(multihash).toString('base64'), timeout }
}

function providedText ({ name }: Content, { sent_to: sentTo, failed, hops, ms }: ProvideDocument): string {
  const but = failed.length === 0 ? '' : `, not ${failed.length} that failed`
  const later = sentTo.length === 0 ? '; it tries again' : ''
  return `provided ${name}: told ${plural(sentTo.length, 'node')}${but}${later} (${plural(hops, 'hop')}, ${ms} ms)`
}
