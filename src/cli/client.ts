import { createNode, type KadNode } from '../node.ts'
import { UsageError } from './errors.ts'
import { tellProgress } from './progress.ts'
import type { ClientOptions, JoinOptions } from './options.ts'
import type { Context } from './program.ts'
import type { OperationOptions } from '../dht/events.ts'

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
 * The same, with a node that has joined the network.
 *
 * @throws {UsageError} no node to join through was given
 * @throws {NoPeersError} none of them answered
 */
export async function withJoinedClient<T> (options: ClientOptions & JoinOptions, context: Context, task: (node: KadNode, operation: OperationOptions) => Promise<T>): Promise<T> {
  const { bootstrap } = options
  if (bootstrap.length === 0) {
    throw new UsageError('no node to join through: give at least one with --bootstrap host:port')
  }
  return await withClient(options, context, async (node, operation) => {
    const { contacts, ms } = await node.join(bootstrap, operation)
    context.out.note(`joined as a client: ${contacts} contact${contacts === 1 ? '' : 's'} in ${ms} ms`)
    return await task(node, operation)
  })
}
