import { once } from 'node:events'
import { lstat, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { systemClock } from '../clock/clock.ts'
import { MAX_VALUE_SIZE } from '../dht/config.ts'
import { controlPath } from './control-path.ts'
import { errnoOf, LocalError, UsageError } from './errors.ts'
import type { Clock } from '../clock/clock.ts'
import type { Server, Socket } from 'node:net'

/** Characters of a request line at the most: a put carries its value in base64. */
const MAX_REQUEST_CHARS = 2 * MAX_VALUE_SIZE

/** Milliseconds that an asker may take for its request, and between two parts of the answer that it reads. How long the answer takes is for the asker to judge. */
const ASKER_TIMEOUT_MS = 30_000

/** What a socket is called until it is there for others. No longer than the name that it gets. */
const DRAFT_NAME = 'control.tmp'

/** What systems say where a file system, such as FAT, knows no sockets. */
const NO_SOCKETS = /^(EPERM|ENOTSUP|EOPNOTSUPP)$/

/** What they say where a folder, or what is mounted, has its name. */
const IN_THE_WAY = /^(EISDIR|EBUSY)$/

/** Answers a request, an object as JSON has it; `signal` is aborted when its asker has gone. */
export type ControlHandler = (request: object, signal: AbortSignal) => Promise<unknown>

/** Answers to requests, by their `type`. */
export type ControlHandlers = ReadonlyMap<string, ControlHandler>

/** Why there is no answer, as JSON. */
export interface ControlError {
  readonly name: string
  readonly message: string
}

/** A socket in a node's folder. */
export interface Control {
  /** Answer nobody any more, and take it away. */
  close (): Promise<void>
}

/**
 * Answer who asks through a socket in a folder, which only the folder's user can open. The
 * folder is one that nobody else has: a socket that is there already was left by a process
 * that was killed, and is replaced. One request a connection: a line of JSON `{"type":…}`;
 * one answer, a line of JSON.
 *
 * @throws {LocalError} there can be no socket
 */
export async function openControl (dataDir: string, handlers: ControlHandlers, clock: Clock = systemClock): Promise<Control> {
  const path = controlPath(dataDir)
  const askers = new Set<Socket>()
  const server = createServer(socket => {
    askers.add(socket)
    socket.once('close', () => { askers.delete(socket) })
    serveAsker(socket, handlers, clock)
  })
  await listen(server, path)
  const { dev, ino } = await lstat(path)
  return {
    async close () {
      askers.forEach(socket => { socket.destroy() })
      const there = await lstat(path).catch(() => undefined)
      if (there?.dev === dev && there.ino === ino) { // else the folder is gone, or another node has one of that name
        await rm(path, { force: true })
      }
      await new Promise<void>(resolve => { server.close(() => { resolve() }) })
    }
  }
}

/** When it is closed, Node.js takes away what has the name that it was made with, whosever that is: so it is made with another. */
async function listen (server: Server, path: string): Promise<void> {
  const draft = join(dirname(path), DRAFT_NAME)
  try {
    await rm(draft, { force: true })
    bindForOwner(server, draft)
    await once(server, 'listening')
    await rename(draft, path)
  } catch (cause) {
    server.close() // it would keep the process alive
    const code = errnoOf(cause) ?? String(cause)
    throw new LocalError(`cannot open ${path} (${code}): ${adviceFor(code)}`, { cause })
  }
}

function adviceFor (code: string): string {
  if (NO_SOCKETS.test(code)) {
    return 'its file system has no sockets; use a folder on another one'
  }
  return IN_THE_WAY.test(code) ? 'something else is in its place; move it away' : 'use a folder that this user can write to'
}

/** The file of a socket is made by `listen` at once: nobody else can open it even for a moment. */
function bindForOwner (server: Server, path: string): void {
  const mask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
}

function serveAsker (socket: Socket, handlers: ControlHandlers, clock: Clock): void {
  const parts: string[] = []
  let size = 0
  const gone = new AbortController()
  const destroy = (): void => { socket.destroy() }
  const cancel = clock.schedule(ASKER_TIMEOUT_MS, destroy)
  socket.setEncoding('utf8')
  socket.on('error', destroy)
  socket.once('close', () => {
    cancel()
    gone.abort()
  })
  socket.on('data', (text: string) => {
    parts.push(text)
    size += text.length
    if (text.includes('\n')) {
      cancel()
      socket.removeAllListeners('data').resume() // a socket that nobody reads never tells that its asker has gone
      void answer(parts.join(''), handlers, gone.signal).then(reply => {
        socket.setTimeout(ASKER_TIMEOUT_MS, destroy)
        socket.end(`${reply}\n`)
      })
    } else if (size > MAX_REQUEST_CHARS) {
      destroy()
    }
  })
}

/** A line of JSON. */
async function answer (line: string, handlers: ControlHandlers, signal: AbortSignal): Promise<string> {
  try {
    const request: unknown = JSON.parse(line)
    if (typeof request !== 'object' || request == null) {
      throw new UsageError('a request is an object in JSON')
    }
    const type = 'type' in request ? String(request.type) : ''
    const handler = handlers.get(type)
    if (handler == null) {
      throw new UsageError(`this node knows no request ${JSON.stringify(type)}, only ${[...handlers.keys()].join(', ')}: is it of another version?`)
    }
    return JSON.stringify({ result: await handler(request, signal) })
  } catch (err) {
    return JSON.stringify({ error: errorOf(err) })
  }
}

function errorOf (err: unknown): ControlError {
  return err instanceof Error ? { name: err.name, message: err.message } : { name: 'Error', message: String(err) }
}
