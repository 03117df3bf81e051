import { systemClock } from '../clock/clock.ts'
import type { NodeCounts } from '../dht/counts.ts'
import type { Observer } from '../dht/init.ts'
import type { Kademlia } from '../dht/kademlia.ts'
import type { Bucket } from '../routing/k-bucket.ts'
import type { ClientObserver } from '../rpc/client.ts'
import type { Request } from '../wire/rpc.ts'
import type { CounterGroup, MetricGroup, Metrics } from '@libp2p/interface'

/** What is counted and timed of the service's methods. */
export type Operation = 'GET_VALUE' | 'FIND_PROVIDERS' | 'FIND_PEER' | 'GET_CLOSEST_PEERS' | 'PROVIDE' | 'PUT_VALUE'

/** What the node does by itself is timed under this. */
type Label = Operation | 'SELF_QUERY'

interface OperationMetrics {
  readonly running: MetricGroup<Label>
  readonly errors: CounterGroup<Label>
  readonly time: MetricGroup<Label>
  readonly errorTime: MetricGroup<Label>
}

/** Counts under the names that the other implementation has, so that dashboards go on. Without a collector it costs nothing. */
export class ServiceMetrics {
  /** Counts what the engine does. */
  readonly observer: Required<Pick<Observer, 'onContact' | 'onContactGone' | 'onSelfLookup'>> & Observer
  readonly #operations: OperationMetrics | undefined

  /**
   * @param metrics - the collector, if there is one
   * @param prefix - what the names begin with
   * @param dht - the engine, while it runs
   */
  constructor (metrics: Metrics | undefined, prefix: string, dht: () => Kademlia | undefined) {
    if (metrics == null) {
      this.observer = { onContact () {}, onContactGone () {}, onSelfLookup () {} }
      return
    }
    registerTable(metrics, prefix, dht)
    registerQueues(metrics, prefix, dht)
    registerRecords(metrics, prefix, dht)
    const operations: OperationMetrics = {
      running: metrics.registerMetricGroup(`${prefix}_operations_total`, { label: 'operation' }),
      errors: metrics.registerCounterGroup(`${prefix}_operation_errors_total`, { label: 'operation' }),
      time: metrics.registerMetricGroup(`${prefix}_operation_time_seconds`, { label: 'operation' }),
      errorTime: metrics.registerMetricGroup(`${prefix}_operation_error_time_seconds`, { label: 'operation' })
    }
    const bucketEvents = metrics.registerCounterGroup(`${prefix}_kad_bucket_events_total`)
    const probes = {
      newcomer: { name: 'ping_new_contact', time: metrics.registerMetricGroup(`${prefix}_routing_table_ping_new_contact_time_milliseconds`) },
      contact: { name: 'ping_old_contact', time: metrics.registerMetricGroup(`${prefix}_routing_table_ping_old_contact_time_milliseconds`) }
    }
    const reprovides = metrics.registerMetricGroup(`${prefix}_reprovide_timeout_milliseconds`)
    const sendTimes = metrics.registerMetricGroup(`${prefix}_network_message_send_times_milliseconds`)
    this.observer = {
      client: requestObserver(metrics, `${prefix}_outbound_rpc`, sendTimes),
      server: requestObserver(metrics, `${prefix}_inbound_rpc`),
      onContact () { bucketEvents.increment({ peer_added: true }) },
      onContactGone () { bucketEvents.increment({ peer_removed: true }) },
      onProbe (of, ms, error) {
        const { name, time } = probes[of]
        bucketEvents.increment({ [error == null ? name : `${name}_error`]: true })
        time.update(outcome(ms, error))
      },
      onReprovide (ms, error) { reprovides.update(outcome(ms, error)) },
      onSelfLookup ({ ms }) { operations.time.update({ SELF_QUERY: ms / 1000 }) }
    }
    this.#operations = operations
  }

  /** Do `work`, counted and timed. To be left by whoever reads its events is no failure: `isLeft` tells. */
  async measure (operation: Operation, work: () => Promise<void>, isLeft: () => boolean): Promise<void> {
    if (this.#operations == null) {
      return work()
    }
    const { running, errors, time, errorTime } = this.#operations
    const stopTimer = time.timer(operation)
    const stopErrorTimer = errorTime.timer(operation)
    running.increment({ [operation]: true })
    try {
      await work()
      stopTimer()
    } catch (err) {
      if (!isLeft()) {
        errors.increment({ [operation]: true })
        stopErrorTimer()
      }
      throw err
    } finally {
      running.decrement({ [operation]: true })
    }
  }
}

/** Counts requests by type, those that failed, and how long answers took. */
function requestObserver (metrics: Metrics, prefix: string, times?: MetricGroup): ClientObserver {
  const requests = metrics.registerCounterGroup(`${prefix}_requests_total`)
  const errors = metrics.registerCounterGroup(`${prefix}_errors_total`)
  const time = metrics.registerMetricGroup(`${prefix}_time_seconds`, { label: 'operation' })
  return {
    onRequest (type) {
      const label = messageName(type)
      const stopTimer = time.timer(label)
      const begun = systemClock.now()
      requests.increment({ [label]: true })
      return error => {
        times?.update(outcome(systemClock.now() - begun, error))
        if (error == null) {
          stopTimer()
        } else {
          errors.increment({ [label]: true })
        }
      }
    }
  }
}

/** How long something took that went well, or failed. */
function outcome (ms: number, error: unknown): { success: number } | { failure: number } {
  return error == null ? { success: ms } : { failure: ms }
}

/** `find-node` is `FIND_NODE` to libp2p. */
function messageName (type: Request['type']): string {
  return type.toUpperCase().replaceAll('-', '_')
}

/** The shape of the routing table, worked out when it is asked for. */
function registerTable (metrics: Metrics, prefix: string, dht: () => Kademlia | undefined): void {
  const register = (name: string, valueOf: (buckets: readonly Bucket[]) => number): void => {
    metrics.registerMetric(`${prefix}_routing_table_${name}`, {
      calculate: () => valueOf([...dht()?.internals.peers.table.buckets() ?? []])
    })
  }
  register('size', buckets => sum(buckets))
  register('kad_bucket_total', buckets => buckets.length)
  register('kad_bucket_average_occupancy', buckets => buckets.length === 0 ? 0 : sum(buckets) / buckets.length)
  register('kad_bucket_min_occupancy', buckets => buckets.reduce((least, { contacts }) => Math.min(least, contacts.length), buckets[0]?.contacts.length ?? 0))
  register('kad_bucket_max_occupancy', buckets => buckets.reduce((most, { contacts }) => Math.max(most, contacts.length), 0))
  register('kad_bucket_max_depth', buckets => buckets.reduce((deepest, { prefixLength }) => Math.max(deepest, prefixLength), 0))
}

function sum (buckets: readonly Bucket[]): number {
  return buckets.reduce((all, { contacts }) => all + contacts.length, 0)
}

/** What waits and what is under way to keep the routing table good and our records alive. */
function registerQueues (metrics: Metrics, prefix: string, dht: () => Kademlia | undefined): void {
  const register = (name: string, countsOf: (internals: Kademlia['internals']) => { running: number, waiting: number }): void => {
    metrics.registerMetricGroup(`${prefix}_${name}`, {
      calculate: () => {
        const internals = dht()?.internals
        const { running, waiting } = internals == null ? { running: 0, waiting: 0 } : countsOf(internals)
        return { size: running + waiting, running, queued: waiting }
      }
    })
  }
  register('routing_table_update_queue', ({ peers }) => peers.upkeep.verifications)
  register('ping_new_contact_queue', ({ peers }) => peers.upkeep.verifications)
  register('ping_old_contact_queue', ({ peers }) => peers.upkeep.checks)
  register('reprovide_queue', ({ reproviding }) => reproviding)
  metrics.registerMetric(`${prefix}_adding_peer_map`, { calculate: () => dht()?.internals.peers.upkeep.verifications.running ?? 0 })
}

/** How much is kept, what was refused and evicted, and what was done to keep it where it belongs: the other implementation does not tell. */
function registerRecords (metrics: Metrics, prefix: string, dht: () => Kademlia | undefined): void {
  const register = (name: string, countsOf: (counts: NodeCounts) => Record<string, number>): void => {
    metrics.registerMetricGroup(`${prefix}_${name}`, {
      calculate: () => {
        const counts = dht()?.counts
        return counts == null ? {} : countsOf(counts)
      }
    })
  }
  register('values', ({ values, published, held }) => ({ kept: values?.values ?? 0, published: published.values, held: held.values }))
  register('value_bytes', ({ values }) => ({ kept: values?.bytes ?? 0 }))
  register('values_dropped_total', ({ values }) => ({ refused_full: values?.refused.full ?? 0, refused_per_peer: values?.refused.perPeer ?? 0, expired: values?.expired ?? 0, corrupt: values?.corrupt ?? 0 }))
  register('provider_records', ({ providers }) => ({ rows: providers?.rows ?? 0, own: providers?.own ?? 0, keys: providers?.keys ?? 0, providers: providers?.providers ?? 0 }))
  register('provider_records_dropped_total', ({ providers }) => ({ rows: providers?.evicted.rows ?? 0, keys: providers?.evicted.keys ?? 0, per_key: providers?.evicted.perKey ?? 0, per_peer: providers?.evicted.perPeer ?? 0, expired: providers?.expired ?? 0, corrupt: providers?.corrupt ?? 0 }))
  register('value_upkeep_total', ({ upkeep: { handedOver, ...rest } }) => ({ ...rest, handed_over: handedOver }))
}
