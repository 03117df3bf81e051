/** Timers up to this long, in milliseconds, run off by themselves: libp2p debounces its events with such. */
const SHORT_MS = 100

interface Timer {
  readonly ms: number
  readonly stack: string
}

/** Notes the sockets that are opened and the timers that are set, from its making until {@link OpenHandles.restore}. */
export class OpenHandles {
  readonly #sockets: WebSocket[] = []
  readonly #timers = new Map<unknown, Timer>()
  readonly #originals = {
    WebSocket: globalThis.WebSocket,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval
  }

  constructor () {
    const { WebSocket, setTimeout, clearTimeout, setInterval, clearInterval } = this.#originals
    const sockets = this.#sockets
    const timers = this.#timers
    const note = (timer: unknown, ms: number): void => { timers.set(timer, { ms, stack: new Error('set').stack ?? '' }) }
    Object.assign(globalThis, {
      WebSocket: class extends WebSocket {
        constructor (...args: ConstructorParameters<typeof WebSocket>) {
          super(...args)
          sockets.push(this)
        }
      },
      setTimeout (task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) {
        const timer = setTimeout(() => {
          timers.delete(timer)
          task(...args)
        }, ms)
        note(timer, ms)
        return timer
      },
      clearTimeout (timer: number) {
        timers.delete(timer)
        clearTimeout(timer)
      },
      setInterval (task: () => void, ms = 0) {
        const timer = setInterval(task, ms)
        note(timer, Infinity)
        return timer
      },
      clearInterval (timer: number) {
        timers.delete(timer)
        clearInterval(timer)
      }
    })
  }

  /** How many sockets there were. */
  get sockets (): number {
    return this.#sockets.length
  }

  /** The timers that would have something done later: where each was set. */
  get timers (): string[] {
    return [...this.#timers.values()].flatMap(({ ms, stack }) => ms > SHORT_MS ? [`${ms} ms: ${stack}`] : [])
  }

  /** Resolves when every socket is closed. */
  async socketsClosed (): Promise<void> {
    await Promise.all(this.#sockets
      .filter(({ readyState }) => readyState !== WebSocket.CLOSED)
      .map(async socket => new Promise(resolve => { socket.addEventListener('close', resolve) })))
  }

  restore (): void {
    Object.assign(globalThis, this.#originals)
  }
}
