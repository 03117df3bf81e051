import { LINGER_MS } from './limits.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Socket } from 'node:net'

/**
 * Resolve at the first of `events`.
 *
 * @throws the socket's error, or one of its own when the socket closes before
 */
export async function nextEvent (socket: Socket, ...events: string[]): Promise<void> {
  if (socket.destroyed) {
    throw socket.errored ?? closedEarly()
  }
  await new Promise<void>((resolve, reject) => {
    const onEvent = (): void => {
      letGo()
      resolve()
    }
    const onError = (err: Error): void => {
      letGo()
      reject(err)
    }
    const onClose = (): void => { onError(closedEarly()) }
    const letGo = (): void => {
      events.forEach(event => { socket.off(event, onEvent) })
      socket.off('error', onError)
      socket.off('close', onClose)
    }
    events.forEach(event => { socket.on(event, onEvent) })
    socket.on('error', onError)
    socket.on('close', onClose)
  })
}

/** TCP sockets whose shutdown is under way: one of those must not be reset, libuv would refuse and Node.js then leak it. */
const shuttingDown = new WeakSet<Socket>()

/**
 * End our half of `socket`.
 *
 * Node.js drops what has arrived on a TLS socket but not been decrypted when its
 * write half ends. Records that came together are decrypted one by one, with our
 * code running in between: so the end waits for the next turn of the event loop,
 * when all of them are through.
 *
 * @param raw - the TCP socket underneath, or the same
 */
export function endSocket (socket: Socket, raw: Socket): void {
  const end = (): void => {
    if (!socket.writableEnded && !socket.destroyed) {
      shuttingDown.add(raw)
      socket.once('finish', () => { shuttingDown.delete(raw) })
      socket.end()
    }
  }
  if (socket === raw) {
    end()
  } else {
    setImmediate(end)
  }
}

/**
 * Take down a socket so that the other side sees a reset rather than an end.
 *
 * @param raw - the TCP socket itself, not a TLS socket around it, which cannot be reset
 */
export function resetSocket (raw: Socket): void {
  if (raw.destroyed) {
    return
  }
  if (raw.connecting || shuttingDown.has(raw)) {
    raw.destroy()
  } else {
    raw.resetAndDestroy()
  }
}

/** Reset a socket of which our half is over, unless the other side closes it within {@link LINGER_MS}. */
export function resetLater (raw: Socket, clock: Clock): void {
  if (!raw.destroyed) {
    raw.once('close', clock.schedule(LINGER_MS, () => { resetSocket(raw) }))
  }
}

/**
 * An error event that nobody listens to ends the process. Those who wait for a
 * socket hear of its errors by listeners of their own.
 */
export function surviveErrors (socket: Socket): void {
  socket.on('error', () => {})
}

function closedEarly (): Error {
  return new Error('the connection was closed')
}
