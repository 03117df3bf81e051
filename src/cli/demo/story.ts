import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../clock/clock.ts'
import { ValueNotFoundError } from '../../dht/errors.ts'
import { lookupDump } from '../../dump/lookup.ts'
import { stateDump } from '../../dump/state.ts'
import { peerName } from '../peer-name.ts'
import { plural } from '../plural.ts'
import { writeDumpFiles } from '../write-file.ts'
import type { DemoNetwork } from './network.ts'
import type { DemoReport, ReadReport } from './report.ts'
import type { PutResult } from '../../dht/operations/put.ts'
import type { StateDump } from '../../dump/state.ts'

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

/** A root and its joiners, who then get to know each other. */
export async function growNetwork (telling: Telling, count: number): Promise<void> {
  const { network, signal, chapter, tell } = telling
  await chapter(`A network of ${plural(count, 'node')} on this machine: TCP, encrypted with TLS`)
  for (let i = 0; i < count; i++) {
    const node = await network.add(signal)
    await tell(`node ${i} listens on ${peerName(node.self)}${i === 0 ? ', the root' : `, joined through the root: ${plural(node.contacts, 'contact')}`}`)
  }
  await meetEachOther(telling)
}

/**
 * Who was dialled dials back in its own time before it takes the dialler into its
 * table. A lookup of itself by each node makes sure that this is over.
 */
async function meetEachOther ({ network, signal, tell }: Telling): Promise<void> {
  const [root, ...joiners] = network.nodes
  for (const joiner of joiners) {
    await root.ping(joiner.self, { signal })
  }
  for (const node of network.nodes) {
    await node.lookup(node.self.id, { signal })
  }
  const contacts = network.nodes.map(node => node.contacts)
  await tell(`everybody looked around: each node knows at least ${Math.min(...contacts)} of the ${joiners.length} others`)
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
  return readItem(telling, item, 0, await putItem(telling, item, 0))
}

/** What is going on inside each node. */
export async function takeStates ({ network }: Telling): Promise<StateDump[]> {
  return Promise.all(network.nodes.map(async node => stateDump(node, systemClock.now())))
}

/** The states of all nodes, and one lookup, as files in `folder`; returns their paths. */
export async function writeDumps ({ network, signal }: Telling, states: readonly StateDump[], folder: string): Promise<string[]> {
  const lookup = await network.at(0).lookup('/kv/key_0', { signal })
  const dumps = new Map<string, unknown>([
    ...states.map((state, i): [string, unknown] => [join(folder, `node-${i}.json`), state]),
    [join(folder, 'lookup.json'), lookupDump(lookup)]
  ])
  await Promise.all([...dumps].map(async ([path, dump]) => { await writeDumpFiles(dump, path) }))
  return [...dumps.keys()].flatMap(path => [path, `${path}.plantuml`])
}

/** Did everything go as it should? */
export function isAsTold ({ reads, find_node: findNode }: Pick<DemoReport, 'reads' | 'find_node'>): boolean {
  return reads.every(({ matched }) => matched) && findNode.found
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
