import type { Counter, CounterGroup, Histogram, HistogramGroup, Metric, MetricGroup, Metrics, MultiaddrConnection, Stream, Summary, SummaryGroup } from '@libp2p/interface'

/** Metrics that only count, by name and label, and count the streams of each protocol. */
export class Counters implements Metrics {
  readonly #counts = new Map<string, number>()

  /** The sum of all counters whose name matches. */
  sum (name: RegExp): number {
    return [...this.#counts].filter(([key]) => name.test(key)).reduce((total, [, count]) => total + count, 0)
  }

  trackMultiaddrConnection (_connection: MultiaddrConnection): void {}

  trackProtocolStream (stream: Stream): void {
    this.#add(`${stream.direction} ${stream.protocol}`, 1)
  }

  registerMetric (name: string): Metric {
    return this.#one(name)
  }

  registerMetricGroup (name: string): MetricGroup {
    return this.#group(name)
  }

  registerCounter (name: string): Counter {
    return this.#one(name)
  }

  registerCounterGroup (name: string): CounterGroup {
    return this.#group(name)
  }

  registerHistogram (_name: string): Histogram {
    return unobserved
  }

  registerHistogramGroup (_name: string): HistogramGroup {
    return unobserved
  }

  registerSummary (_name: string): Summary {
    return unobserved
  }

  registerSummaryGroup (_name: string): SummaryGroup {
    return unobserved
  }

  traceFunction<F> (_name: string, traced: F): F {
    return traced
  }

  createTrace (): undefined {
    return undefined
  }

  #add (key: string, count: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
  }

  #one (name: string): Metric {
    return {
      ...unobserved,
      update: value => { this.#counts.set(name, value) },
      increment: (value = 1) => { this.#add(name, value) },
      decrement: (value = 1) => { this.#add(name, -value) }
    }
  }

  #group (name: string): MetricGroup {
    return {
      ...unobserved,
      update: values => { eachOf(values, (label, value) => { this.#counts.set(`${name} ${label}`, value) }) },
      increment: values => { eachOf(values, (label, value) => { this.#add(`${name} ${label}`, value) }) },
      decrement: values => { eachOf(values, (label, value) => { this.#add(`${name} ${label}`, -value) }) }
    }
  }
}

const unobserved = {
  observe (): void {},
  reset (): void {},
  timer: () => () => {}
}

function eachOf (values: Partial<Record<string, number | true>>, use: (label: string, value: number) => void): void {
  for (const [label, value] of Object.entries(values)) {
    use(label, value === true ? 1 : value ?? 0)
  }
}
