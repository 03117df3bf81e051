import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { systemClock } from '../clock/clock.ts'
import { controlPath } from './control-path.ts'
import { errnoOf, LocalError } from './errors.ts'
import type { Clock } from '../clock/clock.ts'
import type { Server, Socket } from 'node:net'

/** Bytes of a request line at the most. */
const MAX_REQUEST_BYTES = 1_024

/** Milliseconds that an asker may take for its request, and between two parts of the answer that it reads. How long the answer takes is for the asker to judge. */
const ASKER_TIMEOUT_MS = 30_000

/** What systems say where a file system, such as FAT, knows no sockets. */
const NO_SOCKETS = /^(EPERM|ENOTSUP|EOPNOTSUPP)$/

/** Answers to one request, by its `type`. */
export type ControlHandlers = ReadonlyMap<string, () => Promise<unknown>>

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
  return {
    async close () {
      askers.forEach(socket => { socket.destroy() })
      // takes the socket's file away, too
      await new Promise<void>(resolve => { server.close(() => { resolve() }) })
    }
  }
}

async function listen (server: Server, path: string): Promise<void> {
  try {
    await rm(path, { force: true })
    bindForOwner(server, path)
    await once(server, 'listening')
  } catch (cause) {
    const code = errnoOf(cause) ?? String(cause)
    throw new LocalError(`cannot open ${path} (${code}): ${NO_SOCKETS.test(code) ? 'its file system has no sockets; use a folder on another one' : 'use a folder that this user can write to'}`, { cause })
  }
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
  let line = ''
  const destroy = (): void => { socket.destroy() }
  const cancel = clock.schedule(ASKER_TIMEOUT_MS, destroy)
  socket.setEncoding('utf8')
  socket.on('error', destroy)
  socket.once('close', cancel)
  socket.on('data', (text: string) => {
    line += text
    if (line.includes('\n')) {
      cancel()
      socket.removeAllListeners('data')
      void answer(line, handlers).then(reply => {
        socket.setTimeout(ASKER_TIMEOUT_MS, destroy)
        socket.end(`${reply}\n`)
      })
    } else if (line.length > MAX_REQUEST_BYTES) {
      destroy()
    }
  })
}

/** A line of JSON. */
async function answer (line: string, handlers: ControlHandlers): Promise<string> {
  try {
    const request: unknown = JSON.parse(line)
    const type = typeof request === 'object' && request != null && 'type' in request ? String(request.type) : ''
    const handler = handlers.get(type)
    return JSON.stringify(handler == null ? { error: `unknown request ${JSON.stringify(type)}` } : { result: await handler() })
  } catch (err) {
    return JSON.stringify({ error: String(err) })
  }
}
