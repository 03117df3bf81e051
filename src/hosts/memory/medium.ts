import { Random } from './random.ts'
import type { NetworkEvent } from './event.ts'
import type { MemoryHost } from './host.ts'
import type { Cancel, Clock } from '../../clock/clock.ts'

/**
 * How long anything takes one way, in milliseconds: always the same, a whole number
 * drawn anew for each message from `[min, max]`, or what a function of the two hosts'
 * numbers says.
 */
export type Latency = number | readonly [min: number, max: number] | ((from: number, to: number) => number)

/** What a network has done so far. */
export interface NetworkCounters {
  /** Dials made, whatever became of them. */
  dials: number
  /** Messages sent on streams. What is written at one instant travels as one, up to 64 KiB. */
  messages: number
  /** Bytes in these messages. */
  bytes: number
  /** Dials, answers to them and messages that did not arrive. */
  lost: number
}

export interface MediumInit {
  clock: Clock
  seed: number
  latency: Latency
  loss: number
  log?(event: NetworkEvent): void
}

/** What lies between the hosts: time, distance, luck, and who can reach whom. */
export class Medium {
  readonly clock: Clock
  readonly counters: NetworkCounters = { dials: 0, messages: 0, bytes: 0, lost: 0 }
  /** The hosts that run. */
  readonly hosts = new Map<number, MemoryHost>()
  /** The hosts that are gone without a word: what is sent to them is lost. */
  readonly crashed = new Set<number>()
  /** On which side of the partition a host is, while there is one. Who is not in it is on a side with the others who are not. */
  sides: ReadonlyMap<number, number> = new Map()

  readonly #random: Random
  readonly #latency: Latency
  readonly #loss: number
  readonly #log?: (event: NetworkEvent) => void
  readonly #underway = new Set<Cancel>()

  constructor (init: MediumInit) {
    this.clock = init.clock
    this.#random = new Random(init.seed)
    this.#latency = init.latency
    this.#loss = init.loss
    this.#log = init.log
  }

  /** How long the next thing from `from` to `to` takes: milliseconds. */
  latency (from: number, to: number): number {
    const latency = this.#latency
    if (typeof latency === 'number') {
      return latency
    }
    return typeof latency === 'function' ? latency(from, to) : this.#random.integer(latency[0], latency[1])
  }

  /** Is the next thing sent lost for bad luck? */
  loses (): boolean {
    return this.#loss > 0 && this.#random.fraction() < this.#loss
  }

  /** Does what `from` has sent arrive at `to`, if it is not lost for bad luck? */
  reaches (from: number, to: number): boolean {
    return !this.crashed.has(to) && this.sides.get(from) === this.sides.get(to)
  }

  /** Call `arrive` in `ms` milliseconds, unless the network is stopped before. */
  carry (ms: number, arrive: () => void): Cancel {
    const cancel = this.clock.schedule(ms, () => {
      this.#underway.delete(cancel)
      arrive()
    })
    this.#underway.add(cancel)
    return () => {
      this.#underway.delete(cancel)
      cancel()
    }
  }

  /** Drop all that is under way. */
  stop (): void {
    this.#underway.forEach(cancel => { cancel() })
    this.#underway.clear()
  }

  record (type: NetworkEvent['type'], from: number, to: number, bytes: number = 0): void {
    if (type === 'lost') {
      this.counters.lost++
    }
    this.#log?.({ type, time: this.clock.now(), from, to, bytes })
  }
}
