/**
 * Resolves when everything that can run now has run: a promise settles in a
 * microtask, and all microtasks come before the next macrotask.
 *
 * Node.js has `setImmediate`. Browsers do not; a message to oneself is their
 * macrotask that is not slowed down when nested, as timers are.
 */
export const macrotask: () => Promise<void> = typeof setImmediate === 'function'
  ? () => new Promise(resolve => { setImmediate(resolve) })
  : byMessage()

/** Macrotasks by messages over one channel, in the order asked for. It listens only while somebody waits, for a port that listens holds the process. */
export function byMessage (): () => Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const waiting: Array<() => void> = []
  const onMessage = (): void => {
    waiting.shift()?.()
    if (waiting.length === 0) {
      port1.onmessage = null
    }
  }
  return () => new Promise(resolve => {
    waiting.push(resolve)
    port1.onmessage = onMessage
    port2.postMessage(undefined)
  })
}
