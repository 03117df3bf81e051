import { sharedController } from './shared-controller.ts'
import type { Cancel, Clock } from './clock.ts'

/**
 * Resolve after `ms` milliseconds of `clock`.
 *
 * @throws the signal's reason, as soon as it is aborted
 */
export async function sleep (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.schedule(ms, () => {
      unlink()
      resolve()
    })
    const unlink = onAbort(signal, reason => {
      cancel()
      reject(reason)
    })
  })
}

/** A signal with a deadline, and the way to let go of it. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Has the time run out (rather than the parent been aborted)? */
  readonly expired: boolean
  /** Abort at once, for `reason`. */
  abort (reason?: Error): void
  /** Let go of the timer and of the parent. Always call it: `finally { deadline.clear() }`. */
  clear (): void
}

/**
 * A signal that aborts with `reason()` after `ms` milliseconds of `clock`, or
 * when one of `parents` does, with its reason.
 */
export function startDeadline (clock: Clock, ms: number, reason: () => Error, ...parents: Array<AbortSignal | undefined>): Deadline {
  return new ClockDeadline(clock, ms, reason, parents)
}

// a class: the getters of a literal would make each of them an object of its own kind to V8, slow to make and to let go
class ClockDeadline implements Deadline {
  readonly #controller = sharedController()
  readonly #cancel: Cancel
  readonly #unlink: ReadonlyArray<() => void>
  #expired = false

  constructor (clock: Clock, ms: number, reason: () => Error, parents: ReadonlyArray<AbortSignal | undefined>) {
    this.#cancel = clock.schedule(ms, () => {
      this.#expired = true
      this.abort(reason())
    })
    this.#unlink = parents.map(parent => onAbort(parent, reason => { this.#controller.abort(reason) }))
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  get expired (): boolean {
    return this.#expired
  }

  abort (reason?: Error): void {
    this.#controller.abort(reason)
  }

  clear (): void {
    this.#cancel()
    this.#unlink.forEach(undo => { undo() })
  }
}

type OnAbort = (reason: unknown) => void

/** Those who are to be called when a signal is aborted. */
interface Listeners {
  readonly all: Set<OnAbort>
  /** Calls them. The signal has it while there are any: with it, some signals would stay in memory. */
  tell (): void
}

/**
 * Thousands of requests wait for the same signal, and an event target looks at every
 * listener it has to add or remove another: so it has one for all of them.
 */
const LISTENERS = new WeakMap<AbortSignal, Listeners>()

/**
 * Calls `then` with the reason when `signal` is aborted, or at once if it was. Returns the way to
 * let go of it. In Node.js far cheaper than a listener for each.
 */
export function onAbort (signal: AbortSignal | undefined, then: OnAbort): () => void {
  if (signal == null) {
    return () => {}
  }
  if (signal.aborted) {
    then(signal.reason)
    return () => {}
  }
  const { all, tell } = listenersOf(signal)
  if (all.size === 0) {
    signal.addEventListener('abort', tell, { once: true })
  }
  all.add(then)
  return () => {
    if (all.delete(then) && all.size === 0) {
      signal.removeEventListener('abort', tell)
    }
  }
}

function listenersOf (signal: AbortSignal): Listeners {
  const known = LISTENERS.get(signal)
  if (known != null) {
    return known
  }
  const all = new Set<OnAbort>()
  const listeners = { all, tell: () => { [...all].forEach(then => { then(signal.reason) }) } }
  LISTENERS.set(signal, listeners)
  return listeners
}

/**
 * Settles as `promise` does.
 *
 * @throws the reason of the first of `signals` that is aborted before
 */
export async function abortable<T> (promise: Promise<T>, ...signals: Array<AbortSignal | undefined>): Promise<T> {
  let unlink = (): void => {}
  const aborted = new Promise<never>((resolve, reject) => {
    const undo = signals.map(signal => onAbort(signal, reject))
    unlink = () => { undo.forEach(each => { each() }) }
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    unlink()
  }
}
