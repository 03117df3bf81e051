import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { Killed, passed } from './killed.ts'
import { isEmpty, isResultOf, operationOf, SELF } from './operation.ts'
import type { Operation } from './operation.ts'
import type { DataDir } from '../../src/data-dir/data-dir.ts'
import type { SeededRandom } from '../routing/seeded-random.ts'

/** Writes that a writer has under way at once. */
const CONCURRENCY = 16

/** One writer in so many is killed while it opens the folder. */
const KILLED_OPENING = 10

/** Milliseconds in which a writer is killed, from when it began to open the folder or has opened it. */
const OPENING_MS = 100
const WRITING_MS = 120

export interface WriterTally {
  rounds: number
  /** Writers killed before they had opened the folder. */
  opening: number
  /** Writes that were acknowledged. */
  acknowledged: number
  /** Looks at what a slot holds after a kill. */
  checked: number
  /** What was found and should not be, in words. */
  readonly faults: string[]
}

/**
 * Kill writers at random points, and look each time whether what they were told is kept is there:
 * each slot must hold the result of the last write that was acknowledged, or of a later
 * one that was under way.
 */
export class WriterRounds {
  readonly tally: WriterTally = { rounds: 0, opening: 0, acknowledged: 0, checked: 0, faults: [] }
  readonly #dir: string
  readonly #seed: number
  readonly #random: SeededRandom
  /** The last write to each slot that is known to have lasted. */
  readonly #lasted = new Map<string, Operation>()
  #next = 0
  /** Starting takes longer than all the rest: the next one does so meanwhile. */
  #writer: Killed

  constructor (dir: string, seed: number, random: SeededRandom) {
    this.#dir = dir
    this.#seed = seed
    this.#random = random
    this.#writer = this.#startWriter()
  }

  /** Let a writer write, kill it, look. */
  async round (): Promise<void> {
    const writer = this.#writer
    this.#writer = this.#startWriter()
    writer.tell(String(this.#next))
    if (this.#random.below(KILLED_OPENING) > 0) {
      await writer.line(/^open$/)
      await passed(this.#random.below(WRITING_MS))
    } else {
      await passed(this.#random.below(OPENING_MS))
    }
    await writer.kill()
    const [opened, ...numbers] = writer.lines
    const acknowledged = numbers.map(Number)
    this.tally.rounds++
    this.tally.opening += opened == null ? 1 : 0
    this.tally.acknowledged += acknowledged.length
    await this.#look(acknowledged)
  }

  /** Let go of the writer that waits. */
  async end (): Promise<void> {
    await this.#writer.kill()
  }

  #startWriter (): Killed {
    return new Killed('./writer', [this.#dir, this.#seed, CONCURRENCY].map(String))
  }

  async #look (acknowledged: readonly number[]): Promise<void> {
    const first = this.#next
    const end = Math.max(first, ...acknowledged.map(number => number + 1)) + CONCURRENCY
    const later = new Map<string, Operation[]>()
    for (let number = first; number < end; number++) {
      const operation = operationOf(this.#seed, number)
      later.set(operation.slot, [...later.get(operation.slot) ?? [], operation])
    }
    for (const number of acknowledged) {
      const operation = operationOf(this.#seed, number)
      if (number > (this.#lasted.get(operation.slot)?.number ?? -1)) {
        this.#lasted.set(operation.slot, operation)
      }
    }
    this.#next = end
    const dir = await openDataDir({ dir: this.#dir, self: SELF })
    try {
      for (const slot of new Set([...this.#lasted.keys(), ...later.keys()])) {
        await this.#lookAt(dir, slot, later.get(slot) ?? [])
      }
    } finally {
      await dir.close()
    }
  }

  async #lookAt (dir: DataDir, slot: string, operations: readonly Operation[]): Promise<void> {
    this.tally.checked++
    const last = this.#lasted.get(slot)
    const possible = [...last == null ? [] : [last], ...operations.filter(({ number }) => number > (last?.number ?? -1))]
    for (const operation of possible) {
      if (await isResultOf(dir, this.#seed, operation)) {
        this.#lasted.set(slot, operation)
        return
      }
    }
    if (last != null || !await isEmpty(dir, possible[0])) {
      this.tally.faults.push(`round ${this.tally.rounds}: ${slot} is not as write ${last?.number ?? 'none'} left it, nor one after it`)
    }
  }
}
