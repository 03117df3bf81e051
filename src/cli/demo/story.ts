import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { lookupDump } from '../../dump/lookup.ts'
import { stateDump } from '../../dump/state.ts'
import { systemClock } from '../../clock/clock.ts'
import { ValueNotFoundError } from '../../dht/errors.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { writeDumpFiles } from '../write-file.ts'
import { nodeReport, type DemoReport, type ReadReport } from './report.ts'
import type { DemoNetwork } from './network.ts'
import type { PutResult } from '../../dht/operations/put.ts'

/** Bytes of the large value: 1 MiB. */
const LARGE_BYTES = 1024 * 1024

/** What the story is told with. */
export interface Telling {
  readonly network: DemoNetwork
  readonly signal: AbortSignal
  /** A heading. */
  chapter (text: string): Promise<void>
  tell (text: string): Promise<void>
}

interface Item {
  readonly key: string
  readonly value: Uint8Array
  /** The value for people. */
  readonly shown: string
}

/** A root and its joiners. */
export async function growNetwork ({ network, signal, chapter, tell }: Telling, count: number): Promise<void> {
  await chapter(`A network of ${plural(count, 'node')} on this machine: TCP, encrypted with TLS`)
  for (let i = 0; i < count; i++) {
    const node = await network.add(signal)
    await tell(`node ${i} listens on ${peerName(node.self)}${i === 0 ? ', the root' : `, joined through the root: ${plural(node.contacts, 'contact')}`}`)
  }
}

/** Each node puts a value; then each value is read at another node. */
export async function shareValues (telling: Telling): Promise<ReadReport[]> {
  const { network, chapter } = telling
  const items = network.nodes.map((_, i): Item => ({ key: `key_${i}`, value: new TextEncoder().encode(`value_${i}`), shown: `value_${i}` }))
  await chapter('Each node puts a value')
  const puts: PutResult[] = []
  for (const [i, item] of items.entries()) {
    puts.push(await putItem(telling, item, i))
  }
  await chapter('Each value is read at another node')
  const reads: ReadReport[] = []
  for (const [i, item] of items.entries()) {
    reads.push(await readItem(telling, item, i, puts[i]))
  }
  return reads
}

/** Two nodes talk to each other alone. */
export async function talkAlone ({ network, signal, chapter, tell }: Telling): Promise<Pick<DemoReport, 'ping' | 'find_node'>> {
  const last = network.nodes.length - 1
  const [root, asker] = [network.at(0), network.at(last)]
  await chapter('Two nodes talk to each other alone')
  const { ms } = await asker.ping(root.self, { signal })
  await tell(`node ${last} pings node 0: alive, ${ms} ms`)
  const answer = await asker.findNode(root.self, root.self.id, { signal })
  const found = answer.closer.some(({ key }) => key.every((byte, i) => byte === root.self.key[i]))
  await tell(`node ${last} asks node 0 for node 0: ${found ? 'found' : 'NOT FOUND'} among ${plural(answer.closer.length, 'node')}, ${answer.ms} ms`)
  return {
    ping: { from: last, to: 0, ms },
    find_node: { from: last, at: 0, target: 0, found, closer: answer.closer.length, ms: answer.ms }
  }
}

/** A value that no datagram would carry. */
export async function shareLargeValue (telling: Telling): Promise<ReadReport> {
  const item: Item = { key: 'large', value: randomBytes(LARGE_BYTES), shown: `${LARGE_BYTES} bytes` }
  await telling.chapter('A value of 1 MiB')
  return await readItem(telling, item, 0, await putItem(telling, item, 0))
}

/** The state of every node, and one lookup, as files in `folder`; returns their paths. */
export async function writeDumps ({ network, signal }: Telling, folder: string): Promise<string[]> {
  const lookup = await network.at(0).lookup('/kv/key_0', { signal })
  const dumps = new Map<string, unknown>([['lookup.json', lookupDump(lookup)]])
  for (const [i, node] of network.nodes.entries()) {
    dumps.set(`node-${i}.json`, await stateDump(node, systemClock.now()))
  }
  const paths = [...dumps.keys()].map(name => join(folder, name))
  await Promise.all([...dumps].map(async ([name, dump]) => { await writeDumpFiles(dump, join(folder, name)) }))
  return paths.flatMap(path => [path, `${path}.plantuml`])
}

/** The end of the story. */
export async function concludeStory ({ network }: Telling, told: Omit<DemoReport, 'ok' | 'nodes'>): Promise<DemoReport> {
  return {
    ok: told.reads.every(({ matched }) => matched) && told.find_node.found,
    nodes: await Promise.all(network.nodes.map(nodeReport)),
    ...told
  }
}

async function putItem ({ network, signal, tell }: Telling, { key, value, shown }: Item, by: number): Promise<PutResult> {
  const put = await network.at(by).put(key, value, { signal })
  await tell(`node ${by} put ${key} → ${shown}: kept by ${plural(put.storedAt.length, 'other node')} (${plural(put.lookup.hops, 'hop')}, ${put.ms} ms)`)
  return put
}

async function readItem ({ network, signal, tell }: Telling, { key, value, shown }: Item, putBy: number, put: PutResult): Promise<ReadReport> {
  const readBy = (putBy + 1) % network.nodes.length
  const got = await network.at(readBy).get(key, { signal }).catch(err => {
    if (err instanceof ValueNotFoundError) {
      return undefined
    }
    throw err
  })
  const matched = got != null && Buffer.compare(got.value, value) === 0
  const result = got == null ? 'found nothing' : `got ${matched ? shown : `${plural(got.value.byteLength, 'byte')} that differ`}`
  const how = got == null ? '' : ` (node ${readBy}, ${plural(got.lookup.hops, 'hop')}, ${got.ms} ms)`
  await tell(`Looking for ${key}, ${result}${how}`)
  return {
    key,
    size: value.byteLength,
    put_by: putBy,
    stored_at: put.storedAt.length,
    put_hops: put.lookup.hops,
    put_ms: put.ms,
    read_by: readBy,
    get_hops: got?.lookup.hops ?? 0,
    get_ms: got?.ms ?? 0,
    matched
  }
}
