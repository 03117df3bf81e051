import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { controlPath } from './control-path.ts'
import { errnoOf, LocalError } from './errors.ts'
import type { Server, Socket } from 'node:net'

/** Bytes of a request line at the most. */
const MAX_REQUEST_BYTES = 1_024

/** Milliseconds an asker may take for all it wants. */
const ASKER_TIMEOUT_MS = 30_000

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
export async function openControl (dataDir: string, handlers: ControlHandlers): Promise<Control> {
  const path = controlPath(dataDir)
  const askers = new Set<Socket>()
  const server = createServer(socket => {
    askers.add(socket)
    socket.once('close', () => { askers.delete(socket) })
    serveAsker(socket, handlers)
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
    throw new LocalError(`cannot open ${path} (${errnoOf(cause) ?? String(cause)}): use a folder that this user can write to`, { cause })
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

function serveAsker (socket: Socket, handlers: ControlHandlers): void {
  let line = ''
  socket.setEncoding('utf8')
  socket.setTimeout(ASKER_TIMEOUT_MS, () => { socket.destroy() })
  socket.on('error', () => { socket.destroy() })
  socket.on('data', (text: string) => {
    line += text
    if (line.includes('\n')) {
      socket.removeAllListeners('data')
      void answer(line, handlers).then(reply => { socket.end(`${JSON.stringify(reply)}\n`) })
    } else if (line.length > MAX_REQUEST_BYTES) {
      socket.destroy()
    }
  })
}

async function answer (line: string, handlers: ControlHandlers): Promise<unknown> {
  try {
    const request: unknown = JSON.parse(line)
    const type = typeof request === 'object' && request != null && 'type' in request ? String(request.type) : ''
    const handler = handlers.get(type)
    return handler == null ? { error: `unknown request ${JSON.stringify(type)}` } : { result: await handler() }
  } catch (err) {
    return { error: String(err) }
  }
}
