import { Argument, Command } from 'commander'
import { NoPeersError } from '../../dht/errors.ts'
import { peerDump } from '../../dump/peer.ts'
import { withJoinedClient } from '../client.ts'
import { RefusedError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { joiningOptions } from '../options.ts'
import { plural } from '../plural.ts'
import { readValue, VALUE_HELP } from '../value-source.ts'
import type { PutResult } from '../../dht/operations/put.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'

const EXAMPLE = `
Example:
  $ kadmium put greeting hello --bootstrap 192.0.2.1:4001
  $ kadmium put picture @cat.jpg --bootstrap 192.0.2.1:4001
  $ date | kadmium put now - --bootstrap 192.0.2.1:4001`

export function putCommand (perform: Perform): Command {
  const command = new Command('put')
    .description('keep a value at the nodes closest to its key')
    .argument('<key>', 'the key')
    .addArgument(new Argument('<value>', VALUE_HELP))
    .addHelpText('after', EXAMPLE)
  return joiningOptions(command).action(async (key: string, text: string, options: ClientOptions & JoinOptions) => {
    await perform(options, async context => {
      const { io, out, signal } = context
      const value = await readValue(text, { stdin: io.stdin, signal })
      const put = await withJoinedClient(options, context, async (node, operation) => {
        out.note(`putting ${plural(value.byteLength, 'byte')}`)
        return node.put(key, value, operation)
      })
      assertStored(put)
      await out.result(putDocument(put, value.byteLength), () => putText(put, value.byteLength))
      return EXIT.ok
    })
  })
}

/** A client keeps nothing itself: a value that nobody else keeps is gone. */
function assertStored ({ storedAt, failed }: PutResult): void {
  if (storedAt.length > 0) {
    return
  }
  const cause = failed[0]?.error
  if (cause == null) {
    throw new NoPeersError('nobody keeps the value: no node answered the lookup')
  }
  throw new RefusedError(`nobody keeps the value: all ${plural(failed.length, 'node')} asked failed or refused, the first because ${cause.message}`, { cause })
}

function putDocument ({ key, storedAt, failed, lookup, ms }: PutResult, size: number): unknown {
  return {
    ...keyDocument(key),
    size,
    stored_at: storedAt.map(peerDump),
    failed: failed.map(({ peer, error }) => ({ peer: peerDump(peer), error: error.message })),
    hops: lookup.hops,
    asked: lookup.asked,
    ms
  }
}

function putText ({ key, storedAt, failed, lookup, ms }: PutResult, size: number): string {
  const but = failed.length === 0 ? '' : `, but not at ${failed.length} that failed`
  return `stored ${plural(size, 'byte')} as ${keyDocument(key).key} at ${plural(storedAt.length, 'node')}${but} (${plural(lookup.hops, 'hop')}, ${ms} ms)`
}
