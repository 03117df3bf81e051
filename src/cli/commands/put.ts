import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { Argument, Command } from 'commander'
import { NoPeersError } from '../../dht/errors.ts'
import { formatRecordKey } from '../../record/key-text.ts'
import { withJoinedClient } from '../client.ts'
import { askNode } from '../control-client.ts'
import { RefusedError, UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadKeyFile, mutableKeyNamed } from '../key-file.ts'
import { dataOption, joiningOptions } from '../options.ts'
import { plural } from '../plural.ts'
import { planPut, putPlanOptions } from '../put-plan.ts'
import { performPut, putDocument, putText } from '../put-request.ts'
import { readValue, VALUE_HELP } from '../value-source.ts'
import type { PutResult } from '../../dht/operations/put.ts'
import type { Context, Perform } from '../context.ts'
import type { ClientOptions, DataOptions, JoinOptions } from '../options.ts'
import type { PutPlan, PutPlanOptions } from '../put-plan.ts'
import type { PutDocument, PutRequest } from '../put-request.ts'

const USAGE = `[options] <key> <value>
       kadmium put [options] --immutable <value>
       kadmium put [options] --mutable <name> <value>`

const EXAMPLE = `
Example:
  $ kadmium put greeting hello --bootstrap 192.0.2.1:4001
  $ kadmium put picture @cat.jpg --ttl 2d --bootstrap 192.0.2.1:4001
  $ date | kadmium put now - --bootstrap 192.0.2.1:4001
  $ kadmium put --immutable @cat.jpg --bootstrap 192.0.2.1:4001
  $ kadmium keygen
  $ kadmium put --mutable profile "it is me" --bootstrap 192.0.2.1:4001
  $ kadmium put --mutable profile "still me" --cas 1 --bootstrap 192.0.2.1:4001
  $ kadmium put greeting hello --data ~/.kadmium

With --data the node that runs there keeps the value alive: it sends it out again before its life
is over, until "kadmium unpublish". With --bootstrap nobody does.

It prints the key with which "kadmium get" finds the value (with --json: key), and the sequence of
a mutable one. If --cas does not match, nothing is written, and it ends with 7. A key or value that
begins with - stands behind --, after all options: put --bootstrap 192.0.2.1:4001 -- weather -3C`

type Options = ClientOptions & JoinOptions & DataOptions & PutPlanOptions

export function putCommand (perform: Perform): Command {
  const command = new Command('put')
    .description('keep a value at the nodes closest to its key')
    .usage(USAGE)
    .argument('[key]', 'the key, for a value that anyone may replace')
    .addArgument(new Argument('[value]', VALUE_HELP))
    .addHelpText('after', EXAMPLE)
  return joiningOptions(dataOption(putPlanOptions(command))).action(async (_key: unknown, _value: unknown, options: Options) => {
    const plan = planPut(command, options)
    await perform(options, async context => {
      const { io, out, signal } = context
      const kind = await kindOf(plan, options) // all that can go wrong on this machine goes wrong before anybody is asked
      checkWho(options)
      const value = await readValue(plan.source, { stdin: io.stdin, signal })
      const request: PutRequest = { type: 'put', kind, value: Buffer.from(value).toString('base64'), ttl: options.ttl, timeout: options.timeout }
      out.note(`putting ${plural(value.byteLength, 'byte')}`)
      const done = await (options.data == null ? putAsClient(request, options, context) : putThrough(options.data, request, context))
      await out.result(done, () => putText(done))
      return EXIT.ok
    })
  })
}

function checkWho ({ data, bootstrap }: Options): void {
  if (data != null && bootstrap != null) {
    throw new UsageError('--data has the node that runs there put it, --bootstrap a client that leaves: give one of them')
  }
  if (data == null && bootstrap == null) {
    throw new UsageError('no node to put it: give --bootstrap host:port to join through, or --data DIR for a node that runs on this machine and keeps it alive')
  }
}

async function kindOf (plan: PutPlan, options: PutPlanOptions): Promise<PutRequest['kind']> {
  switch (plan.type) {
    case 'keyed':
      return { type: 'keyed', key: typeof plan.key === 'string' ? plan.key : formatRecordKey(plan.key) }
    case 'immutable':
      return { type: 'immutable' }
    case 'mutable': {
      const keyPair = await loadKeyFile(options)
      mutableKeyNamed(keyPair.publicKey, plan.name) // or its name is none
      return { type: 'mutable', key_pair: Buffer.from(privateKeyToProtobuf(keyPair)).toString('base64'), name: plan.name, cas: options.cas }
    }
    default:
      plan satisfies never
      return plan
  }
}

async function putAsClient (request: PutRequest, options: Options, context: Context): Promise<PutDocument> {
  // this process ends: those who keep it must keep it alive
  const done = await withJoinedClient(options, context, async (node, operation) => performPut(node, request, { ...operation, republish: false }))
  assertStored(done)
  return putDocument(done, request)
}

/** Have a running node do it. If nobody else keeps the value, it does, and goes on trying. */
async function putThrough (data: string, request: PutRequest, { out, signal }: Context): Promise<PutDocument> {
  const done = await askNode<PutDocument>(data, request, signal)
  out.note(done.stored_at.length > 0 ? 'the node keeps it alive' : 'the node keeps it, and nobody else does yet: it tries again')
  return done
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
