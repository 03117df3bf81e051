import { Argument, Command } from 'commander'
import { NoPeersError } from '../../dht/errors.ts'
import { peerDump } from '../../dump/peer.ts'
import { parseMutableKey } from '../../record/mutable-key.ts'
import { withJoinedClient } from '../client.ts'
import { RefusedError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { loadKeyFile, mutableKeyNamed } from '../key-file.ts'
import { joiningOptions } from '../options.ts'
import { plural } from '../plural.ts'
import { planPut, putPlanOptions } from '../put-plan.ts'
import { readValue, VALUE_HELP } from '../value-source.ts'
import type { MutablePutResult } from '../../dht/operations/put-mutable.ts'
import type { PutOptions, PutResult } from '../../dht/operations/put.ts'
import type { KadNode } from '../../node.ts'
import type { Perform } from '../context.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'
import type { PutPlan, PutPlanOptions } from '../put-plan.ts'

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

It prints the key with which "kadmium get" finds the value (with --json: key), and the sequence of
a mutable one. If --cas does not match, nothing is written, and it ends with 7. A key or value that
begins with - stands behind --, after all options: put --bootstrap 192.0.2.1:4001 -- weather -3C`

type Options = ClientOptions & JoinOptions & PutPlanOptions

/** What a put did; only a mutable value has a sequence. */
type Done = PutResult & Partial<Pick<MutablePutResult, 'sequence'>>

/** Puts a value of some kind. */
type Put = (node: KadNode, value: Uint8Array, how: PutOptions) => Promise<Done>

export function putCommand (perform: Perform): Command {
  const command = new Command('put')
    .description('keep a value at the nodes closest to its key')
    .usage(USAGE)
    .argument('[key]', 'the key, for a value that anyone may replace')
    .addArgument(new Argument('[value]', VALUE_HELP))
    .addHelpText('after', EXAMPLE)
  return joiningOptions(putPlanOptions(command)).action(async (_key: unknown, _value: unknown, options: Options) => {
    const plan = planPut(command, options)
    await perform(options, async context => {
      const { io, out, signal } = context
      const put = await preparePut(plan, options)
      const value = await readValue(plan.source, { stdin: io.stdin, signal })
      const done = await withJoinedClient(options, context, async (node, operation) => {
        out.note(`putting ${plural(value.byteLength, 'byte')}`)
        // this process ends: those who keep it must keep it alive
        return put(node, value, { ...operation, ttl: options.ttl, republish: false })
      })
      assertStored(done)
      await out.result(putDocument(done, value.byteLength), () => putText(done, value.byteLength))
      return EXIT.ok
    })
  })
}

/** All that can go wrong on this machine goes wrong here, before anybody is asked. */
async function preparePut (plan: PutPlan, options: PutPlanOptions): Promise<Put> {
  switch (plan.type) {
    case 'keyed':
      return async (node, value, how) => node.put(plan.key, value, how)
    case 'immutable':
      return async (node, value, how) => node.putImmutable(value, how)
    case 'mutable': {
      const privateKey = await loadKeyFile(options)
      const { salt } = parseMutableKey(mutableKeyNamed(privateKey.publicKey, plan.name))
      return async (node, value, how) => node.putMutable(privateKey, { ...how, value, salt, cas: options.cas })
    }
    default:
      plan satisfies never
      return plan
  }
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

function putDocument ({ key, sequence, storedAt, failed, lookup, ms }: Done, size: number): unknown {
  return {
    ...keyDocument(key),
    sequence: sequence ?? null,
    size,
    stored_at: storedAt.map(peerDump),
    failed: failed.map(({ peer, error }) => ({ peer: peerDump(peer), error: error.message })),
    hops: lookup.hops,
    asked: lookup.asked,
    ms
  }
}

function putText ({ key, sequence, storedAt, failed, lookup, ms }: Done, size: number): string {
  const version = sequence == null ? '' : `, sequence ${sequence},`
  const but = failed.length === 0 ? '' : `, but not at ${failed.length} that failed`
  return `stored ${plural(size, 'byte')} as ${keyDocument(key).key}${version} at ${plural(storedAt.length, 'node')}${but} (${plural(lookup.hops, 'hop')}, ${ms} ms)`
}
