import { MemoryDatastore } from 'datastore-core'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Key } from 'interface-datastore'

/** The id of a peer with an Ed25519 key; others for other `n`. */
export function idOf (n: number): Uint8Array {
  return Uint8Array.of(0, 36, 8, 1, 0x12, 32, n >>> 16, n >>> 8, n, ...new Uint8Array(29))
}

/** A SHA-256 multihash; others for other `n`. */
export function multihashOf (n: number): Uint8Array {
  const multihash = new Uint8Array(34).fill(7)
  multihash.set([0x12, 32, n >>> 16, n >>> 8, n])
  return multihash
}

/** /ip4/10.0.0.n/tcp/4001 */
export function addrOf (n: number): Uint8Array {
  return Uint8Array.of(4, 10, 0, 0, n, 6, 0x0f, 0xa1)
}

export function peerOf (n: number, addrs: Uint8Array[] = [addrOf(n)]): PeerInfo {
  return { id: idOf(n), addrs }
}

/** A clock that stands where real ones do: years after 1970. */
export async function clockOfToday (): Promise<VirtualClock> {
  const clock = new VirtualClock()
  await clock.advance(Math.max(0, 1_700_000_000_000 - clock.now()))
  return clock
}

type Call = 'get' | 'has' | 'put' | 'delete'

/** What a disk can do to a datastore: it is slow, it fails, it counts. */
export class Disk extends MemoryDatastore {
  readonly calls = { get: 0, has: 0, put: 0, delete: 0, query: 0 }
  /** Calls that fail from now on. */
  readonly failing = new Set<Call>()
  /** Turns of the promise queue that the next call takes. */
  turns: (call: Call) => number = () => 0

  override async put (key: Key, value: Uint8Array): Promise<Key> {
    await this.#turn('put')
    return super.put(key, value)
  }

  override async get (key: Key): Promise<Uint8Array> {
    const found = super.has(key) === true ? super.get(key) : undefined
    await this.#turn('get') // what is written meanwhile comes too late
    return found ?? super.get(key)
  }

  override async has (key: Key): Promise<boolean> {
    const found = super.has(key)
    await this.#turn('has')
    return found
  }

  override async delete (key: Key): Promise<void> {
    await this.#turn('delete')
    await super.delete(key)
  }

  override query (...args: Parameters<MemoryDatastore['query']>): ReturnType<MemoryDatastore['query']> {
    this.calls.query++
    return super.query(...args)
  }

  /** All rows, by key. */
  async rows (): Promise<Map<string, Uint8Array>> {
    const rows = new Map<string, Uint8Array>()
    for await (const { key, value } of super.query({})) {
      rows.set(key.toString(), value)
    }
    return rows
  }

  async #turn (call: Call): Promise<void> {
    this.calls[call]++
    for (let left = this.turns(call); left > 0; left--) {
      await Promise.resolve()
    }
    if (this.failing.has(call)) {
      throw new Error('ENOSPC: no space left on device')
    }
  }
}

/** Keeps the lines of a log. */
export function logLines (): { lines: string[], log (format: string, ...args: unknown[]): void } {
  const lines: string[] = []
  return { lines, log: (format, ...args) => { lines.push([format, ...args.map(String)].join(' ')) } }
}

/** All of an iterable of either kind. */
export async function all<T> (source: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) {
    items.push(item)
  }
  return items
}
