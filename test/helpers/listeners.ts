/** How many listen to a signal. */
export interface Listeners {
  now: number
  /** At once. */
  most: number
}

/** Counts those who listen to `signal` from now on. */
export function countListeners (signal: AbortSignal): Listeners {
  const listeners = { now: 0, most: 0 }
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: [string, EventListener]) => {
    listeners.most = Math.max(listeners.most, ++listeners.now)
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: [string, EventListener]) => {
    listeners.now--
    removeEventListener.apply(signal, args)
  }
  return listeners
}
