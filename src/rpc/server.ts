import { pipe } from 'it-pipe'
import { Watchdog } from '../clock/watchdog.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { decodeRequest, encodeResponse, maxRequestFrame } from '../wire/codec.ts'
import { LimitError, TimeoutError } from './errors.ts'
import { readFrames } from './frames.ts'
import { ANSWER_TAKEN_TIMEOUT_MS, MAX_INBOUND_STREAMS, MAX_INBOUND_STREAMS_PER_PEER, SERVER_IDLE_MS, transferTime } from './limits.ts'
import { prefixed } from './outbox.ts'
import type { Stream } from './connection.ts'
import type { Handlers } from './handlers/handlers.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Request, Response } from '../wire/rpc.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface RpcServerInit {
  readonly handlers: Handlers
  readonly clock: Clock
  /** The largest record value accepted, bytes. */
  readonly maxRecordSize: number
  /** Milliseconds an inbound stream may be silent. Default: {@link SERVER_IDLE_MS}. */
  readonly idleMs?: number
  /** Inbound streams served at once from one peer. Default: {@link MAX_INBOUND_STREAMS_PER_PEER}. */
  readonly maxStreamsPerPeer?: number
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

/**
 * Serves inbound streams: any number of requests on each, one after another,
 * answered in order.
 *
 * Whatever is wrong with a request rejects the stream's promise, upon which the
 * host resets that stream; nothing else is affected.
 */
export class RpcServer {
  readonly #init: RpcServerInit
  readonly #streamsOf = new Map<string, number>()
  #streams = 0

  constructor (init: RpcServerInit) {
    this.#init = init
  }

  /** Inbound streams being served. */
  get streams (): number {
    return this.#streams
  }

  /**
   * Answer the requests on `stream` until `remote` ends it. Fits {@link Host.handle}.
   *
   * @throws {InvalidMessageError} a request that is not legal
   * @throws {InvalidRecordError} a record that its namespace refuses
   * @throws {LimitError} too many streams
   */
  async serve (stream: Stream, remote: PeerInfo): Promise<void> {
    const { maxStreamsPerPeer = MAX_INBOUND_STREAMS_PER_PEER } = this.#init
    const peer = bytesToMapKey(remote.id)
    const ofPeer = this.#streamsOf.get(peer) ?? 0
    if (this.#streams >= MAX_INBOUND_STREAMS || ofPeer >= maxStreamsPerPeer) {
      throw new LimitError(`too many inbound streams: ${ofPeer} of this peer, ${this.#streams} in all`)
    }
    this.#streams++
    this.#streamsOf.set(peer, ofPeer + 1)
    try {
      await this.#answerAll(stream, remote)
    } finally {
      this.#streams--
      this.#release(peer)
    }
  }

  async #answerAll (stream: Stream, remote: PeerInfo): Promise<void> {
    const { clock, maxRecordSize, idleMs = SERVER_IDLE_MS, requestMs } = this.#init
    const requests = readFrames(stream, clock, { maxBytes: maxRequestFrame(maxRecordSize), idleMs, frameMs: requestMs })
    const taken = new Watchdog(clock, () => {
      stream.abort(new TimeoutError('an answer was not read in time'))
    })
    try {
      await pipe(requests, requests => new Answers(this.#init, requests, remote, taken), stream.sink)
    } finally {
      taken.stop()
      await requests.return?.()
    }
  }

  #release (peer: string): void {
    const left = (this.#streamsOf.get(peer) ?? 0) - 1
    if (left > 0) {
      this.#streamsOf.set(peer, left)
    } else {
      this.#streamsOf.delete(peer)
    }
  }
}

type Result = IteratorResult<Uint8ArrayList, undefined>

/**
 * The answers to the requests on one stream, as they travel; the stream iterates them.
 *
 * An iterator of its own rather than a generator, which would keep the last request and
 * its answer in memory for as long as the stream idles.
 */
class Answers implements AsyncIterableIterator<Uint8ArrayList, undefined> {
  readonly #init: RpcServerInit
  readonly #remote: PeerInfo
  readonly #requests: AsyncIterator<Uint8ArrayList, undefined>
  /** Bites when the peer does not take an answer. */
  readonly #taken: Watchdog
  /** The answers to the request under way. */
  #current: AsyncIterator<Response> | undefined
  #settle: ((error?: unknown) => void) | undefined

  constructor (init: RpcServerInit, requests: AsyncIterator<Uint8ArrayList, undefined>, remote: PeerInfo, taken: Watchdog) {
    this.#init = init
    this.#requests = requests
    this.#remote = remote
    this.#taken = taken
  }

  async next (): Promise<Result> {
    this.#taken.clear()
    for (;;) {
      const frame = await this.#nextOfCurrent()
      if (frame != null) {
        this.#taken.set(ANSWER_TAKEN_TIMEOUT_MS + transferTime(frame.byteLength))
        return { done: false, value: prefixed(frame) }
      }
      const request = await this.#requests.next()
      if (request.done === true) {
        return request
      }
      this.#begin(request.value)
    }
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  #begin (frame: Uint8ArrayList): void {
    const { handlers, maxRecordSize, observer } = this.#init
    const request = decodeRequest(frame, this.#remote.id, { maxRecordSize })
    this.#settle = observer?.onRequest(request.type, this.#remote)
    this.#current = answer(handlers, request, this.#remote)[Symbol.asyncIterator]()
  }

  /** The next answer to the request under way, encoded; undefined when there is no more. */
  async #nextOfCurrent (): Promise<Uint8Array | undefined> {
    if (this.#current == null) {
      return undefined
    }
    try {
      const { done, value } = await this.#current.next()
      if (done !== true) {
        return encodeResponse(value)
      }
    } catch (err) {
      this.#settle?.(err)
      throw err
    }
    this.#current = undefined
    this.#settle?.()
    return undefined
  }
}

function answer (handlers: Handlers, request: Request, from: PeerInfo): AsyncIterable<Response> {
  switch (request.type) {
    case 'ping': return handlers.ping(request, from)
    case 'find-node': return handlers['find-node'](request, from)
    case 'get-value': return handlers['get-value'](request, from)
    case 'put-value': return handlers['put-value'](request, from)
    case 'get-providers': return handlers['get-providers'](request, from)
    default: return handlers['add-provider'](request, from)
  }
}
