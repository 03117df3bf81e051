import { Watchdog } from '../clock/watchdog.ts'
import { decodeRequest, maxRequestFrame, responseFrame } from '../wire/codec.ts'
import { TimeoutError } from './errors.ts'
import { FrameReader } from './frames.ts'
import { ANSWER_TAKEN_TIMEOUT_MS, MAX_ANSWERING_MS, MAX_BATCH_BYTES, MAX_BESIDE, MAX_BESIDE_PER_STREAM, maxTransferTime, SERVER_IDLE_MS } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { Stream } from './connection.ts'
import type { FrameBudget } from './frame-budget.ts'
import type { Handlers } from './handlers/handlers.ts'
import type { Line } from './line.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'
import type { Request, Response } from '../wire/rpc.ts'
import type { Source } from 'it-stream-types'

/** What streams are answered with. */
export interface AnswersInit {
  readonly handlers: Handlers
  readonly clock: Clock
  /** The largest record value accepted, bytes. */
  readonly maxRecordSize: number
  /** Milliseconds an inbound stream may be silent. Default: {@link SERVER_IDLE_MS}. */
  readonly idleMs?: number
  /** Milliseconds a request may take to come in whole, beside what its bytes need. Default: {@link FRAME_TIMEOUT_MS}. */
  readonly requestMs?: number
  /** Told of each request and of what became of it. */
  readonly observer?: ServerObserver
}

/** Sees what a server is asked, for metrics. */
export interface ServerObserver {
  /** A request came in. Returns what is to be called when it is answered, or with the error that it failed of. */
  onRequest (type: Request['type'], from: PeerInfo): (error?: unknown) => void
}

/** What all streams of a server share. */
export interface Shared {
  readonly line: Line
  readonly unfinished: FrameBudget
  /** Answers of {@link MAX_BATCH_BYTES} and more that peers have not taken: shorter ones are not worth counting. */
  readonly untaken: FrameBudget
  /** Requests that are worked on beside the first of their streams. */
  beside: number
}

/**
 * The answers to the requests on one stream, as they travel; the stream iterates them.
 *
 * Requests are answered in order; those that came together, and take their time, are worked on side by side. Answers that are ready in the same
 * turn leave together; what the peer has not taken holds back what it asks next. Once the
 * stream takes no more, nothing is answered any more: of what has come, only the provider records are kept, whose sender
 * may well leave when it has sent them.
 */
export class Answers implements AsyncIterableIterator<Frame, undefined> {
  /** {@link nameOf} who asks. */
  readonly peer: string
  readonly #init: AnswersInit
  readonly #stream: Stream
  readonly #remote: PeerInfo
  readonly #requests: FrameReader
  /** Bites when the peer does not take what it was given. */
  readonly #taken: Watchdog
  readonly #outbox: Outbox
  readonly #shared: Shared
  /** Settles when all that was begun is answered; nothing if it is. */
  #last: Promise<void> | undefined
  /** Those of it that count in {@link Shared.beside}. */
  #beside = 0
  /** Since when it has answered without letting others have a turn, milliseconds since the Unix epoch. */
  #since = 0

  constructor (init: AnswersInit, shared: Shared, stream: Stream, remote: PeerInfo, peer: string) {
    const { clock, maxRecordSize, idleMs = SERVER_IDLE_MS, requestMs } = init
    this.peer = peer
    this.#init = init
    this.#shared = shared
    this.#stream = stream
    this.#remote = remote
    this.#requests = new FrameReader(stream, clock, {
      maxBytes: maxRequestFrame(maxRecordSize),
      idleMs,
      frameMs: requestMs,
      onHeld: byteLength => { shared.unfinished.hold(stream, byteLength) }
    })
    this.#taken = new Watchdog(clock, () => { stream.abort(new TimeoutError('an answer was not read in time')) })
    this.#outbox = new Outbox(byteLength => { this.#taken.set(ANSWER_TAKEN_TIMEOUT_MS + maxTransferTime(byteLength)) })
    this.#requests.readAll(() => this.#answerThoseThere())
      .then(() => { this.#end(idleMs) }, err => {
        this.#endRound() // the peer may be gone already
        this.#outbox.fail(err)
      })
  }

  /** Nobody takes more. */
  stop (): void {
    this.#taken.stop()
    this.#endRound()
  }

  /** Reset the stream. */
  abort (err: Error): void {
    this.#stream.abort(err)
  }

  next (): Promise<IteratorResult<Frame, undefined>> {
    this.#taken.clear()
    return this.#outbox.next()
  }

  async return (): Promise<IteratorResult<Frame, undefined>> {
    return this.#outbox.return()
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  /** The last answers have been given to the stream, but not to the peer: that may take as long as it may be silent. */
  #end (idleMs: number): void {
    if (this.#outbox.isOpen) {
      this.#taken.set(idleMs)
      this.#outbox.end()
    }
  }

  /** Done when all requests that there are have been answered, and the answers taken. */
  #answerThoseThere (): Promise<void> {
    this.#since = this.#init.clock.now()
    const later = this.#answerUntil()
    return later == null ? this.#outbox.taken() : this.#answerOn(later)
  }

  async #answerOn (from: Promise<void>): Promise<void> {
    for (let later: Promise<void> | undefined = from; later != null; later = this.#untilTurn() ?? this.#answerUntil()) {
      await later
    }
    await this.#outbox.taken()
  }

  /** Answer until there is something to wait for, which is returned; nothing if all are answered. */
  #answerUntil (): Promise<void> | undefined {
    for (let frame = this.#requests.take(); frame != null; frame = this.#requests.take()) {
      const later = this.#answer(frame) ?? this.#untilTurn()
      if (later != null) {
        return later
      }
    }
    return this.#untilRoundIsOver()
  }

  /** Nothing if all that was begun is answered. */
  #untilRoundIsOver (): Promise<void> | undefined {
    return this.#last?.then(() => { this.#endRound() })
  }

  #endRound (): void {
    this.#last = undefined
    this.#shared.beside -= this.#beside
    this.#beside = 0
  }

  /** Nothing if there is room for more answers. */
  #untilRoom (): Promise<void> | undefined {
    return this.#outbox.isOpen && this.#outbox.untaken >= MAX_BATCH_BYTES ? this.#room() : undefined
  }

  async #room (): Promise<void> {
    this.#shared.untaken.hold(this.#stream, this.#outbox.untaken)
    await this.#outbox.taken()
    this.#shared.untaken.hold(this.#stream, 0)
    this.#since = this.#init.clock.now()
  }

  /**
   * Nothing if it need not let others have a turn yet, or all is answered. Answers that need no I/O would otherwise follow each other
   * without one, and nobody else be heard meanwhile.
   */
  #untilTurn (): Promise<void> | undefined {
    return this.#init.clock.now() - this.#since < MAX_ANSWERING_MS || !this.#requests.hasFrame ? undefined : this.#untilRoundIsOver() ?? this.#turn()
  }

  async #turn (): Promise<void> {
    await this.#shared.line.turn()
    this.#since = this.#init.clock.now()
  }

  /**
   * Nothing if more can be answered already: it was answered at once, for which a promise would take longer than the answer, or is worked on while others are begun.
   * Once the peer is gone, what has no answer is heard, and nothing else.
   */
  #answer (frame: Uint8Array): Promise<void> | undefined {
    const { handlers, maxRecordSize, observer } = this.#init
    const before = this.#last
    let settle: Settle
    try {
      const request = decodeRequest(frame, this.#remote.id, { maxRecordSize })
      if (request.type !== 'add-provider' && !this.#outbox.isOpen) {
        return undefined
      }
      settle = observer?.onRequest(request.type, this.#remote)
      const responses = answer(handlers, request, this.#remote)
      if (before != null || Symbol.asyncIterator in responses) {
        return this.#begin(responses, settle)
      }
      for (const response of responses) {
        this.#outbox.push(responseFrame(response))
      }
    } catch (err) {
      settle?.(err)
      if (before != null) {
        return before.then(() => { throw err })
      }
      throw err
    }
    settle?.()
    return this.#untilRoom()
  }

  /** Nothing if others may be begun beside it. */
  #begin (responses: Source<Response>, settle: Settle): Promise<void> | undefined {
    const frames = this.#work(responses, settle)
    this.#last = this.#push(frames, this.#last)
    if (this.#beside === MAX_BESIDE_PER_STREAM || this.#shared.beside === MAX_BESIDE || !this.#requests.hasFrame) {
      return this.#untilRoundIsOver()
    }
    this.#beside++
    this.#shared.beside++
  }

  async #work (responses: Source<Response>, settle: Settle): Promise<Frame[]> {
    const frames: Frame[] = []
    try {
      for await (const response of responses) {
        frames.push(responseFrame(response))
      }
    } catch (err) {
      settle?.(err)
      throw err
    }
    settle?.()
    return frames
  }

  /** Answer with `frames` when what was asked before is answered. */
  async #push (frames: Promise<Frame[]>, before: Promise<void> | undefined): Promise<void> {
    frames.catch(() => {}) // it is heard when it is their turn
    await before
    for (const frame of await frames) {
      this.#outbox.push(frame)
      await this.#untilRoom()
    }
  }
}

/** How an observer is told that a request is answered, or what it failed of. */
type Settle = ((err?: unknown) => void) | undefined

function answer (handlers: Handlers, request: Request, from: PeerInfo): Source<Response> {
  switch (request.type) {
    case 'ping': return handlers.ping(request, from)
    case 'find-node': return handlers['find-node'](request, from)
    case 'get-value': return handlers['get-value'](request, from)
    case 'put-value': return handlers['put-value'](request, from)
    case 'get-providers': return handlers['get-providers'](request, from)
    default: return handlers['add-provider'](request, from)
  }
}
