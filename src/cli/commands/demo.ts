import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { DemoNetwork } from '../demo/network.ts'
import { networkTable, nodeReport, readTable } from '../demo/report.ts'
import { growNetwork, isAsTold, shareLargeValue, shareValues, takeStates, talkAlone, writeDumps } from '../demo/story.ts'
import { errnoOf, LocalError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { outputOptions, parseFolder } from '../options.ts'
import { plural } from '../plural.ts'
import type { Context, Perform } from '../context.ts'
import type { DemoReport } from '../demo/report.ts'
import type { Telling } from '../demo/story.ts'
import type { Output, OutputOptions } from '../output.ts'

const MIN_NODES = 2

/** More would rather try the machine than show the network. */
const MAX_NODES = 100

const EXAMPLE = `
Example:
  $ kadmium demo
  $ kadmium demo --nodes 30 --out ./demo

It ends with 0 only if every value was read as it was written, else with 1.`

interface Options extends OutputOptions {
  readonly nodes: number
  readonly out?: string
}

export function demoCommand (perform: Perform): Command {
  const command = new Command('demo')
    .description('run a whole network on this machine: put, get, ping, find-node, a large value, dumps')
    .option('-n, --nodes <count>', `how many nodes, ${MIN_NODES} to ${MAX_NODES}`, parseCount, 10)
    .option('-o, --out <dir>', 'where to write the dumps (default: a new folder for temporary files)', parseFolder)
    .addHelpText('after', EXAMPLE)
  return outputOptions(command).action(async (options: Options) => {
    await perform(options, async context => {
      const network = new DemoNetwork()
      try {
        const report = await tellStory(options, context, network)
        await showReport(report, context.out)
        await context.out.document(report)
        return report.ok ? EXIT.ok : EXIT.unexpected
      } finally {
        await network.stop()
      }
    })
  })
}

async function tellStory ({ nodes, out: folder }: Options, { out, signal }: Context, network: DemoNetwork): Promise<DemoReport> {
  const begun = performance.now()
  const { bold, dim } = out.style
  const telling: Telling = {
    network,
    signal,
    chapter: async text => { await out.text(`\n${bold(text)}`) },
    tell: async text => { await out.text(text.replace(/\([^()]*\)$/, dim)) }
  }
  await growNetwork(telling, nodes)
  const shared = await shareValues(telling)
  const talk = await talkAlone(telling)
  const reads = [...shared, await shareLargeValue(telling)]
  const states = await takeStates(telling)
  const dumps = await writeDumps(telling, states, folder ?? await temporaryFolder())
  const told = { nodes: states.map(nodeReport), reads, ...talk, dumps, ms: Math.round(performance.now() - begun) }
  return { ok: isAsTold(told), ...told }
}

async function temporaryFolder (): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'kadmium-demo-'))
  } catch (cause) {
    throw new LocalError(`cannot make a folder for the dumps in ${tmpdir()} (${errnoOf(cause) ?? String(cause)}): set TMPDIR to one that this user can write to, or give --out DIR`, { cause })
  }
}

async function showReport (report: DemoReport, out: Output): Promise<void> {
  const { good, bad, bold } = out.style
  const matched = report.reads.filter(read => read.matched).length
  await out.text([
    '',
    bold('The network'),
    networkTable(report.nodes),
    '',
    bold('The lookups'),
    readTable(report.reads),
    '',
    bold('The dumps, as JSON and PlantUML'),
    `${plural(report.dumps.length, 'file')}, such as ${report.dumps[0]}`,
    '',
    `${(report.ok ? good : bad)(`${matched} of ${report.reads.length} values read as written`)}, in ${report.ms} ms`
  ].join('\n'))
}

function parseCount (text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < MIN_NODES || count > MAX_NODES) {
    throw new InvalidArgumentError(`Give a number from ${MIN_NODES} to ${MAX_NODES}.`)
  }
  return count
}
