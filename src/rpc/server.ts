import { pipe } from 'it-pipe'
import { nameOf } from '../keyspace/contact.ts'
import { Answers } from './answers.ts'
import { LimitError } from './errors.ts'
import { FrameBudget } from './frame-budget.ts'
import { MAX_INBOUND_STREAMS, MAX_INBOUND_STREAMS_PER_PEER, MAX_UNFINISHED_BYTES } from './limits.ts'
import { Line } from './line.ts'
import type { AnswersInit, Shared } from './answers.ts'
import type { Stream } from './connection.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

export interface RpcServerInit extends AnswersInit {
  /** Inbound streams served at once from one peer. Default: {@link MAX_INBOUND_STREAMS_PER_PEER}. */
  readonly maxStreamsPerPeer?: number
  /** Inbound streams served at once, from all peers: beyond that the oldest of whoever has the most is reset. Default: {@link MAX_INBOUND_STREAMS}. */
  readonly maxStreams?: number
  /** Bytes of requests that have not come in whole yet, on all streams: beyond that the longest is reset. Default: {@link MAX_UNFINISHED_BYTES}. */
  readonly maxUnfinishedBytes?: number
  /** Bytes of long answers that peers have not read yet, on all streams: beyond that the stream with the longest is reset. Default: {@link MAX_UNFINISHED_BYTES}. */
  readonly maxUntakenBytes?: number
}

/**
 * Serves inbound streams: any number of requests on each, answered in order.
 *
 * Whatever is wrong with a request rejects the stream's promise, upon which the
 * host resets that stream; nothing else is affected.
 */
export class RpcServer {
  readonly #init: RpcServerInit
  readonly #streamsOf = new Map<string, number>()
  /** What is served, oldest first. */
  readonly #served = new Set<Answers>()
  readonly #shared: Shared

  constructor (init: RpcServerInit) {
    this.#init = init
    const { clock, maxUnfinishedBytes = MAX_UNFINISHED_BYTES, maxUntakenBytes = MAX_UNFINISHED_BYTES } = init
    this.#shared = { line: new Line(clock), unfinished: new FrameBudget(maxUnfinishedBytes), untaken: new FrameBudget(maxUntakenBytes), beside: 0 }
  }

  /** Inbound streams being served. */
  get streams (): number {
    return this.#served.size
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
    const peer = nameOf(remote)
    const ofPeer = this.#streamsOf.get(peer) ?? 0
    if (ofPeer >= maxStreamsPerPeer || !this.#hasRoomFor(ofPeer + 1)) {
      throw new LimitError(`too many inbound streams: ${ofPeer} of this peer, ${this.streams} in all`)
    }
    const answers = new Answers(this.#init, this.#shared, stream, remote, peer)
    this.#served.add(answers)
    this.#streamsOf.set(peer, ofPeer + 1)
    try {
      await pipe(answers, async frames => stream.sink(frames))
    } finally {
      answers.stop()
      this.#release(answers)
    }
  }

  /** May there be another stream, of a peer that would have `count`? Makes room where somebody has more. */
  #hasRoomFor (count: number): boolean {
    if (this.streams < (this.#init.maxStreams ?? MAX_INBOUND_STREAMS)) {
      return true
    }
    const most = Math.max(...this.#streamsOf.values())
    for (const answers of most > count ? this.#served : []) {
      if (this.#streamsOf.get(answers.peer) === most) {
        this.#release(answers)
        answers.abort(new LimitError(`too many inbound streams: ${most} of this peer`))
        return true
      }
    }
    return false
  }

  /** Harmless if that was done before. */
  #release (answers: Answers): void {
    if (!this.#served.delete(answers)) {
      return
    }
    const left = (this.#streamsOf.get(answers.peer) ?? 0) - 1
    if (left > 0) {
      this.#streamsOf.set(answers.peer, left)
    } else {
      this.#streamsOf.delete(answers.peer)
    }
  }
}
