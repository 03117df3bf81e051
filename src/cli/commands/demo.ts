import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { DemoNetwork } from '../demo/network.ts'
import { networkTable, readTable, type DemoReport } from '../demo/report.ts'
import { concludeStory, growNetwork, shareLargeValue, shareValues, talkAlone, writeDumps, type Telling } from '../demo/story.ts'
import { EXIT } from '../exit-codes.ts'
import { outputOptions } from '../options.ts'
import type { OutputOptions } from '../output.ts'
import type { Context, Perform } from '../program.ts'

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
    .option('-o, --out <dir>', 'where to write the dumps (default: a new folder for temporary files)')
    .addHelpText('after', EXAMPLE)
  return outputOptions(command).action(async (options: Options) => {
    await perform(options, async context => {
      const network = new DemoNetwork()
      try {
        const report = await tellStory(options, context, network)
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
  const { good, bad, bold, dim } = out.style
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
  const dumps = await writeDumps(telling, folder ?? await mkdtemp(join(tmpdir(), 'kadmium-demo-')))
  const report = await concludeStory(telling, { reads, ...talk, dumps, ms: Math.round(performance.now() - begun) })
  await telling.chapter('The network')
  await out.text(networkTable(report.nodes))
  await telling.chapter('The lookups')
  await out.text(readTable(report.reads))
  await telling.chapter(`The dumps, as JSON and PlantUML`)
  await out.text(`${dumps.length} files, such as ${dumps[2]}`)
  const matched = reads.filter(read => read.matched).length
  await out.text(`\n${(report.ok ? good : bad)(`${matched} of ${reads.length} values read as written`)}, in ${report.ms} ms`)
  return report
}

function parseCount (text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < MIN_NODES || count > MAX_NODES) {
    throw new InvalidArgumentError(`Give a number from ${MIN_NODES} to ${MAX_NODES}.`)
  }
  return count
}
