import type { Socket } from 'node:net'

/**
 * Resolve at the first of `events`.
 *
 * @throws {Error} the socket's own, or one of its own when the socket closes before
 */
export async function nextEvent (socket: Socket, ...events: string[]): Promise<void> {
  checkAlive(socket)
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

/**
 * What has come on a socket can be read from it even when it is gone.
 *
 * @throws {Error} the socket's own, or one of its own, if it is
 */
export function checkAlive (socket: Socket): void {
  if (socket.destroyed) {
    throw socket.errored ?? closedEarly()
  }
}

function closedEarly (): Error {
  return new Error('the connection was closed')
}
