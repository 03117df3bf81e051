import { sharedController } from '../clock/shared-controller.ts'
import type { DhtEvent, OnProgress, OperationEnd } from './events.ts'
import type { Clock } from '../clock/clock.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Lookup } from '../lookup/lookup.ts'
import type { Request, Response } from '../wire/rpc.ts'

/** What a lookup needs of an answer. */
type Closer = Extract<Response, { readonly closer: readonly PeerInfo[] }>

/** Why requests in flight are given up. One for all: a `DOMException` with its stack costs more than a request. */
const LOOKUP_OVER = new Error('the lookup is over')

/** One peer's answer, as it came. */
export interface LookupAnswer<R extends Closer> {
  readonly peer: Contact
  readonly response: R
}

export interface LookupRun<R extends Closer> {
  readonly lookup: Lookup
  readonly clock: Clock
  /** What is asked of each peer, for events. */
  readonly request: Request['type']
  /** A peer that an answer names, as a contact. */
  heard (peer: PeerInfo): Contact
  /** Ask one peer. A rejection means that it failed. */
  ask (contact: Contact, signal: AbortSignal): Promise<R>
  /** Milliseconds after which the lookup stops with what it has. */
  readonly timeout: number
  /** Any of them aborts it. */
  readonly signals: ReadonlyArray<AbortSignal | undefined>
  readonly onProgress: OnProgress | undefined
}

/**
 * Drive a lookup: ask whom it wants asked, tell it what came of that, yield each
 * answer, until it is done; returns why it ended. Leaving the loop early aborts
 * what is in flight.
 *
 * @throws the reason of a signal that was aborted
 */
export async function * runLookup<R extends Closer> (run: LookupRun<R>): AsyncGenerator<LookupAnswer<R>, OperationEnd> {
  const { lookup, clock, signals } = run
  const requests = new Requests(run)
  let late = false
  const cancelDeadline = clock.schedule(run.timeout, () => {
    late = true
    lookup.stop()
    requests.wake()
  })
  const onAbort = (): void => { requests.wake() }
  signals.forEach(signal => signal?.addEventListener('abort', onAbort))
  try {
    while (true) {
      signals.forEach(signal => signal?.throwIfAborted())
      for (const answer of requests.settled()) {
        yield answer
      }
      const step = lookup.next(clock.now())
      if (step.type === 'done') {
        run.onProgress?.({ type: 'closest', closest: step.closest, reason: late ? 'deadline' : step.reason })
        return late ? 'deadline' : step.reason
      }
      if (step.type === 'ask') {
        requests.start(step.contact)
      } else {
        await requests.settledOr(step.until)
      }
    }
  } finally {
    cancelDeadline()
    signals.forEach(signal => signal?.removeEventListener('abort', onAbort))
    requests.abort()
  }
}

/** The requests of one lookup: in flight, or settled and not yet told to it. */
class Requests<R extends Closer> {
  readonly #run: LookupRun<R>
  readonly #controller = sharedController()
  #settled: Array<() => LookupAnswer<R> | undefined> = []
  #wake: (() => void) | undefined

  constructor (run: LookupRun<R>) {
    this.#run = run
  }

  /** Ask `peer`; what comes of it is told by `settled`. */
  start (peer: Contact): void {
    const { ask, clock } = this.#run
    const begun = clock.now()
    this.#emit(request => ({ type: 'asking', peer, request, hop: this.#hopOf(peer) }))
    ask(peer, this.#controller.signal).then(
      response => { this.#settle(() => this.#onResponse(peer, response, clock.now() - begun)) },
      error => { this.#settle(() => this.#onFailure(peer, error)) }
    )
  }

  /** Tell the lookup what has settled, and return the answers. */
  * settled (): Generator<LookupAnswer<R>> {
    while (this.#settled.length > 0) {
      const batch = this.#settled
      this.#settled = []
      for (const tell of batch) {
        const answer = tell()
        if (answer != null) {
          yield answer
        }
      }
    }
  }

  /** Resolves when something has settled, at the time `until`, or when woken. */
  async settledOr (until: number): Promise<void> {
    if (this.#settled.length > 0) {
      return
    }
    const { clock } = this.#run
    const cancel = until === Infinity ? undefined : clock.schedule(Math.max(0, until - clock.now()), () => { this.wake() })
    await new Promise<void>(resolve => { this.#wake = resolve })
    cancel?.()
  }

  wake (): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** Give up what is in flight. */
  abort (): void {
    this.#controller.abort(LOOKUP_OVER)
  }

  #settle (tell: () => LookupAnswer<R> | undefined): void {
    this.#settled.push(tell)
    this.wake()
  }

  #onResponse (peer: Contact, response: R, ms: number): LookupAnswer<R> {
    this.#run.lookup.onResponse(peer.key, response.closer.map(closer => this.#run.heard(closer)))
    this.#emit(request => ({ type: 'answered', peer, request, ms, response }))
    return { peer, response }
  }

  #onFailure (peer: Contact, error: Error): undefined {
    this.#run.lookup.onFailure(peer.key)
    this.#emit(request => ({ type: 'failed', peer, request, error }))
  }

  #hopOf (peer: Contact): number {
    return this.#run.lookup.candidates.find(({ contact }) => contact === peer)?.hop ?? 0
  }

  #emit (event: (request: Request['type']) => DhtEvent): void {
    this.#run.onProgress?.(event(this.#run.request))
  }
}
