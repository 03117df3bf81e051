import { pipe } from 'it-pipe'
import { onAbort } from '../clock/wait.ts'
import { Watchdog } from '../clock/watchdog.ts'
import { decodeResponse, maxResponseFrame } from '../wire/codec.ts'
import { InvalidMessageError } from '../wire/errors.ts'
import { asError, HostFullError, LimitError, LostBehindError, ProtocolViolationError, StreamResetError, TimeoutError } from './errors.ts'
import { FrameReader } from './frames.ts'
import { ARRIVAL_MS, CLOSE_LINGER_MS, MAX_LATE, MAX_PENDING, MAX_TIMED_BYTES, MAX_UNDER_WAY, MAX_UNWANTED_BYTES, OPEN_TIMEOUT_MS, RECHECK_MS, transferTime } from './limits.ts'
import { Outbox } from './outbox.ts'
import { ResponseTime } from './response-time.ts'
import { Unproven } from './unproven.ts'
import type { OpenStreamOptions, Stream } from './connection.ts'
import type { FrameBudget } from './frame-budget.ts'
import type { Patience, Pending, Sending, Waiting } from './waiting.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'
import type { Request, Response } from '../wire/rpc.ts'

/** What channels ask of their client. One is for all of them: there may be thousands. */
export interface ChannelOwner {
  readonly clock: Clock
  /** The largest record value accepted in an answer, bytes. */
  readonly maxRecordSize: number
  /** Milliseconds without a request after which the stream is closed. */
  readonly idleMs: number
  /** Milliseconds that opening a stream may take at the most, and an answer. */
  readonly maxOpenMs: number
  readonly maxTimeout: number
  /** All channels whose peer is late, while somebody waits on. */
  readonly late: Set<Channel>
  /** What has come of unfinished answers, on all channels. */
  readonly unfinished: FrameBudget
  /** Milliseconds that opening a stream usually takes at the most, as far as is known by now, given how long it took such peers. */
  openTimeout (time: ResponseTime): number
  /** The same of an answer, given how this peer answered so far. */
  timeout (time: ResponseTime): number
  /** Opens the stream; aborted when that takes too long, nobody waits for it any more, or the channel is closed. */
  open (peer: PeerInfo, options: OpenStreamOptions): Promise<Stream>
  /** The host is full. Resolves when it is worth another try, or with false. */
  makeRoom (channel: Channel): Promise<boolean>
  /** The stream of the channel is open. */
  onOpen (channel: Channel): void
  /** An answer took `ms` milliseconds; not told of large ones. */
  onAnswer (ms: number): void
  /** Nobody waits for an answer any more. */
  onIdle (): void
  /** The peer ended the stream, and may not have read these, to which there is no answer. */
  onLost (channel: Channel, frames: readonly Frame[]): void
  /** The channel takes no more requests. */
  onClose (channel: Channel): void
}

/**
 * One pipelined stream to one peer.
 *
 * ```
 *  opening ──stream──▶ open ──idle, close()──▶ closing ──server ended, lingered──▶ closed
 *     │                  │
 *     └──dial failed─────┴──reset, violation, timeout──▶ closed (all that wait fail)
 * ```
 *
 * Requests are written without waiting, up to {@link MAX_UNDER_WAY} of them; answers are
 * matched in order. What is given up before it was written never is. The oldest request
 * alone has a running deadline: when it passes, the peer is late, with all that wait, since
 * nothing behind it can be answered first. A second deadline follows; when that has
 * passed, or nobody waits any more, the stream is dead.
 */
export class Channel {
  /** Resolves, never rejects, when the stream is over. */
  readonly done: Promise<void>
  readonly peer: PeerInfo
  readonly #owner: ChannelOwner
  /** How long it takes to open a stream to such a peer. */
  readonly #openingTime: ResponseTime
  readonly #outbox = new Outbox()
  readonly #waiting: Waiting[] = []
  /** Frames of the last of those, which are not on their way yet. */
  readonly #unsent: Frame[] = []
  /** How many may be on their way at once. */
  #window = MAX_UNDER_WAY
  readonly #time = new ResponseTime()
  readonly #watchdog: Watchdog
  /** Those who wait until the stream has taken their frame. */
  readonly #sending = new Set<Sending>()
  readonly #unproven = new Unproven()
  /** Gives up opening, while that goes on. */
  #opening: AbortController | undefined
  #stream: Stream | undefined
  /** What it died of. */
  #failure: Error | undefined
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #answered = 0
  #isDead = false
  /** Since when the oldest request is waited for, or the stream itself. */
  #since = 0
  /** Milliseconds from then on after which the peer is late. */
  #allowed = 0
  /** Since when the answer to the oldest request has been arriving: milliseconds since the Unix epoch; 0: it has not begun. */
  #arrivingSince = 0
  /** Requests that went before the stream was open, and when. */
  #early: Uint8Array | undefined
  #earlySince: number | undefined

  constructor (peer: PeerInfo, openingTime: ResponseTime, owner: ChannelOwner) {
    this.peer = peer
    this.#openingTime = openingTime
    this.#owner = owner
    this.#watchdog = new Watchdog(owner.clock, () => { this.#onSilence() })
    this.done = this.#run()
  }

  /** Has it answered before? Then its death says little about the peer: the next request deserves a fresh stream. */
  get reused (): boolean {
    return this.#answered > 0
  }

  /** Did nothing come for as long as an answer may ever take? Then the peer may be there all the same: it, or we, may have moved or started anew, and nobody told this stream. */
  get isDead (): boolean {
    return this.#isDead
  }

  get isOpen (): boolean {
    return this.#state === 'open'
  }

  get idle (): boolean {
    return this.#waiting.length === 0 && this.#state === 'open'
  }

  get pending (): readonly Pending[] {
    return this.#wanted
  }

  get #wanted (): readonly Waiting[] {
    return this.#waiting.filter(({ abandoned }) => !abandoned)
  }

  /** Milliseconds an answer of this peer usually takes; undefined before the first. */
  get expected (): number | undefined {
    return this.#time.expected
  }

  /**
   * Send `request`, already encoded as `frame`, and wait for its answer.
   *
   * @throws {StreamResetError} the stream ended before the answer
   * @throws {TimeoutError} no answer in time
   * @throws {ProtocolViolationError | InvalidMessageError} the peer sent something else
   * @throws the signal's reason
   */
  request (frame: Frame, request: Request, patience: Patience): Promise<Response> {
    const { signal } = patience
    this.#checkRoom()
    return new Promise<Response>((resolve, reject) => {
      const waiting: Waiting = {
        request,
        byteLength: frame.byteLength,
        patience,
        since: this.#owner.clock.now(),
        resolve,
        reject,
        leave: onAbort(signal, reason => { this.#abandon(waiting, reason) }),
        abandoned: false,
        late: false,
        behind: 0
      }
      this.#waiting.push(waiting)
      this.#unsent.push(frame)
      this.#pump()
      if (this.#waiting.length === 1 && this.#state === 'open') {
        this.#watchNext(waiting.since)
      } else if (this.#owner.late.has(this)) {
        tellLate(waiting, this.#timeout())
      }
    })
  }

  /**
   * Send `frame`, to which there is no answer. Resolves when the stream has taken it.
   *
   * @throws {StreamResetError} the stream ended before
   * @throws {TimeoutError} the stream was not opened in time
   * @throws the signal's reason
   */
  async send (frame: Frame, patience: Patience): Promise<void> {
    const { signal } = patience
    this.#checkRoom()
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        sending.leave()
        this.#sending.delete(sending)
      }
      const sending: Sending = {
        patience,
        reject: err => { settle(); reject(err) },
        leave: onAbort(signal, reason => {
          sending.reject(reason)
          this.#abortOpeningIfUnwanted()
        }),
        late: false
      }
      this.#sending.add(sending)
      const place = this.#unproven.place()
      this.#outbox.push(frame, () => {
        this.#unproven.keep(place, frame)
        settle()
        resolve()
      })
      if (this.idle) {
        this.#watchdog.set(this.#owner.idleMs)
      } else if (this.#state === 'opening' && this.#owner.late.has(this)) {
        tellLate(sending, this.#timeout())
      }
    })
  }

  /** Send one request at a time from now on, until none waits: should the stream die, it is clear of which. */
  goSlowly (): void {
    this.#window = 1
  }

  /** End the stream in good order when it is idle, at once when it is not. One that is ending goes on to do so. */
  close (): void {
    if (this.#state === 'closing') {
      return
    }
    this.#unproven.take() // who sees a stream end in good order has read it
    if (!this.idle) {
      this.#fail(new StreamResetError('the stream was closed while requests were waiting'))
      return
    }
    this.#state = 'closing'
    this.#outbox.end()
    this.#watchdog.set(CLOSE_LINGER_MS)
    this.#owner.onClose(this)
  }

  get #underWay (): number {
    return this.#waiting.length - this.#unsent.length
  }

  #pump (): void {
    while (this.#underWay < this.#window) {
      const frame = this.#unsent.shift()
      if (frame == null) {
        return
      }
      this.#waiting[this.#underWay - 1].behind = this.#unproven.sent
      this.#outbox.push(frame)
    }
  }

  #checkRoom (): void {
    if (this.#waiting.length >= MAX_PENDING) {
      throw new LimitError(`${MAX_PENDING} requests wait for this peer already: await some before you send more`)
    }
  }

  async #run (): Promise<void> {
    try {
      const stream = await this.#open()
      if (this.#failure != null) {
        stream.abort(this.#failure)
        return
      }
      const frames = this.#onOpen(stream)
      const written = pipe(this.#outbox, async frames => stream.sink(frames))
      written.catch(err => { this.#fail(asStreamError(err)) }) // which ends reading, too
      await frames.readAll(() => { this.#onFrames(frames) })
      this.#onEnd()
      await written
    } catch (err) {
      this.#fail(this.#state === 'opening' ? asError(err) : asStreamError(err))
    } finally {
      this.#state = 'closed'
      this.#watchdog.stop()
    }
  }

  async #open (): Promise<Stream> {
    const opening = new AbortController()
    this.#opening = opening
    try {
      for (;;) {
        const stream = await this.#tryOpening(opening.signal)
        if (stream != null) {
          return stream
        }
      }
    } finally {
      this.#early = undefined
      this.#opening = undefined
    }
  }

  /** Undefined: the host was full, and has room now. To wait for that is no fault of the peer. */
  async #tryOpening (signal: AbortSignal): Promise<Stream | undefined> {
    signal.throwIfAborted()
    this.#watchOpening()
    try {
      return await this.#owner.open(this.peer, { signal, early: () => this.#takeEarly(), onQueued: isQueued => { this.#onQueued(isQueued) } })
    } catch (err) {
      this.#watchdog.stop()
      if (err instanceof HostFullError && await this.#owner.makeRoom(this)) {
        return undefined
      }
      throw err
    }
  }

  #watchOpening (): void {
    this.#since = this.#owner.clock.now()
    this.#watch(this.#since)
  }

  /** The host has others to dial first: to wait for that is no fault of the peer either. */
  #onQueued (isQueued: boolean): void {
    if (isQueued) {
      this.#watchdog.stop()
    } else if (this.#state === 'opening') {
      this.#watchOpening()
    }
  }

  /** The same for each address that is tried. */
  #takeEarly (): Uint8Array | undefined {
    this.#early ??= this.#outbox.takeEarly()
    if (this.#early != null) {
      this.#earlySince = this.#owner.clock.now()
    }
    return this.#early
  }

  #onOpen (stream: Stream): FrameReader {
    const { clock, maxRecordSize } = this.#owner
    this.#stream = stream
    this.#state = 'open'
    this.#owner.onOpen(this)
    const now = clock.now()
    this.#watchNext(now, this.#earlySince ?? now)
    return new FrameReader(stream, clock, {
      maxBytes: maxResponseFrame(maxRecordSize),
      onHeld: byteLength => { this.#onHeld(stream, byteLength) }
    })
  }

  /** So many bytes of an unfinished answer have come. */
  #onHeld (stream: Stream, byteLength: number): void {
    this.#owner.unfinished.hold(stream, byteLength)
    if (byteLength > MAX_UNWANTED_BYTES && this.#isUnwanted) {
      this.#fail(new StreamResetError('nobody waits for this answer any more, and it is long'))
    } else if (byteLength > 0 && this.#waiting.length > 0) {
      this.#watchArrival(byteLength)
    }
  }

  /** The reader resets the stream if an answer takes too long to arrive; until then the peer may be late with it. */
  #watchArrival (byteLength: number): void {
    const now = this.#owner.clock.now()
    this.#arrivingSince ||= now
    this.#watchdog.setAt(this.#arrivingSince + ARRIVAL_MS + transferTime(byteLength), now)
  }

  /** Those that came together are heard together, so that what their callers ask next leaves together. */
  #onFrames (frames: FrameReader): void {
    for (let frame = frames.take(); frame != null; frame = frames.take()) {
      if (this.#onFrame(frame).type === 'put-value') {
        frames.release(frame) // an echo, of which nothing is kept
      }
    }
  }

  #onEnd (): void {
    if (this.#state === 'open') {
      // a server that ends its half first has no more answers for us
      this.#fail(new StreamResetError('the peer ended the stream'))
    }
  }

  #onFrame (frame: Uint8Array): Response {
    const { clock } = this.#owner
    const head = this.#waiting[0]
    if (head == null) {
      throw new ProtocolViolationError('the peer sent an answer that nobody asked for')
    }
    const response = decodeResponse(frame, head.request)
    this.#waiting.shift()
    this.#arrivingSince = 0
    this.#unproven.prove(head.behind)
    if (this.#waiting.length === 0) {
      this.#window = MAX_UNDER_WAY
    }
    this.#pump()
    this.#onAnswer(clock.now(), head.byteLength + frame.byteLength)
    head.leave()
    head.resolve(response)
    return response
  }

  #onAnswer (now: number, byteLength: number): void {
    this.#answered++
    if (byteLength <= MAX_TIMED_BYTES) {
      const ms = now - this.#since
      this.#time.add(ms)
      this.#owner.onAnswer(ms)
    }
    this.#watchNext(now)
  }

  /** Watch the oldest request, or else that the stream is not idle for too long. `since`: when that request was sent, or came first in line. */
  #watchNext (now: number, since: number = now): void {
    const { idleMs, late } = this.#owner
    late.delete(this)
    this.#since = since
    if (this.#waiting.length === 0) {
      this.#watchdog.set(idleMs, now)
      this.#owner.onIdle()
    } else {
      this.#watch(now)
    }
  }

  #watch (now: number): void {
    this.#allowed = this.#usual
    this.#watchUntil(now + this.#allowed, now)
  }

  /** While a deadline is the longest there is, perhaps since nothing is known, it is seen anew what it should be. */
  #watchUntil (deadline: number, now: number): void {
    this.#watchdog.setAt(this.#allowed < this.#longest ? deadline : Math.min(deadline, now + RECHECK_MS), now)
  }

  /** Milliseconds after which its peer is late at the latest. */
  get #longest (): number {
    return this.#state === 'opening' ? OPEN_TIMEOUT_MS : this.#owner.maxTimeout + transferTime(this.#waiting[0].byteLength)
  }

  /** Milliseconds that what is waited for may take at the most. */
  get #most (): number {
    return this.#state === 'opening' ? this.#owner.maxOpenMs : this.#longest
  }

  /** Milliseconds that it usually takes at the most. */
  get #usual (): number {
    return this.#state === 'opening' ? this.#owner.openTimeout(this.#openingTime) : this.#owner.timeout(this.#time) + transferTime(this.#waiting[0].byteLength)
  }

  #abandon (waiting: Waiting, reason: unknown): void {
    waiting.abandoned = true
    waiting.reject(reason)
    const index = this.#waiting.indexOf(waiting)
    if (index >= this.#underWay) {
      this.#unsent.splice(index - this.#underWay, 1)
      this.#waiting.splice(index, 1)
    }
    this.#abortOpeningIfUnwanted()
  }

  #onSilence (): void {
    if (this.#arrivingSince > 0) {
      this.#beLate(this.#timeout())
    } else if (this.#state === 'opening' || this.#waiting.length > 0) {
      this.#onOverdue()
    } else if (this.#state === 'closing') {
      this.#fail(new StreamResetError('the peer did not end the stream'))
    } else {
      this.close()
    }
  }

  /** What is waited for may have taken longer than it usually does, or than it ever may. */
  #onOverdue (): void {
    const { late, clock } = this.#owner
    const now = clock.now()
    this.#since = Math.min(this.#since, now) // the clock may have been set back
    if (this.#allowed >= this.#longest) {
      this.#allowed = this.#usual
    }
    if (this.#since + this.#allowed > now && !late.has(this)) {
      this.#watchUntil(this.#since + this.#allowed, now)
      return
    }
    const error = this.#timeout()
    const left = this.#since + this.#most - now
    if (left <= 0 || this.#isUnwanted || !this.#hasRoomToBeLate(now)) {
      this.#isDead = left <= 0
      this.#fail(error)
      return
    }
    this.#watchdog.set(left)
    this.#beLate(error)
  }

  /** Who was not reached in the time that others have for it at the most makes room. */
  #hasRoomToBeLate (now: number): boolean {
    const { late } = this.#owner
    if (late.size >= MAX_LATE) {
      const unreached = [...late].find(other => other.#state === 'opening' && other.#since + OPEN_TIMEOUT_MS <= now)
      if (unreached != null) {
        unreached.#fail(unreached.#timeout())
      }
    }
    return late.size < MAX_LATE
  }

  #beLate (error: TimeoutError): void {
    const { late } = this.#owner
    if (late.size < MAX_LATE) {
      late.add(this)
      for (const one of [...this.#wanted, ...this.#sending]) {
        tellLate(one, error)
      }
    }
  }

  get #isUnwanted (): boolean {
    return this.#sending.size === 0 && this.#waiting.every(({ abandoned }) => abandoned)
  }

  #timeout (): TimeoutError {
    const ms = Math.round(this.#owner.clock.now() - this.#since)
    return this.#state === 'opening'
      ? new TimeoutError(`could not be reached within ${ms} ms`)
      : new TimeoutError(`no answer to ${this.#waiting[0].request.type} within ${ms} ms`)
  }

  #abortOpeningIfUnwanted (): void {
    if (this.#state === 'opening' && this.#isUnwanted) {
      this.#fail(new StreamResetError('nobody waits for this stream any more'))
    }
  }

  /**
   * Reset the stream. If it never opened, all that wait fail of `err`. Else it is the oldest
   * request that does; but when the peer reset it while several were under way, or it may not have read
   * what has no answer, nobody knows which of them it was for, since a reset overtakes answers. The others were lost.
   */
  #fail (err: Error): void {
    if (this.#state === 'closed') {
      return
    }
    const opened = this.#state !== 'opening'
    this.#state = 'closed'
    this.#owner.late.delete(this)
    this.#watchdog.stop()
    this.#outbox.end()
    this.#failure = err
    this.#opening?.abort(err)
    this.#stream?.abort(err)
    for (const { reject } of this.#sending) {
      reject(err)
    }
    const lost = this.#unproven.take()
    const isClear = !(err instanceof StreamResetError) || (this.#underWay <= 1 && lost.length === 0)
    // no forEach: the stacks of these errors would keep all that wait here in memory, and those the errors of streams before
    for (const [index, waiting] of this.#waiting.splice(0).entries()) {
      const blamed = isClear && index === 0 ? unanswered(waiting.request, err) : new LostBehindError(`the stream died: ${err.message}`, { cause: err })
      waiting.leave()
      waiting.reject(opened ? blamed : err)
    }
    if (err instanceof StreamResetError && lost.length > 0) {
      this.#owner.onLost(this, lost)
    }
    this.#owner.onClose(this)
  }
}

/** The peer is late: that is all that some wanted to know. */
function tellLate (waiting: Sending, error: TimeoutError): void {
  const { onLate } = waiting.patience
  if (onLate != null && !waiting.late) {
    waiting.late = true
    waiting.leave()
    onLate(error)
  }
}

/** A reset says nothing; so we say what it was in place of. */
function unanswered ({ type }: Request, err: Error): Error {
  return err instanceof StreamResetError
    ? new StreamResetError(`the peer ended the stream instead of answering ${type}: it refused that, or went away (${err.message})`, { cause: err })
    : err
}

/** Whatever the host throws when a stream is reset becomes the one error that says so. */
function asStreamError (err: unknown): Error {
  return err instanceof StreamResetError || err instanceof TimeoutError || err instanceof ProtocolViolationError || err instanceof InvalidMessageError
    ? err
    : new StreamResetError(`the stream was reset: ${asError(err).message}`, { cause: err })
}
