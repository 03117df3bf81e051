import { enable } from '@libp2p/logger'
import { Command, Option } from 'commander'
import { systemClock } from '../../clock/clock.ts'
import { peerDump } from '../../dump/peer.ts'
import { createNode } from '../../node.ts'
import { controlHandlers } from '../control-handlers.ts'
import { openControl } from '../control-server.ts'
import { EXIT } from '../exit-codes.ts'
import { bootstrapOption, collectAddress, collectRemoteAddress, networkOptions, outputOptions, parseFolder } from '../options.ts'
import { plural } from '../plural.ts'
import { tellProgress } from '../progress.ts'
import type { KadNode } from '../../node.ts'
import type { Context, Perform } from '../context.ts'
import type { JoinOptions, NetworkOptions } from '../options.ts'
import type { Output, OutputOptions } from '../output.ts'

const EXAMPLE = `
Example:
  $ kadmium start --listen 127.0.0.1:4001 --data ~/.kadmium
  $ kadmium start --bootstrap 192.0.2.1:4001 --bootstrap 192.0.2.2:4001
  $ kadmium start --listen 0.0.0.0:4001 --announce node.example.org:4001

It runs until Ctrl-C, SIGTERM or the end of its terminal, and then ends with 0. "setsid kadmium start" outlives the
terminal; nohup does not help, since Node.js undoes what it does. With --json it prints a line of JSON for each of:
started, joined (or alone: nobody answered yet), stopped.`

/** What is shown of the log in any case, beside what DEBUG says: what befalls the data. */
const ALWAYS_LOGGED = 'kadmium:data-dir:error'

/** What each level shows of the log, as patterns of its namespaces. */
const LOG_LEVELS: ReadonlyMap<string, string> = new Map([
  ['error', 'kadmium*:error'],
  ['info', 'kadmium*'],
  ['debug', 'kadmium*,kadmium*:trace']
])

interface Options extends NetworkOptions, JoinOptions, OutputOptions {
  readonly listen?: readonly Uint8Array[]
  readonly announce?: readonly Uint8Array[]
  readonly data?: string
  readonly log?: string
}

export function startCommand (perform: Perform): Command {
  const command = new Command('start')
    .description('run a node: it keeps values, answers others, and prints its id and addresses')
    .option('-l, --listen <addr>', 'where to listen, port 0 for a free one; any number of times (default: a free port of every interface)', collectAddress)
    .option('--announce <addr>', 'where others are told to find it, if not where it listens: the address or name, and the port, of the router that forwards to it; any number of times', collectRemoteAddress)
    .option('-d, --data <dir>', 'the folder that keeps its identity, values, provider records and contacts, and where "dump", "put" and "provide" reach it (default: all in memory, with a new identity)', parseFolder)
    .addOption(new Option('--log <level>', 'log to stderr what goes on inside').choices([...LOG_LEVELS.keys()]))
    .addHelpText('after', EXAMPLE)
  return outputOptions(networkOptions(bootstrapOption(command))).action(async (options: Options) => {
    await perform(options, async context => {
      enable([LOG_LEVELS.get(options.log ?? '') ?? ALWAYS_LOGGED, context.io.env.DEBUG ?? ''].join(','))
      await runNode(options, context)
      return EXIT.ok
    })
  })
}

async function runNode (options: Options, { out, signal }: Context): Promise<void> {
  const { listen, announce, data: dataDir, network, security, allowRemotePlain, bootstrap } = options
  // it starts below, so that its addresses are told before it looks for others
  const init = { listen, announce, dataDir, network, security, allowRemotePlain, bootstrap, signal, start: false }
  const node = await createNode(init).catch(err => { if (err !== signal.reason) { throw err } }) // to be stopped while it is made is no error
  if (node != null) {
    await runUntilAborted(node, options, { out, signal })
  }
  await out.document({ type: 'stopped' })
  out.note('stopped')
}

async function runUntilAborted (node: KadNode, options: Options, { out, signal }: Pick<Context, 'out' | 'signal'>): Promise<void> {
  const { data: dataDir, network, security } = options
  try {
    await answering(node, dataDir, async () => {
      await out.result({ type: 'started', ...peerDump(node.self), network, security, data_dir: dataDir ?? null, restored: node.restored ?? null }, () => startedText(node, options))
      await joinNetwork(node, options, out, signal)
      await untilAborted(signal)
      out.note('stopping; once more kills it')
    })
  } finally {
    await node.stop()
  }
}

/** Run `task` while `node`, whose folder nobody else has, can be asked there. */
async function answering (node: KadNode, dataDir: string | undefined, task: () => Promise<void>): Promise<void> {
  const control = dataDir == null ? undefined : await openControl(dataDir, controlHandlers(node))
  try {
    await task()
  } finally {
    await control?.close()
  }
}

async function joinNetwork (node: KadNode, { bootstrap = [] }: Options, out: Output, signal: AbortSignal): Promise<void> {
  const begun = systemClock.now()
  await node.start({ signal, onProgress: event => { tellProgress(out, event) } })
    .catch(err => { if (!signal.aborted) { throw err } }) // to be stopped while it joins is no error
  if (bootstrap.length > 0 && !signal.aborted) {
    const { contacts } = node
    const ms = systemClock.now() - begun
    await out.document(contacts > 0 ? { type: 'joined', contacts, ms } : { type: 'alone', ms })
    out.note(contacts > 0
      ? `joined: ${plural(contacts, 'contact')} in ${ms} ms`
      : 'nobody answered at the bootstrap addresses: running alone, and trying again by itself')
  }
  out.note('running; Ctrl-C stops it')
}

function startedText (node: KadNode, { network, security, data }: Options): string {
  const { id, peer_id: peerId, addrs } = peerDump(node.self)
  return [
    `id        ${id}`,
    `peer id   ${peerId}`,
    `network   ${network}${security === 'plain' ? ', not encrypted' : ''}`,
    ...keptLines(node, data),
    ...addrs.map((addr, i) => `${i === 0 ? 'address ' : '        '}  ${addr}`)
  ].join('\n')
}

function keptLines ({ restored }: KadNode, data: string | undefined): string[] {
  if (data == null || restored == null) {
    return ['identity  new, and gone when the node stops; --data DIR keeps one, and all the rest']
  }
  const { values, providers, publications, contacts } = restored
  return [
    `identity  kept in ${data}, with values, provider records and contacts`,
    `restored  ${[plural(values, 'value'), plural(providers, 'provider record'), `${plural(publications, 'value')} of ours to keep alive`, plural(contacts, 'contact')].join(', ')}`
  ]
}

async function untilAborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise<void>(resolve => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
  }
}
