import { nameOf } from '../keyspace/contact.ts'
import { requestFrame } from '../wire/codec.ts'
import { Channel } from './channel.ts'
import { LostBehindError, StreamResetError } from './errors.ts'
import { ANSWER_TIMEOUT_MS, CLIENT_IDLE_MS, FULL_HOST_SHARE, MAX_CHANNELS, MIN_TIMEOUT_MS, OPEN_TIMEOUT_MS } from './limits.ts'
import { ResponseTime } from './response-time.ts'
import type { ChannelOwner } from './channel.ts'
import type { Host, OpenStreamOptions, Stream } from './connection.ts'
import type { Patience, Pending } from './waiting.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'
import type { Request, Response, ResponseTo } from '../wire/rpc.ts'
import type { AbortOptions } from '@libp2p/interface'

export interface RpcClientInit {
  readonly host: Host
  readonly protocol: string
  readonly clock: Clock
  /** The largest record value accepted in an answer, bytes. */
  readonly maxRecordSize: number
  /** Milliseconds without a request after which a stream is closed. Default: {@link CLIENT_IDLE_MS}. */
  readonly idleMs?: number
  /** Milliseconds below which no deadline adapts. Default: {@link MIN_TIMEOUT_MS}. */
  readonly minTimeout?: number
  /** Milliseconds that an answer may take at the most. Default: {@link ANSWER_TIMEOUT_MS}. */
  readonly maxTimeout?: number
  /** Told of each request and of what became of it. */
  readonly observer?: ClientObserver
}

/** Sees what a client asks, for metrics. */
export interface ClientObserver {
  /** A request goes out. Returns what is to be called when it is answered, or with the error that it failed of. */
  onRequest (type: Request['type'], peer: PeerInfo): (error?: unknown) => void
}

/** A request on its way, as often as that takes. */
interface Sending<T> {
  readonly peer: PeerInfo
  readonly frame: Frame
  readonly signal: AbortSignal | undefined
  use (channel: Channel, frame: Frame): Promise<T>
}

/** Requests that have an answer. */
export type Question = Exclude<Request, { type: 'add-provider' }>

/**
 * Asks peers, over one pipelined stream each.
 *
 * Deadlines follow what was measured: of the peer once it has answered, of the
 * whole network before. A peer that misses its deadline is late, and has until a second one to
 * show that it is slow rather than dead; and the answers that come late are measured, too, lest deadlines follow from
 * those alone who keep them. A request is sent once more, on a fresh stream, if its
 * stream had answered before and then died, or died of a request before it. Of those
 * that a peer was sent before it reset the stream all are sent again, one at a time
 * lest it be unclear once more which of them it refuses.
 */
export class RpcClient {
  readonly #init: RpcClientInit
  readonly #owner: ChannelOwner
  /** Least recently used first. */
  readonly #channels = new Map<string, Channel>()
  /** How long it takes to open a stream with a dial before, and without: far from each other. */
  readonly #dialling = new ResponseTime()
  readonly #opening = new ResponseTime()
  readonly #answering = new ResponseTime()
  /** The host is full, and room is being made for all who found it so. */
  #roomMaking: Promise<boolean> | undefined
  readonly #waitingForRoom = new Set<Channel>()
  /** A stream is over, or is not used for now. */
  #onFreed: () => void = () => {}
  #opened = 0
  #sent = 0

  constructor (init: RpcClientInit) {
    this.#init = init
    const { clock, maxRecordSize, idleMs = CLIENT_IDLE_MS, maxTimeout = ANSWER_TIMEOUT_MS } = init
    this.#owner = {
      clock,
      maxRecordSize,
      idleMs,
      maxOpenMs: OPEN_TIMEOUT_MS,
      maxTimeout,
      late: new Set(),
      openTimeout: time => this.#bounded(time.timeout, OPEN_TIMEOUT_MS),
      timeout: time => this.#bounded(time.timeout ?? this.#answering.timeout, maxTimeout),
      open: (peer, options) => this.#openStream(peer, options),
      makeRoom: channel => this.#makeRoom(channel),
      onAnswer: ms => { this.#answering.add(ms) },
      onIdle: () => { this.#onFreed() },
      onClose: channel => { this.#forget(channel) }
    }
  }

  /** Requests waiting for an answer, for dumps. */
  * pending (): Generator<Pending & { peer: PeerInfo }> {
    for (const { peer, pending } of this.#channels.values()) {
      for (const { request, since } of pending) {
        yield { peer, request, since }
      }
    }
  }

  /** How many streams were opened for how many requests, and how many are open now. */
  get counts (): { streamsOpened: number, requestsSent: number, streamsOpen: number } {
    return { streamsOpened: this.#opened, requestsSent: this.#sent, streamsOpen: this.#channels.size }
  }

  /** Is a stream to `peer` open, or being opened? */
  has (peer: PeerInfo): boolean {
    return this.#channels.has(nameOf(peer))
  }

  /** The same peer as it was known when its stream was opened, if a request to it is under way: whether it answers will be known by that. */
  asked (peer: PeerInfo): PeerInfo | undefined {
    const channel = this.#channels.get(nameOf(peer))
    return channel == null || channel.idle ? undefined : channel.peer
  }

  /** Milliseconds an answer of `peer` usually takes, opening a stream included if there is none. */
  expected (peer: PeerInfo): number {
    const known = this.#channels.get(nameOf(peer))?.expected
    if (known != null) {
      return known
    }
    return (this.#openingTime(peer).expected ?? OPEN_TIMEOUT_MS / 10) + (this.#answering.expected ?? ANSWER_TIMEOUT_MS / 10)
  }

  /**
   * Send `request` to `peer` and wait for its answer.
   *
   * @throws {DialError | UnsupportedProtocolError} it cannot be reached, or does not serve us
   * @throws {TimeoutError} no answer in time
   * @throws {StreamResetError} it ended the stream instead of answering: it may have refused the request
   * @throws {InvalidMessageError | ProtocolViolationError} its answer is not legal
   * @throws the signal's reason, when aborted
   */
  request<R extends Question> (peer: PeerInfo, request: R, patience: Patience = {}): Promise<ResponseTo<R['type']>> {
    const { signal } = patience
    const answer: Promise<Response> = this.#withChannel(peer, request, signal, (channel, frame) => channel.request(frame, request, patience))
    return this.#observed(peer, request, signal, answer) as Promise<ResponseTo<R['type']>> // decoding has checked the type
  }

  /**
   * Send an ADD_PROVIDER, which nobody answers. Resolves when it is on its way.
   *
   * @throws as {@link RpcClient.request}, but for what concerns answers
   */
  async send (peer: PeerInfo, request: Extract<Request, { type: 'add-provider' }>, { signal }: AbortOptions = {}): Promise<void> {
    return this.#observed(peer, request, signal, this.#withChannel(peer, request, signal, (channel, frame) => channel.send(frame, signal)))
  }

  #observed<T> (peer: PeerInfo, request: Request, signal: AbortSignal | undefined, result: Promise<T>): Promise<T> {
    const settle = this.#init.observer?.onRequest(request.type, peer)
    if (settle != null) {
      // to be given up is no failure
      result.then(() => { settle() }, err => { settle(err === signal?.reason ? undefined : err) })
    }
    return result
  }

  /** Close every stream. Resolves when all are over. */
  async close (): Promise<void> {
    const channels = [...this.#channels.values()]
    await Promise.all(channels.map(async channel => {
      channel.close()
      await channel.done
    }))
  }

  #withChannel<T> (peer: PeerInfo, request: Request, signal: AbortSignal | undefined, use: (channel: Channel, frame: Frame) => Promise<T>): Promise<T> {
    try {
      return this.#attempt({ peer, frame: requestFrame(request), signal, use }, false, false)
    } catch (err) {
      return Promise.reject(err)
    }
  }

  /** `lost`: somebody before us was what our stream died of. `again`: for another reason, this is the second time. */
  #attempt<T> (sending: Sending<T>, lost: boolean, again: boolean): Promise<T> {
    const { peer, frame, signal, use } = sending
    signal?.throwIfAborted()
    const channel = this.#channelTo(peer)
    const { reused } = channel
    if (lost) {
      channel.goSlowly()
    }
    this.#sent++
    return use(channel, frame).catch((err: unknown) => {
      if (err instanceof LostBehindError && err.cause instanceof StreamResetError) {
        return this.#attempt(sending, true, again) // each time, one that was before us is found out
      }
      if (!again && (err instanceof LostBehindError || (reused && err instanceof StreamResetError))) {
        return this.#attempt(sending, lost, true)
      }
      throw err
    })
  }

  #channelTo (peer: PeerInfo): Channel {
    const id = nameOf(peer)
    const channel = this.#channels.get(id) ?? new Channel(peer, this.#openingTime(peer), this.#owner)
    this.#channels.delete(id)
    this.#channels.set(id, channel)
    this.#closeLeastRecentlyUsed()
    return channel
  }

  #forget (channel: Channel): void {
    const id = nameOf(channel.peer)
    if (this.#channels.get(id) === channel) {
      this.#channels.delete(id)
    }
    this.#waitingForRoom.delete(channel)
    this.#onFreed()
  }

  async #openStream (peer: PeerInfo, options: OpenStreamOptions): Promise<Stream> {
    const { host, protocol, clock } = this.#init
    const begun = clock.now()
    const time = this.#openingTime(peer)
    const stream = await host.openStream(peer, protocol, options)
    this.#opened++
    time.add(clock.now() - begun)
    return stream
  }

  /** For `channel`, close some of the streams that nobody uses, or wait until one is not used any more. Resolves with false if none can be. */
  async #makeRoom (channel: Channel): Promise<boolean> {
    this.#waitingForRoom.add(channel)
    this.#roomMaking ??= this.#freeStreams().finally(() => { this.#roomMaking = undefined })
    if (!this.#isRoomInSight) {
      this.#onFreed()
    }
    try {
      return await this.#roomMaking
    } finally {
      this.#waitingForRoom.delete(channel)
    }
  }

  async #freeStreams (): Promise<boolean> {
    if (await this.#closeIdle(Math.ceil(this.#channels.size / FULL_HOST_SHARE))) {
      return true
    }
    if (this.#isRoomInSight) {
      await new Promise<void>(resolve => { this.#onFreed = resolve })
    }
    return this.#isRoomInSight
  }

  /** Is there a stream that does not wait for room itself? */
  get #isRoomInSight (): boolean {
    return this.#channels.size > this.#waitingForRoom.size
  }

  #openingTime (peer: PeerInfo): ResponseTime {
    return this.#init.host.isConnected?.(peer) === true ? this.#opening : this.#dialling
  }

  #bounded (ms: number | undefined, max: number): number {
    const { minTimeout = MIN_TIMEOUT_MS } = this.#init
    return ms == null ? max : Math.min(max, Math.max(minTimeout, Math.ceil(ms)))
  }

  #closeLeastRecentlyUsed (): void {
    if (this.#channels.size > MAX_CHANNELS) {
      void this.#closeIdle(1)
    }
  }

  /** Close at most `count` idle streams, the least recently used. Resolves when they are over, with whether there were any. */
  async #closeIdle (count: number): Promise<boolean> {
    const closed: Channel[] = []
    for (const channel of this.#channels.values()) {
      if (closed.length === count) {
        break
      }
      if (channel.idle) {
        closed.push(channel)
      }
    }
    closed.forEach(channel => { channel.close() })
    await Promise.all(closed.map(async ({ done }) => done))
    return closed.length > 0
  }
}
