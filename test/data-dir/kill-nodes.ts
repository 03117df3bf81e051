import { createNode } from '../../src/node.ts'
import { Killed, passed } from './killed.ts'
import type { KadNode } from '../../src/node.ts'
import type { SeededRandom } from '../routing/seeded-random.ts'

/** Values on their way to the node at once. */
const CONCURRENCY = 8

/** Milliseconds from the first value until it is killed, at the least and at the most. */
const MIN_STORING_MS = 100
const MAX_STORING_MS = 1_000

export interface NodeTally {
  nodes: number
  /** Values whose PUT_VALUE was answered. */
  acknowledged: number
  readonly faults: string[]
}

/**
 * Run `kadmium start --data`, have another node put values to it over TCP, kill it, start
 * it again, and ask it for all the values that it ever acknowledged.
 */
export class NodeRounds {
  readonly tally: NodeTally = { nodes: 0, acknowledged: 0, faults: [] }
  readonly #dir: string
  readonly #random: SeededRandom
  readonly #values = new Map<string, string>()
  #next = 0

  constructor (dir: string, random: SeededRandom) {
    this.#dir = dir
    this.#random = random
  }

  async round (): Promise<void> {
    const asker = await createNode({ mode: 'client' })
    const node = new Killed('../../src/cli/main', this.#start)
    try {
      const addr = await addressOf(node)
      await asker.ping(addr)
      const stored = this.#storeAll(asker, addr)
      await passed(MIN_STORING_MS + this.#random.below(MAX_STORING_MS - MIN_STORING_MS))
      await node.kill()
      await stored
      this.tally.nodes++
    } finally {
      await asker.stop()
    }
    await this.#look()
  }

  get #start (): string[] {
    return ['start', '--json', '--listen', '127.0.0.1:0', '--data', this.#dir]
  }

  /** Until the node answers no more. */
  async #storeAll (asker: KadNode, addr: string): Promise<void> {
    await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
      while (true) {
        const number = this.#next++
        const value = `${number} `.repeat(1 + this.#random.below(1_000))
        try {
          await asker.store(addr, `key ${number}`, value)
        } catch {
          return // it was killed
        }
        this.#values.set(`key ${number}`, value)
        this.tally.acknowledged++
      }
    }))
  }

  async #look (): Promise<void> {
    const asker = await createNode({ mode: 'client' })
    const node = new Killed('../../src/cli/main', this.#start)
    try {
      const addr = await addressOf(node)
      for (const [key, expected] of this.#values) {
        const { value } = await asker.findValue(addr, key)
        if (value == null || new TextDecoder().decode(value) !== expected) {
          this.tally.faults.push(`node ${this.tally.nodes}: ${key} is ${value == null ? 'gone' : 'wrong'}`)
        }
      }
    } finally {
      await node.kill()
      await asker.stop()
    }
  }
}

async function addressOf (node: Killed): Promise<string> {
  const { addrs } = JSON.parse(await node.line(/"started"/))
  return addrs[0]
}
