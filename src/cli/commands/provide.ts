import { Command } from 'commander'
import { askNode } from '../control-client.ts'
import { EXIT } from '../exit-codes.ts'
import { CID_HELP, parseContent } from '../multihash.ts'
import { throughNodeOptions } from '../options.ts'
import { plural } from '../plural.ts'
import type { Perform } from '../context.ts'
import type { ProvideDocument, ProvideRequest, UnprovideDocument } from '../control-handlers.ts'
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
  return contentCommand<ProvideDocument>(perform, 'provide', providedText)
    .description('have a running node tell others that it has some content')
    .addHelpText('after', PROVIDE_EXAMPLE)
}

export function unprovideCommand (perform: Perform): Command {
  return contentCommand<UnprovideDocument>(perform, 'unprovide', ({ name }) => `provided no longer: ${name}`)
    .description('have a running node tell others no longer that it has some content')
    .addHelpText('after', UNPROVIDE_EXAMPLE)
}

/** What a running node is asked about some content; `text` tells people what it answers. */
function contentCommand<T> (perform: Perform, type: ProvideRequest['type'], text: (content: Content, document: T) => string): Command {
  const command = new Command(type).argument('<cid>', CID_HELP, parseContent)
  return throughNodeOptions(command).action(async (content: Content, { data, timeout, ...options }: ThroughNodeOptions) => {
    await perform(options, async ({ out, signal }) => {
      const request: ProvideRequest = { type, multihash: Buffer.from(content.multihash).toString('base64'), timeout }
      const document = await askNode<T>(data, request, signal)
      await out.result(document, () => text(content, document))
      return EXIT.ok
    })
  })
}

function providedText ({ name }: Content, { sent_to: sentTo, failed, hops, ms }: ProvideDocument): string {
  const but = failed.length === 0 ? '' : `, not ${failed.length} that failed`
  const later = sentTo.length === 0 ? '; it tries again' : ''
  return `provided ${name}: told ${plural(sentTo.length, 'node')}${but}${later} (${plural(hops, 'hop')}, ${ms} ms)`
}
