import { systemClock } from '../clock/clock.ts'
import { forTheRest } from '../dht/time-left.ts'
import { createNode } from '../node.ts'
import { UsageError } from './errors.ts'
import { plural } from './plural.ts'
import { tellProgress } from './progress.ts'
import type { KadNode } from '../node.ts'
import type { Context } from './context.ts'
import type { ClientOptions, JoinOptions } from './options.ts'
import type { Output } from './output.ts'
import type { DhtEvent, OperationOptions } from '../dht/events.ts'

/** Run `task` with a node that asks and never serves: nobody enters it in a table. It is stopped when the task ends. */
export async function withClient<T> (options: ClientOptions, context: Context, task: (node: KadNode, operation: OperationOptions) => Promise<T>): Promise<T> {
  const { network, security, allowRemotePlain, timeout } = options
  const node = await createNode({ mode: 'client', network, security, allowRemotePlain })
  try {
    return await task(node, { signal: context.signal, timeout, onProgress: event => { tellProgress(context.out, event) } })
  } finally {
    await node.stop()
  }
}

/**
 * The same, with a node that has joined the network. The timeout is for both.
 *
 * @throws {UsageError} no node to join through was given
 * @throws {NoPeersError} none of them answered
 * @throws {TimeoutError} joining left no time for anything else
 */
export async function withJoinedClient<T> (options: ClientOptions & JoinOptions, context: Context, task: (node: KadNode, operation: OperationOptions) => Promise<T>): Promise<T> {
  const { bootstrap = [] } = options
  if (bootstrap.length === 0) {
    throw new UsageError('no node to join through: give at least one with --bootstrap host:port')
  }
  return withClient(options, context, async (node, operation) => {
    const begun = systemClock.now()
    const { contacts, failed, ms } = await node.join(bootstrap, { ...operation, onProgress: event => { tellJoining(context.out, event) } })
    failed.forEach(({ addr, error }) => { tellProgress(context.out, { type: 'bootstrap-failed', addr, error }) })
    context.out.note(`joined as a client: ${plural(contacts, 'contact')} in ${ms} ms`)
    return task(node, forTheRest(operation, systemClock, begun, 'joining'))
  })
}

/** Addresses that fail are told once it is known that others did not; if all do, that is the error. */
function tellJoining (out: Output, event: DhtEvent): void {
  if (event.type !== 'bootstrap-failed') {
    tellProgress(out, event)
  }
}
