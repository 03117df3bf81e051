import type { Observer } from './init.ts'
import type { Logger } from '@libp2p/interface'

/** One with every method. */
export type GuardedObserver = Observer & Required<Omit<Observer, 'client' | 'server'>>

type Requests = NonNullable<Observer['client'] | Observer['server']>

/** The same observer, which may lack methods and be of a class. What it throws is logged, and changes nothing of what it observes. */
export function guardObserver (observer: Observer, log: Logger): GuardedObserver {
  const guard = <A extends unknown[], R> (call: (...args: A) => R) => (...args: A): R | undefined => {
    try {
      return call(...args)
    } catch (err) {
      log.error('the observer threw: %e', err)
    }
  }
  const guardRequests = (requests: Requests | undefined): Requests | undefined => requests && {
    onRequest: (type, peer) => {
      const settle = guard(() => requests.onRequest(type, peer))()
      return guard(err => settle?.(err))
    }
  }
  return {
    client: guardRequests(observer.client),
    server: guardRequests(observer.server),
    onContact: guard(contact => observer.onContact?.(contact)),
    onContactGone: guard(contact => observer.onContactGone?.(contact)),
    onProbe: guard((...probe) => observer.onProbe?.(...probe)),
    onReprovide: guard((...round) => observer.onReprovide?.(...round)),
    onSelfLookup: guard(result => observer.onSelfLookup?.(result))
  }
}
