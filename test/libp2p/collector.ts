import type { Counter, CounterGroup, Histogram, HistogramGroup, Metric, MetricGroup, Metrics, Summary, SummaryGroup } from '@libp2p/interface'

type Values = Record<string, number>

interface Calculated {
  readonly label?: string
  calculate? (): unknown
}

/** A collector of metrics that keeps the numbers it is told. What the DHT has no use for it refuses. */
export class Collector implements Metrics {
  /** The names of the functions that are traced. */
  readonly traced: string[] = []
  readonly #metrics = new Map<string, NumberMetric>()
  readonly #groups = new Map<string, GroupMetric>()
  readonly #calculated = new Map<string, () => unknown>()
  readonly #labels = new Map<string, string | undefined>()

  /** What is registered. */
  get names (): string[] {
    return [...this.#metrics.keys(), ...this.#groups.keys()].sort()
  }

  /** How things stand with the group `name`. */
  group (name: string): Values {
    return { ...this.#groups.get(name)?.values }
  }

  /** The times that were taken of `key` in the group `name`. */
  times (name: string, key: string): number {
    return this.#groups.get(name)?.timed.get(key) ?? 0
  }

  /** The names of the groups whose keys are such labels. */
  labels (label: string): string[] {
    return [...this.#labels].filter(([, of]) => of === label).map(([name]) => name).sort()
  }

  /** What is calculated when asked for. */
  async calculated (name: string): Promise<unknown> {
    const calculate = this.#calculated.get(name)
    if (calculate == null) {
      throw new Error(`nothing is calculated under the name ${name}`)
    }
    return calculate()
  }

  trackMultiaddrConnection (): void {}

  trackProtocolStream (): void {}

  registerMetric (name: string, options: Calculated = {}): Metric {
    this.#calculate(name, options)
    const metric = this.#metrics.get(name) ?? new NumberMetric()
    this.#metrics.set(name, metric)
    return metric
  }

  registerMetricGroup (name: string, options: Calculated = {}): MetricGroup {
    this.#calculate(name, options)
    return this.#group(name, options)
  }

  registerCounter (name: string, options?: Calculated): Counter {
    return this.registerMetric(name, options)
  }

  registerCounterGroup (name: string, options: Calculated = {}): CounterGroup {
    return this.#group(name, options)
  }

  registerHistogram (): Histogram {
    throw new Error('the DHT has no histograms')
  }

  registerHistogramGroup (): HistogramGroup {
    throw new Error('the DHT has no histograms')
  }

  registerSummary (): Summary {
    throw new Error('the DHT has no summaries')
  }

  registerSummaryGroup (): SummaryGroup {
    throw new Error('the DHT has no summaries')
  }

  traceFunction<F> (name: string, traced: F): F {
    this.traced.push(name)
    return traced
  }

  createTrace (): undefined {
    return undefined
  }

  #calculate (name: string, { calculate }: Calculated): void {
    if (calculate != null) {
      this.#calculated.set(name, calculate)
    }
  }

  #group (name: string, { label }: Calculated): GroupMetric {
    this.#labels.set(name, label)
    const group = this.#groups.get(name) ?? new GroupMetric()
    this.#groups.set(name, group)
    return group
  }
}

class NumberMetric implements Metric {
  value = 0

  update (value: number): void {
    this.value = value
  }

  increment (by = 1): void {
    this.value += by
  }

  decrement (by = 1): void {
    this.value -= by
  }

  reset (): void {
    this.value = 0
  }

  timer (): () => void {
    return () => { this.value++ }
  }
}

class GroupMetric implements MetricGroup {
  values: Values = {}
  readonly timed = new Map<string, number>()

  update (values: Values): void {
    Object.assign(this.values, values)
  }

  increment (values: Record<string, number | true>): void {
    this.#add(values, 1)
  }

  decrement (values: Record<string, number | true>): void {
    this.#add(values, -1)
  }

  reset (): void {
    this.values = {}
  }

  timer (key: string): () => void {
    return () => { this.timed.set(key, (this.timed.get(key) ?? 0) + 1) }
  }

  #add (values: Record<string, number | true>, sign: number): void {
    for (const [key, by] of Object.entries(values)) {
      this.values[key] = (this.values[key] ?? 0) + sign * (by === true ? 1 : by)
    }
  }
}
