import { encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { Watchdog } from '../clock/watchdog.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { decodeRequest, encodeResponse, maxRequestFrame } from '../wire/codec.ts'
import { LimitError, TimeoutError } from './errors.ts'
import { readFrames } from './frames.ts'
import { ANSWER_TAKEN_TIMEOUT_MS, MAX_INBOUND_STREAMS, MAX_INBOUND_STREAMS_PER_PEER, SERVER_IDLE_MS, transferTime } from './limits.ts'
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

  #release (peer: string): void {
    const left = (this.#streamsOf.get(peer) ?? 0) - 1
    if (left > 0) {
      this.#streamsOf.set(peer, left)
    } else {
      this.#streamsOf.delete(peer)
    }
  }

  async #answerAll (stream: Stream, remote: PeerInfo): Promise<void> {
    const { clock, maxRecordSize, idleMs = SERVER_IDLE_MS, requestMs } = this.#init
    const taken = new Watchdog(clock, () => {
      stream.abort(new TimeoutError('an answer was not read in time'))
    })
    try {
      await pipe(
        readFrames(stream, clock, { maxBytes: maxRequestFrame(maxRecordSize), idleMs, frameMs: requestMs }),
        frames => this.#answers(frames, remote),
        answers => encodeAnswers(answers, taken),
        answers => encode(answers, { maxDataLength: Infinity }),
        stream.sink
      )
    } finally {
      taken.stop()
    }
  }

  async * #answers (frames: AsyncIterable<Uint8ArrayList>, remote: PeerInfo): AsyncGenerator<Response> {
    const { maxRecordSize, handlers, observer } = this.#init
    for await (const frame of frames) {
      const request = decodeRequest(frame, remote.id, { maxRecordSize })
      const settle = observer?.onRequest(request.type, remote)
      try {
        yield * answer(handlers, request, remote)
      } catch (err) {
        settle?.(err)
        throw err
      }
      settle?.()
    }
  }
}

async function * encodeAnswers (answers: AsyncIterable<Response>, taken: Watchdog): AsyncGenerator<Uint8Array> {
  for await (const response of answers) {
    const frame = encodeResponse(response)
    taken.set(ANSWER_TAKEN_TIMEOUT_MS + transferTime(frame.byteLength))
    yield frame
    taken.clear()
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
