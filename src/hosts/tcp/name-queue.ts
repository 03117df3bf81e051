import { lookup } from 'node:dns'
import { DialError } from '../../rpc/errors.ts'
import { MAX_NAMES_PER_DIAL } from './limits.ts'
import type { LookupFunction } from 'node:net'

/** The names that one dial may have looked up: `net.connect` takes the result. Who aborts `signal` waits no more, and is not called back. */
export type NamesOfDial = (signal: AbortSignal) => LookupFunction

/**
 * Looks up the names that strangers gave us, one at a time.
 *
 * A lookup of the operating system cannot be taken back, and Node.js makes two at once for
 * the whole process: a few dozen names whose name server is silent would hold up all other
 * lookups for minutes. So they wait here, where an aborted dial leaves, and one of
 * the two is always free for others.
 */
export class NameQueue {
  /** Begins a lookup; first come, first served. */
  readonly #waiting = new Set<() => void>()
  #isBusy = false

  /** For one dial: its first {@link MAX_NAMES_PER_DIAL} names are looked up, further ones fail. */
  forDial (): NamesOfDial {
    let names = 0
    return signal => (name, options, callback) => {
      names++
      if (names > MAX_NAMES_PER_DIAL) {
        callback(new DialError(`only ${MAX_NAMES_PER_DIAL} names of a peer are looked up`), [])
        return
      }
      this.#add(signal, onDone => {
        lookup(name, options, (err, address, family) => {
          onDone()
          callback(err, address, family)
        })
      })
    }
  }

  #add (signal: AbortSignal, work: (onDone: () => void) => void): void {
    const leave = (): void => {
      this.#waiting.delete(begin)
      signal.removeEventListener('abort', leave)
    }
    const begin = (): void => {
      leave()
      this.#isBusy = true
      work(() => {
        this.#isBusy = false
        this.#next()
      })
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#waiting.add(begin)
    this.#next()
  }

  #next (): void {
    const [begin] = this.#waiting
    if (!this.#isBusy) {
      begin?.()
    }
  }
}
