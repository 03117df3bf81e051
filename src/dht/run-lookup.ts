import { sharedController } from '../clock/shared-controller.ts'
import { onAbort } from '../clock/wait.ts'
import { Watchdog } from '../clock/watchdog.ts'
import { keyOfPeer } from '../keyspace/contact.ts'
import { DialError, TimeoutError } from '../rpc/errors.ts'
import { areNamedAlike } from '../wire/peers.ts'
import { Elsewhere } from './elsewhere.ts'
import type { OnProgress, OperationEnd } from './events.ts'
import type { Clock } from '../clock/clock.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'
import type { Lookup, LookupStep } from '../lookup/lookup.ts'
import type { Patience } from '../rpc/waiting.ts'
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
  readonly clock: Clock
  /** What is asked of each peer, for events. */
  readonly request: Request['type']
  /** What says whom to ask. */
  readonly lookup: Lookup
  /** Resolves when it may begin, and has its seeds. */
  begin (): Promise<void>
  /** Once it has begun: nobody waits for its next answer, or somebody does again. It rests when it is over. */
  rest? (): void
  goOn? (): void
  /** A peer that an answer names, as a contact. */
  heard (peer: PeerInfo): Contact
  /** Ask one peer, about the target, or `about` that peer. A rejection means that it failed. When it is late it is asked on, even past the end of the lookup. */
  ask (contact: Contact, patience: Patience, about?: Contact): Promise<R>
  /** A peer failed, or is late. Where we know it ourselves, if at all, as long as no stream to it is open; undefined: it was reached. Default: undefined. */
  unreached? (contact: Contact): readonly PeerInfo[] | undefined
  /** When the lookup stops with what it has: milliseconds since the Unix epoch. */
  readonly deadline: number
  /** Any of them aborts it. */
  readonly signals: ReadonlyArray<AbortSignal | undefined>
  readonly onProgress: OnProgress | undefined
}

type Result<R extends Closer> = IteratorResult<LookupAnswer<R>, OperationEnd>

/**
 * Drives a lookup: asks whom it wants asked, tells it what came of that, and gives each
 * answer, until it is done; then it tells why it ended. It begins with the first `next`.
 * Leaving the loop early aborts what is in flight. `next` rejects with the reason of a
 * signal that was aborted.
 *
 * An iterator of its own rather than a generator in another: what waits between two of
 * these costs more than taking an answer.
 */
export class LookupDriver<R extends Closer> implements AsyncIterableIterator<LookupAnswer<R>, OperationEnd> {
  readonly #run: LookupRun<R>
  readonly #controller = sharedController()
  /** Told what came of requests in flight, which the lookup does not know yet. */
  readonly #settled: Array<() => LookupAnswer<R> | undefined> = []
  readonly #elsewhere: Elsewhere
  /** Those that are asked elsewhere by now. */
  readonly #superseded = new Set<Contact>()
  readonly #wake = (): void => { this.#onWake?.() }
  #onWake: (() => void) | undefined
  #hasBegun = false
  /** Nobody waits for its next answer. */
  #isResting = true
  /** Bites when a peer turns out slow. */
  readonly #slow: Watchdog
  /** The lookup has been told of all answers that came before (ms). */
  #toldUntil = 0
  #cancelDeadline = (): void => {}
  /** Lets go of the signals. */
  #unlink: ReadonlyArray<() => void> = []
  #timeIsUp = false
  #over: OperationEnd | undefined

  constructor (run: LookupRun<R>) {
    this.#run = run
    this.#elsewhere = new Elsewhere(run.heard)
    this.#slow = new Watchdog(run.clock, readUntil => {
      this.#toldUntil = readUntil
      this.#wake()
    })
  }

  /** Why it ended; `stopped` while it goes on. */
  get end (): OperationEnd {
    return this.#over ?? 'stopped'
  }

  async next (): Promise<Result<R>> {
    try {
      if (this.#hasBegun) {
        this.#goOn()
      } else if (this.#over == null) {
        await this.#begin()
      }
      while (this.#over == null) {
        this.#run.signals.forEach(signal => signal?.throwIfAborted())
        const answer = this.#takeAnswer()
        if (answer != null) {
          return { done: false, value: answer }
        }
        await this.#step()
      }
      return { done: true, value: this.#over }
    } catch (err) {
      this.#end('stopped')
      throw err
    } finally {
      this.#rest()
    }
  }

  /** Nobody wants more of it. */
  async return (): Promise<Result<R>> {
    this.#end('stopped')
    return { done: true, value: 'stopped' }
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  async #begin (): Promise<void> {
    const { clock, deadline, signals, lookup, begin } = this.#run
    await begin()
    this.#isResting = false
    if (this.#over != null) {
      return // meanwhile nobody wants it any more
    }
    this.#hasBegun = true
    this.#cancelDeadline = clock.schedule(Math.max(0, deadline - clock.now()), () => {
      this.#timeIsUp = true
      lookup.stop()
      this.#wake()
      this.#letGo() // nothing is waited for any more, and whoever has put it aside will not say so
    })
    this.#unlink = signals.map(signal => onAbort(signal, this.#wake))
  }

  #goOn (): void {
    if (this.#isResting && this.#over == null) {
      this.#isResting = false
      this.#run.goOn?.()
    }
  }

  #rest (): void {
    if (!this.#isResting) {
      this.#isResting = true
      this.#run.rest?.()
    }
  }

  /** Do what the lookup wants next: nothing to wait for, but when it does. */
  async #step (): Promise<void> {
    const { clock, lookup, onProgress } = this.#run
    for (;;) {
      const step = lookup.next(clock.now(), this.#toldUntil)
      if (step.type === 'ask') {
        this.#ask(step)
        continue
      }
      if (step.type === 'wait') {
        return this.#settledOr(step.until)
      }
      const end = this.#timeIsUp ? 'deadline' : step.reason
      onProgress?.({ type: 'closest', closest: step.closest, reason: end })
      return this.#end(end)
    }
  }

  /** Ask somebody; what comes of it is told by `#takeAnswer`. */
  #ask ({ contact: peer, about }: Extract<LookupStep, { type: 'ask' }>): void {
    const { ask, clock, lookup, onProgress, request } = this.#run
    const begun = clock.now()
    onProgress?.({ type: 'asking', peer, request, hop: lookup.candidate(peer.key)?.hop ?? 0 })
    let isLate = false
    const onLate = (error: Error): void => {
      if (!isLate) { // it is sent again when its stream dies, and may be late again
        isLate = true
        this.#settle(() => this.#onLate(peer, about, error))
      }
    }
    ask(peer, { signal: this.#controller.signal, onLate }, about).then(
      response => { this.#settle(() => this.#onResponse(peer, about, response, clock.now() - begun)) },
      error => { this.#settle(() => this.#onFailure(peer, about, isLate ? undefined : error)) }
    )
  }

  #settle (tell: () => LookupAnswer<R> | undefined): void {
    this.#settled.push(tell)
    this.#wake()
  }

  /** Tell the lookup what has settled, until there is an answer. */
  #takeAnswer (): LookupAnswer<R> | undefined {
    for (let tell = this.#settled.shift(); tell != null; tell = this.#settled.shift()) {
      const answer = tell()
      if (answer != null) {
        return answer
      }
    }
    return undefined
  }

  #onResponse (peer: Contact, about: Contact | undefined, response: R, ms: number): LookupAnswer<R> | undefined {
    const { heard, lookup, onProgress, request } = this.#run
    const isNew = !this.#hasAnswered(peer, about)
    if (isNew) {
      if (this.#superseded.has(peer)) {
        lookup.restore(peer)
      }
      // most of those named are known by now, and need not become contacts
      const news = response.closer.filter(closer => !this.#isKnown(closer))
      lookup.onResponse(peer.key, news.map(closer => heard(closer)))
    }
    onProgress?.({ type: 'answered', peer, request, ms, response })
    return isNew ? { peer, response } : undefined
  }

  /** Has `peer` answered before, at other addresses? What comes of this is no news, nor the answer to what it may be asked once more. */
  #hasAnswered (peer: Contact, about: Contact | undefined): boolean {
    return about == null && this.#run.lookup.candidate(peer.key)?.state === 'answered'
  }

  /** Is it a candidate? One that is not reached may be where it is said to be now. */
  #isKnown (peer: PeerInfo): boolean {
    const candidate = this.#run.lookup.candidate(keyOfPeer(peer))
    if (candidate == null) {
      return false
    }
    const { contact, state } = candidate
    if (state !== 'answered' && !areNamedAlike(contact.named ?? contact, peer)) {
      this.#elsewhere.add(peer)
      if (state === 'failed' || state === 'late') {
        this.#retry(this.#elsewhere.again(contact))
      }
    }
    return true
  }

  #onLate (peer: Contact, about: Contact | undefined, error: Error): undefined {
    if (!this.#superseded.has(peer) && !this.#hasAnswered(peer, about)) {
      this.#run.lookup.onLate(peer.key)
      this.#tellFailed(peer, error)
      this.#seekElsewhere(peer)
    }
  }

  /** `error`: undefined if that it was late has been told. */
  #onFailure (peer: Contact, about: Contact | undefined, error: Error | undefined): undefined {
    if (this.#superseded.has(peer) || this.#hasAnswered(peer, about)) {
      return
    }
    this.#run.lookup.onFailure(peer.key)
    if (error != null) {
      this.#tellFailed(peer, error)
    }
    if (error instanceof DialError || error instanceof TimeoutError) {
      this.#seekElsewhere(peer)
    }
  }

  /** If `peer` was not reached, ask it where others say it is. */
  #seekElsewhere (peer: Contact): void {
    const known = this.#run.unreached?.(peer)
    if (known != null) {
      known.forEach(contact => { this.#elsewhere.add(contact) })
      this.#retry(this.#elsewhere.of(peer))
    }
  }

  #retry (contact: Contact | undefined): void {
    const before = contact == null ? undefined : this.#run.lookup.retry(contact)
    if (before != null) {
      this.#superseded.add(before)
    }
  }

  #tellFailed (peer: Contact, error: Error): void {
    const { onProgress, request } = this.#run
    onProgress?.({ type: 'failed', peer, request, error })
  }

  /** Resolves when something has settled, at the time `until`, or when woken. */
  async #settledOr (until: number): Promise<void> {
    if (this.#settled.length > 0 || this.#run.signals.some(signal => signal?.aborted)) { // by who is told of progress
      return
    }
    if (until === Infinity) {
      this.#slow.clear()
    } else {
      this.#slow.setAt(until)
    }
    await new Promise<void>(resolve => { this.#onWake = resolve })
  }

  /** No longer be woken by the signals, which may outlive it by far. */
  #letGo (): void {
    this.#unlink.forEach(undo => { undo() })
  }

  /** It is over, for that reason: what is in flight is given up. */
  #end (reason: OperationEnd): void {
    if (this.#over != null) {
      return
    }
    this.#over = reason
    this.#rest()
    this.#cancelDeadline()
    this.#slow.stop()
    this.#letGo()
    const { lookup: { asked, answered, failed } } = this.#run
    if (asked > answered + failed) {
      this.#controller.abort(LOOKUP_OVER)
    }
  }
}
