import type { Socket } from 'node:net'

/**
 * Resolve at the first of `events`.
 *
 * @throws {Error} the socket's own, or one of its own when the socket closes before
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

function closedEarly (): Error {
  return new Error('the connection was closed')
}
