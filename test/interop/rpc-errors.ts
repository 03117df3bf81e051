import { LOG_PREFIX } from './node.ts'
import type { InteropNode } from './node.ts'

/**
 * What either side says when a request fails. Errors of a node's own housekeeping are
 * not meant, nor what the other implementation writes after each successful correction.
 */
const RPC_FAILURE = /error handling incoming message|could not send|query error|failed to accept/

/** What has gone wrong so far, to be compared with later. */
export interface Mark {
  readonly node: InteropNode
  readonly lines: number
  readonly count: number
}

export function markErrors (nodes: readonly InteropNode[]): Mark[] {
  return nodes.map(node => ({ node, lines: node.journal.mark, count: failures(node) }))
}

/** Failed requests since, as asked and as served, by counters and by log lines; one line for each node that has any. */
export function rpcErrorsSince (marks: readonly Mark[]): string[] {
  return marks.flatMap(({ node, lines, count }) => {
    const logged = node.journal.since(lines, LOG_PREFIX).filter(line => RPC_FAILURE.test(line))
    const counted = failures(node) - count
    return logged.length + counted === 0 ? [] : [`${node.kind}: ${counted} counted, ${logged.length} logged: ${[...new Set(logged)].join('; ')}`]
  })
}

/** What a server complained of since it was made: requests that it could not answer. */
export function complaints ({ counters, journal }: InteropNode): string[] {
  const counted = counters.sum(/_inbound_rpc_errors_total/)
  return [...journal.since(0, LOG_PREFIX).filter(line => line.includes('error handling incoming message')), ...(counted === 0 ? [] : [`${counted} counted`])]
}

function failures ({ counters }: InteropNode): number {
  return counters.sum(/_rpc_errors_total/)
}
