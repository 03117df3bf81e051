import { requestFrame } from '../wire/codec.ts'
import { Channels } from './channels.ts'
import { LostBehindError, StreamResetError } from './errors.ts'
import type { Channel } from './channel.ts'
import type { ChannelsInit } from './channels.ts'
import type { Patience, Pending } from './waiting.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'
import type { Request, Response, ResponseTo } from '../wire/rpc.ts'

export interface RpcClientInit extends ChannelsInit {
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
  readonly type: Request['type']
  readonly frame: Frame
  readonly patience: Patience
  use (channel: Channel, frame: Frame, patience: Patience): Promise<T>
}

/** Requests that have an answer. */
export type Question = Exclude<Request, { type: 'add-provider' }>

/**
 * Asks peers, over one pipelined stream each.
 *
 * A request is sent once more, on a fresh stream, if its
 * stream had answered before and then died, be it without a word (but a put then: it may have been refused so), or died of a request before it. Of those
 * that a peer was sent before it reset the stream all are sent again, one at a time
 * lest it be unclear once more which of them it refuses.
 */
export class RpcClient {
  readonly #channels: Channels
  readonly #observer: ClientObserver | undefined
  #sent = 0

  constructor (init: RpcClientInit) {
    this.#channels = new Channels(init)
    this.#observer = init.observer
  }

  /** Requests waiting for an answer, for dumps. */
  * pending (): Generator<Pending & { peer: PeerInfo }> {
    for (const { peer, pending } of this.#channels) {
      for (const { request, since } of pending) {
        yield { peer, request, since }
      }
    }
  }

  /** How many streams were opened for how many requests, and how many are open now. */
  get counts (): { streamsOpened: number, requestsSent: number, streamsOpen: number } {
    return { streamsOpened: this.#channels.opened, requestsSent: this.#sent, streamsOpen: this.#channels.size }
  }

  /** Is a stream to `peer` open, or being opened? */
  has (peer: PeerInfo): boolean {
    return this.#channels.get(peer) != null
  }

  /** Is a stream to `peer` open? */
  reaches (peer: PeerInfo): boolean {
    return this.#channels.get(peer)?.isOpen === true
  }

  /** The same peer as it was known when its stream was opened, if a request to it is under way: whether it answers will be known by that. */
  asked (peer: PeerInfo): PeerInfo | undefined {
    const channel = this.#channels.get(peer)
    return channel == null || channel.idle ? undefined : channel.peer
  }

  /** The same peer as it was known when its stream was opened, if there is one: where it is. */
  opened (peer: PeerInfo): PeerInfo | undefined {
    return this.#channels.get(peer)?.peer
  }

  /** `peer` has answered where it is said to be: it is asked there, even if a stream to it is being opened elsewhere. */
  found (peer: PeerInfo): void {
    this.#channels.found(peer)
  }

  /** Milliseconds an answer of `peer` usually takes, opening a stream included if there is none. */
  expected (peer: PeerInfo): number {
    return this.#channels.expected(peer)
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
    const answer: Promise<Response> = this.#withChannel(peer, request, patience, (channel, frame, patience) => channel.request(frame, request, patience))
    return this.#observed(peer, request, patience.signal, answer) as Promise<ResponseTo<R['type']>> // decoding has checked the type
  }

  /**
   * Send an ADD_PROVIDER, which nobody answers. Resolves when it is on its way; the peer is late when its stream does not open in time.
   *
   * @throws as {@link RpcClient.request}, but for what concerns answers
   */
  async send (peer: PeerInfo, request: Extract<Request, { type: 'add-provider' }>, patience: Patience = {}): Promise<void> {
    return this.#observed(peer, request, patience.signal, this.#withChannel(peer, request, patience, (channel, frame, patience) => channel.send(frame, patience)))
  }

  #observed<T> (peer: PeerInfo, request: Request, signal: AbortSignal | undefined, result: Promise<T>): Promise<T> {
    const settle = this.#observer?.onRequest(request.type, peer)
    if (settle != null) {
      // to be given up is no failure
      result.then(() => { settle() }, err => { settle(err === signal?.reason ? undefined : err) })
    }
    return result
  }

  /** Close every stream, and open no more. Resolves when all are over. */
  async close (): Promise<void> {
    await this.#channels.close()
  }

  #withChannel<T> (peer: PeerInfo, request: Request, patience: Patience, use: Sending<T>['use']): Promise<T> {
    try {
      return this.#attempt({ peer, type: request.type, frame: requestFrame(request), patience, use }, false, false)
    } catch (err) {
      return Promise.reject(err)
    }
  }

  /** `lost`: somebody before us was what our stream died of. `again`: for another reason, this is the second time. */
  #attempt<T> (sending: Sending<T>, lost: boolean, again: boolean): Promise<T> {
    const { peer, frame, patience, use } = sending
    patience.signal?.throwIfAborted()
    const channel = this.#channels.use(peer)
    const { reused } = channel
    if (lost) {
      channel.goSlowly()
    }
    this.#sent++
    return use(channel, frame, patience).catch((err: unknown) => {
      if (err instanceof LostBehindError && err.cause instanceof StreamResetError) {
        return this.#attempt(sending, true, again) // each time, one that was before us is found out
      }
      if (!again && (err instanceof LostBehindError || (reused && err instanceof StreamResetError))) {
        return this.#attempt(sending, lost, true)
      }
      if (!again && reused && channel.isDead && sending.type !== 'put-value') { // rust leaves one unanswered that it does not keep
        // it was late: then nobody gives it up any more, and what becomes of the peer is still to be known
        return this.#attempt(patience.signal?.aborted === true ? { ...sending, patience: {} } : sending, lost, true)
      }
      throw err
    })
  }
}
