import { copiesOf, outcomesOf, requestsOf, sent, sumOf } from './churn-counts.ts'
import { makeValue, putNext, retrieve } from './kept-values.ts'
import { Population } from './population.ts'
import type { Outcomes } from './churn-counts.ts'
import type { KeptValue, Retrieval } from './kept-values.ts'
import type { Totals } from './population.ts'
import type { KademliaInit } from '../../src/dht/init.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Of all values that have versions, the share that gets a new one between two checks. */
const UPDATED = 0.02

/** Values are put at so many moments, evenly. */
const PUTTING_STEPS = 12

export interface ChurnInit {
  readonly nodes: number
  /** Milliseconds that half of the sessions last at the most. */
  readonly median: number
  /** Milliseconds for which values are looked after. */
  readonly duration: number
  readonly values: number
  /** Milliseconds of a value's life. */
  readonly ttl: number
  /** Milliseconds between checks, and values that are got at each. */
  readonly interval: number
  readonly gets: number
  /** Milliseconds with nodes coming and going and no values, to learn what that costs. */
  readonly warmUp: number
  readonly seed: number
  /** How the nodes are set. Default: as they are by default. */
  readonly node?: Partial<KademliaInit>
  /** Ends it with what there is. */
  readonly signal?: AbortSignal
  onRow? (row: ChurnRow): void
  /** What goes on before the first check. */
  onPhase? (phase: 'joining' | 'without values' | 'putting values'): void
}

/** What one check found, the last of all values, and what happened since the one before. */
export interface ChurnRow {
  /** Milliseconds since the first value was put. */
  readonly time: number
  readonly nodes: number
  readonly joins: number
  /** Values put and not past their life. */
  readonly live: number
  readonly gets: number
  readonly outcomes: Outcomes
  /** Requests of all nodes, and of these the copies of values sent to keep them. */
  readonly requests: number
  readonly copies: number
  readonly bytes: number
}

export interface ChurnResult {
  readonly rows: readonly ChurnRow[]
  readonly gets: number
  readonly outcomes: Outcomes
  /** `found` of all gets whose asker stayed. */
  readonly found: number
  /** Requests of a node in an hour in which there are no values: joins, upkeep of the table, and gets of what is not there. */
  readonly upkeep: number
  /** Requests that each value adds in an hour, its puts not counted; of these, copies of the value sent. */
  readonly keeping: { readonly requests: number, readonly copies: number, readonly by: Readonly<Record<string, number>> }
  /** Timers left when all was stopped: none. */
  readonly left: number
}

/**
 * Values in a network whose nodes come and go: are they found for all of their life, and
 * what does that cost? Everything is drawn from the seed.
 */
export async function simulateChurn (init: ChurnInit): Promise<ChurnResult> {
  const run = new ChurnRun(init)
  await run.whole()
  return run.result()
}

class ChurnRun {
  readonly #init: ChurnInit
  readonly #population: Population
  readonly #values: KeptValue[]
  readonly #rows: ChurnRow[] = []
  /** Requests that puts of ours took. */
  #putting = 0
  #begun = 0
  #upkeep = 0
  #before: Totals
  /** When the values were there. */
  #kept: { readonly time: number, readonly totals: Totals } | undefined
  #end: Totals
  #ended = 0
  #left = 0

  constructor (init: ChurnInit) {
    const { nodes, median, seed, node = {} } = init
    this.#init = init
    this.#population = new Population({ nodes, median, seed, node })
    this.#values = Array.from({ length: init.values }, (_, n) => makeValue(n))
    this.#before = this.#population.totals
    this.#end = this.#before
  }

  async whole (): Promise<void> {
    const { onPhase, duration, signal } = this.#init
    onPhase?.('joining')
    await this.#population.begin(signal)
    onPhase?.('without values')
    await this.#warmUp()
    onPhase?.('putting values')
    await this.#putAll()
    while (!this.#isStopped() && this.#now() - this.#begun < duration) {
      await this.#check(this.#init.gets)
    }
    this.#end = this.#population.totals
    this.#ended = this.#now()
    await this.#check(this.#init.values)
    this.#left = await this.#population.stop()
  }

  result (): ChurnResult {
    const outcomes = sumOf(this.#rows.map(row => row.outcomes))
    const gets = this.#rows.reduce((sum, row) => sum + row.gets, 0)
    return {
      rows: this.#rows,
      gets,
      outcomes,
      found: outcomes.found / (gets - outcomes.left),
      upkeep: this.#upkeep,
      keeping: this.#keeping(),
      left: this.#left
    }
  }

  #isStopped (): boolean {
    return this.#init.signal?.aborted === true
  }

  #now (): number {
    return this.#population.clock.now()
  }

  /** As later, with nothing to be found: what is asked now is asked without any values. */
  async #warmUp (): Promise<void> {
    const { warmUp, interval, nodes } = this.#init
    const begun = this.#now()
    const before = this.#population.totals
    for (let n = 0; this.#now() - begun < warmUp && !this.#isStopped(); n++) {
      await this.#getEach(Array.from({ length: this.#init.gets }, (_, i) => makeValue(1_000_000 + n * 1_000 + i)))
      await this.#until(begun + (n + 1) * interval)
    }
    this.#upkeep = warmUp === 0 ? 0 : (sent(this.#population.totals) - sent(before)) / nodes / ((this.#now() - begun) / HOUR)
  }

  async #putAll (): Promise<void> {
    const { values, interval } = this.#init
    this.#begun = this.#now()
    this.#before = this.#population.totals
    for (let step = 0; step < PUTTING_STEPS && !this.#isStopped(); step++) {
      const [first, end] = [step, step + 1].map(n => Math.round(n * values / PUTTING_STEPS))
      await this.#put(this.#values.slice(first, end))
      await this.#until(this.#begun + (step + 1) * interval / PUTTING_STEPS)
    }
    this.#kept = { time: this.#now(), totals: this.#population.totals }
    this.#putting = 0
  }

  async #put (values: readonly KeptValue[]): Promise<void> {
    const results = await this.#population.clock.run(Promise.all(values.map(async value => putNext(this.#population, value, this.#init.ttl))))
    this.#putting += results.reduce((sum, result) => sum + requestsOf(result), 0)
  }

  async #check (gets: number): Promise<void> {
    const { random } = this.#population
    const begun = this.#now()
    await this.#put(this.#values.filter(({ kind }) => kind !== 'immutable' && random.fraction() < UPDATED))
    const live = this.#values.filter(({ acknowledged, expires }) => acknowledged > 0 && expires > begun)
    const sample = Array.from({ length: Math.min(gets, live.length) }, (_, i) => {
      const chosen = random.integer(i, live.length - 1)
      ;[live[i], live[chosen]] = [live[chosen], live[i]]
      return live[i]
    })
    this.#note(begun, live.length, await this.#getEach(sample))
    await this.#until(begun + this.#init.interval)
  }

  async #getEach (values: readonly KeptValue[]): Promise<Retrieval[]> {
    return this.#population.clock.run(Promise.all(values.map(async value => retrieve(this.#population, value))))
  }

  #note (time: number, live: number, retrievals: readonly Retrieval[]): void {
    const { residents, totals } = this.#population
    const row = {
      time: time - this.#begun,
      nodes: residents.size,
      joins: totals.joins - this.#before.joins,
      live,
      gets: retrievals.length,
      outcomes: outcomesOf(retrievals),
      requests: sent(totals) - sent(this.#before),
      copies: copiesOf(totals) - copiesOf(this.#before),
      bytes: totals.bytes - this.#before.bytes
    }
    this.#before = totals
    this.#rows.push(row)
    this.#init.onRow?.(row)
  }

  async #until (time: number): Promise<void> {
    await this.#population.clock.advance(time - this.#now())
  }

  #keeping (): ChurnResult['keeping'] {
    const { nodes, values } = this.#init
    const { time, totals } = this.#kept ?? { time: this.#begun, totals: this.#end }
    const hours = (this.#ended - time) / HOUR
    const perValue = (count: number): number => count / values / hours
    const { republished, replicated, handedOver, corrected, cached } = this.#end
    return {
      requests: perValue(sent(this.#end) - sent(totals) - this.#putting - this.#upkeep * nodes * hours),
      copies: perValue(copiesOf(this.#end) - copiesOf(totals)),
      by: {
        replicated: perValue(replicated - totals.replicated),
        handedOver: perValue(handedOver - totals.handedOver),
        corrected: perValue(corrected - totals.corrected),
        cached: perValue(cached - totals.cached),
        republished: perValue(republished - totals.republished)
      }
    }
  }
}
