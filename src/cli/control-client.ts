import { connect } from 'node:net'
import { resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { systemClock } from '../clock/clock.ts'
import { startDeadline } from '../clock/wait.ts'
import { TimeoutError } from '../rpc/errors.ts'
import { controlPath } from './control-path.ts'
import { errnoOf, LocalError } from './errors.ts'

/** Milliseconds that a node has to tell all it knows, unless told otherwise. */
const ASK_TIMEOUT_MS = 30_000

/**
 * The state of the node that runs in a folder, as it tells it.
 *
 * @throws {LocalError} none runs there, it may not be asked, or it ended meanwhile
 * @throws {TimeoutError} it did not answer within `timeout` ms, by default 30 s
 */
export async function askState (dataDir: string, signal: AbortSignal, timeout: number = ASK_TIMEOUT_MS): Promise<unknown> {
  const reply = parseReply(dataDir, await askInTime(dataDir, { type: 'state' }, signal, timeout))
  if (typeof reply === 'object' && reply != null && 'result' in reply) {
    return reply.result
  }
  throw new LocalError(`the node in ${resolve(dataDir)} did not tell its state: ${JSON.stringify(reply)}; is it of another version?`)
}

/** Half an answer comes from a node that ended meanwhile. */
function parseReply (dataDir: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new LocalError(`the node in ${resolve(dataDir)} did not tell its state to the end: it was stopped meanwhile`, { cause })
  }
}

async function askInTime (dataDir: string, request: unknown, signal: AbortSignal, timeout: number): Promise<string> {
  const deadline = startDeadline(systemClock, timeout, () => new TimeoutError(`the node in ${resolve(dataDir)} did not tell its state within ${timeout} ms`), signal)
  try {
    return await ask(dataDir, request, deadline.signal)
  } finally {
    deadline.clear()
  }
}

async function ask (dataDir: string, request: unknown, signal: AbortSignal): Promise<string> {
  const socket = addAbortSignal(signal, connect(controlPath(dataDir)))
  const chunks: Buffer[] = []
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const chunk of socket) {
      chunks.push(chunk)
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw new LocalError(explain(resolve(dataDir), errnoOf(cause) ?? String(cause)), { cause })
  }
  return Buffer.concat(chunks).toString('utf8')
}

function explain (dataDir: string, code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `no node runs in ${dataDir}: start one with "kadmium start --data ${dataDir}"`
    case 'EACCES':
    case 'EPERM':
      return `the node in ${dataDir} belongs to another user: ask as that user`
    default:
      return `the node in ${dataDir} cannot be asked (${code}): is it stopping?`
  }
}
