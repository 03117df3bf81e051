import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../../clock/clock.ts'
import { abortable, startDeadline } from '../../clock/wait.ts'
import { peerDump } from '../../dump/peer.ts'
import { TimeoutError } from '../../rpc/errors.ts'
import { withJoinedClient } from '../client.ts'
import { EXIT } from '../exit-codes.ts'
import { keyDocument } from '../key-document.ts'
import { keyFileOption, loadKeyFile, mutableKeyNamed } from '../key-file.ts'
import { joiningOptions, parseFile } from '../options.ts'
import { plural } from '../plural.ts'
import { KEYS_HELP, parseKey } from '../record-key.ts'
import { sequenceOf } from '../sequence.ts'
import { ttlText } from '../ttl.ts'
import { valueDocument } from '../value-document.ts'
import { writeWhole } from '../write-file.ts'
import type { GetResult } from '../../dht/operations/get.ts'
import type { Perform } from '../context.ts'
import type { KeyFileOptions } from '../key-file.ts'
import type { ClientOptions, JoinOptions } from '../options.ts'
import type { Output } from '../output.ts'

const USAGE = `[options] <key>
       kadmium get [options] --mutable <name>`

const EXAMPLE = `
Example:
  $ kadmium get greeting --bootstrap 192.0.2.1:4001
  hello
  $ kadmium get picture --out cat.jpg --bootstrap 192.0.2.1:4001
  $ kadmium get /immutable/QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4 --bootstrap 192.0.2.1:4001
  $ kadmium get /mutable/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq/profile --bootstrap 192.0.2.1:4001
  $ kadmium get --mutable profile --bootstrap 192.0.2.1:4001

${KEYS_HELP}
The value goes to stdout as it is, byte for byte, but for control characters on a terminal; how
many nodes agree on it, how long it has left and the sequence of a mutable one go to stderr (with
--json: agreeing, ttl_ms, sequence).`

/** Milliseconds for which a get that has told its result gives it to those who had a worse one or none. */
const MAX_LINGER_MS = 2_000

interface Options extends ClientOptions, JoinOptions, KeyFileOptions {
  readonly out?: string
  /** The name of one of our own. */
  readonly mutable?: string
  readonly quorum?: number
}

/** Whose value: one at a key, or one of our own. */
type Wanted = { readonly type: 'keyed', readonly key: string | Uint8Array } | { readonly type: 'own', readonly name: string }

export function getCommand (perform: Perform): Command {
  const command = new Command('get')
    .description('print the value at a key, or write it to a file')
    .usage(USAGE)
    .argument('[key]', 'the key')
    .option('-o, --out <file>', 'write the value there: the whole file or nothing', parseFile)
    .option('--quorum <n>', 'stop when N nodes have given a value (default: all of the closest are asked)', parseQuorum)
    .option('--mutable <name>', 'get the value that "put --mutable NAME" put with this key pair')
    .addHelpText('after', EXAMPLE)
  return joiningOptions(keyFileOption(command)).action(async (_key: unknown, options: Options) => {
    const wanted = planGet(command, options)
    await perform(options, async context => {
      const { out, signal } = context
      const key = await keyOf(wanted, options)
      await withJoinedClient(options, context, async (node, operation) => {
        const got = await node.get(key, { ...operation, quorum: options.quorum })
        await showResult(got, options, out)
        await lingerFor(got, signal)
      })
      return EXIT.ok
    })
  })
}

async function showResult (got: GetResult, { out: file }: Options, out: Output): Promise<void> {
  out.note(getText(got))
  if (file != null) {
    await writeWhole(file, got.value)
    await out.result(getDocument(got, file), () => `wrote ${plural(got.value.byteLength, 'byte')} to ${file}`)
  } else if (out.json) {
    await out.document(getDocument(got, undefined))
  } else {
    await out.raw(got.value)
  }
}

/** The result is told: now those who were behind are given it. Whoever does not want to wait for that presses Ctrl-C. */
async function lingerFor ({ passedOn }: GetResult, signal: AbortSignal): Promise<void> {
  const limit = startDeadline(systemClock, MAX_LINGER_MS, () => new TimeoutError(`not passed on within ${MAX_LINGER_MS} ms`), signal)
  try {
    await abortable(passedOn, limit.signal).catch(() => {}) // nothing is wrong with the result
  } finally {
    limit.clear()
  }
}

function planGet (command: Command, { mutable, key: file }: Options): Wanted {
  const [key] = command.args
  if (mutable != null) {
    return key == null ? { type: 'own', name: mutable } : command.error('--mutable NAME stands for the key of a value of yours: give one of them')
  }
  if (file != null) {
    command.error('--key is for mutable values of yours: give --mutable NAME, too')
  }
  return { type: 'keyed', key: key == null ? command.error('missing required argument \'key\'') : parseKey(key) }
}

async function keyOf (wanted: Wanted, options: Options): Promise<string | Uint8Array> {
  if (wanted.type === 'keyed') {
    return wanted.key
  }
  const { publicKey } = await loadKeyFile(options)
  return mutableKeyNamed(publicKey, wanted.name)
}

function getText ({ value, record, ttl, agreeing, outdated, lookup, ms }: GetResult): string {
  const sequence = sequenceOf(record)
  const facts = [
    `${plural(value.byteLength, 'byte')} from ${plural(agreeing.length, 'node')}`,
    ...outdated.length === 0 ? [] : [`${outdated.length} had an older one`],
    ...sequence == null ? [] : [`sequence ${sequence}`],
    ...ttl == null ? [] : [`${ttlText(ttl)} left`]
  ]
  return `${facts.join(', ')} (${plural(lookup.hops, 'hop')}, ${plural(lookup.asked, 'request')}, ${ms} ms)`
}

function getDocument (got: GetResult, file: string | undefined): unknown {
  const { size, sha256, ...value } = valueDocument(got.value)
  return {
    ...keyDocument(got.key),
    ...file == null ? value : { file },
    size,
    sha256,
    sequence: sequenceOf(got.record) ?? null,
    ttl_ms: got.ttl ?? null,
    agreeing: got.agreeing.map(peerDump),
    outdated: got.outdated.map(peerDump),
    hops: got.lookup.hops,
    asked: got.lookup.asked,
    failed: got.lookup.failed,
    ms: got.ms
  }
}

function parseQuorum (text: string): number {
  const quorum = /^\d+$/.test(text) ? Number(text) : 0
  if (!Number.isSafeInteger(quorum) || quorum === 0) {
    throw new InvalidArgumentError('Give a number of nodes, at least 1.')
  }
  return quorum
}
