import { Command } from 'commander'
import { formatRecordKey } from '../../record/key-text.ts'
import { askNode } from '../control-client.ts'
import { EXIT } from '../exit-codes.ts'
import { throughNodeOptions } from '../options.ts'
import { KEYS_HELP, parseKey } from '../record-key.ts'
import type { Perform } from '../context.ts'
import type { UnpublishDocument, UnpublishRequest } from '../control-handlers.ts'
import type { ThroughNodeOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium put greeting hello --data ~/.kadmium
  $ kadmium unpublish greeting --data ~/.kadmium

${KEYS_HELP}
The value stays where it is until its life is over.`

export function unpublishCommand (perform: Perform): Command {
  const command = new Command('unpublish')
    .description('have a running node keep a value alive no longer')
    .argument('<key>', 'the key', parseKey)
    .addHelpText('after', EXAMPLE)
  return throughNodeOptions(command).action(async (key: string | Uint8Array, options: ThroughNodeOptions) => {
    await perform(options, async ({ out, signal }) => {
      const request: UnpublishRequest = { type: 'unpublish', key: typeof key === 'string' ? key : formatRecordKey(key), timeout: options.timeout }
      const done = await askNode<UnpublishDocument>(options.data, request, signal)
      await out.result(done, () => `${done.was_published ? 'kept alive no longer' : 'was not kept alive'}: ${done.key}`)
      return EXIT.ok
    })
  })
}
