import { connect } from 'node:net'
import { resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { systemClock } from '../clock/clock.ts'
import { startDeadline } from '../clock/wait.ts'
import { GET_DEADLINE_MS, PUT_DEADLINE_MS } from '../dht/deadlines.ts'
import { TimeoutError } from '../rpc/errors.ts'
import { controlPath } from './control-path.ts'
import { AnsweredError, errnoOf, LocalError } from './errors.ts'
import type { ControlError } from './control-server.ts'
import type { Clock } from '../clock/clock.ts'

/** Milliseconds that a node has to tell all it knows, unless told otherwise. */
const STATE_TIMEOUT_MS = 30_000

/** The same for what it is to do, which ends by itself before that: a mutable value is looked for before it is put. */
const WORK_TIMEOUT_MS = GET_DEADLINE_MS + PUT_DEADLINE_MS + STATE_TIMEOUT_MS

/** The part of a given time that a node has for its work at the least, and milliseconds that are left for its answer at the most: it is to be here in time. */
const WORK_SHARE = 0.9
const MAX_ANSWER_MS = 1_000

/** What a node is asked through its folder, as JSON. */
export interface ControlRequest {
  readonly type: string
  /** Milliseconds that the answer may take. */
  readonly timeout?: number | undefined
}

/**
 * What the node that runs in a folder answers. Aborting ends what it does for us.
 *
 * @throws {LocalError} none runs there, it may not be asked, or it ended meanwhile
 * @throws {AnsweredError} it answered with an error
 * @throws {TimeoutError} it did not answer within `timeout` ms, by default 30 s for its state, 330 s for what it is to do
 */
export async function askNode<T = unknown> (dataDir: string, request: ControlRequest, signal: AbortSignal, clock: Clock = systemClock): Promise<T> {
  const { type, timeout = type === 'state' ? STATE_TIMEOUT_MS : WORK_TIMEOUT_MS } = request
  const deadline = startDeadline(clock, timeout, () => new TimeoutError(`the node in ${resolve(dataDir)} did not answer within ${timeout} ms`), signal)
  try {
    return answerIn(dataDir, parseReply<T>(dataDir, await ask(dataDir, { ...request, timeout: workTime(request) }, deadline.signal)))
  } finally {
    deadline.clear()
  }
}

function workTime ({ timeout }: ControlRequest): number | undefined {
  return timeout == null ? undefined : Math.ceil(Math.max(WORK_SHARE * timeout, timeout - MAX_ANSWER_MS))
}

interface Reply<T> {
  readonly result?: T
  readonly error?: ControlError
}

function answerIn<T> (dataDir: string, { result, error }: Reply<T>): T {
  if (error != null) {
    throw new AnsweredError(`the node in ${resolve(dataDir)} says: ${error.message}`, error.name)
  }
  return result as T
}

/** Half an answer comes from a node that ended meanwhile. */
function parseReply<T> (dataDir: string, text: string): Reply<T> {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new LocalError(`the node in ${resolve(dataDir)} did not answer to the end: it was stopped meanwhile`, { cause })
  }
}

async function ask (dataDir: string, request: ControlRequest, signal: AbortSignal): Promise<string> {
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
