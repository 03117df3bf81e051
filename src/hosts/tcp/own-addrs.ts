import { hasNewAddr } from '../../keyspace/contact.ts'
import { addressesOf } from './announce.ts'
import { INTERFACES_CHECK_MS, INTERFACES_MAX_AGE_MS } from './limits.ts'
import type { Clock } from '../../clock/clock.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { AddressInfo } from 'node:net'

const WILDCARDS = ['0.0.0.0', '::']

export interface OwnAddrsInit {
  readonly id: Uint8Array
  readonly clock: Clock
  /** What to announce, whatever the interfaces are. */
  readonly announced: readonly Uint8Array[] | undefined
  /** Where we listen now. */
  bound (): readonly AddressInfo[]
}

/** Where we can be dialled. The interfaces of a machine that moves change, and nothing tells of that: so they are looked at. */
export class OwnAddrs {
  readonly #init: OwnAddrsInit
  readonly #watches = new Set<() => void>()
  #self: PeerInfo
  #asOf = -Infinity

  constructor (init: OwnAddrsInit) {
    this.#init = init
    this.#self = { id: init.id, addrs: init.announced ?? [] }
  }

  get self (): PeerInfo {
    const { id, announced, clock, bound } = this.#init
    const now = clock.now()
    if (announced == null && (Math.abs(now - this.#asOf) >= INTERFACES_MAX_AGE_MS || this.#self.addrs.length === 0)) {
      try {
        this.#self = { id, addrs: addressesOf(bound()) }
      } catch (err) {
        if (this.#asOf === -Infinity) {
          throw err
        }
        // the machine tells again when files can be opened: until then they are as before
      }
      this.#asOf = now
    }
    return this.#self
  }

  /** Call `onChange` when there is an address that was not there {@link INTERFACES_CHECK_MS} ago. Returns the way to stop that. */
  watch (onChange: () => void): () => void {
    const { announced, clock, bound } = this.#init
    if (announced != null || !bound().some(({ address }) => WILDCARDS.includes(address))) {
      return () => {} // these stay
    }
    let { self } = this
    let cancel = (): void => {}
    const check = (): void => {
      cancel = clock.schedule(INTERFACES_CHECK_MS, () => {
        const before = self
        self = this.self
        check()
        if (hasNewAddr(self, before)) {
          onChange()
        }
      })
    }
    const stop = (): void => {
      cancel()
      this.#watches.delete(stop)
    }
    check()
    this.#watches.add(stop)
    return stop
  }

  /** Look no more. */
  stop (): void {
    this.#watches.forEach(stop => { stop() })
  }
}
