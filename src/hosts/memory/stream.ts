import { asError, StreamResetError } from '../../rpc/errors.ts'
import { ReadHalf } from './read-half.ts'
import { Wire } from './wire.ts'
import { WriteHalf } from './write-half.ts'
import type { Medium } from './medium.ts'
import type { Receiver, Segment } from './wire.ts'
import type { Written } from './write-half.ts'
import type { Stream } from '../../rpc/connection.ts'

/** Bytes of one direction that may be sent and not yet read: yamux' initial window, https://github.com/hashicorp/yamux/blob/master/spec.md#flow-control */
const WINDOW = 256 * 1024

/** Bytes: the writer hears of what was read when it is so much, not for each small message. */
const WINDOW_UPDATE = WINDOW / 2

/**
 * One end of a stream.
 *
 * ```
 * open ── our sink ends, sends close ──► half-closed ── their close arrives ──► over
 *   │ ◄───────── (or the other way round) ─────────►            │
 *   └── abort, sends reset; or their reset arrives ─────────────┴────────────► over
 * ```
 */
export class MemoryStream implements Stream, Receiver, Written {
  readonly source: ReadHalf
  readonly sink: Stream['sink']
  readonly #wire: Wire
  readonly #writing: WriteHalf
  #onOver: (() => void) | undefined
  #onAccept: (() => void) | undefined
  #taken = 0
  #readEnded = false
  #writeEnded = false
  #over = false

  /** @param wire - where it sends */
  constructor (wire: Wire) {
    this.#wire = wire
    this.source = new ReadHalf(bytes => { this.#acknowledge(bytes) })
    this.#writing = new WriteHalf(WINDOW, wire, this)
    this.sink = this.#writing.sink
  }

  /** Call `onOver` once, when nothing more will be sent or received. */
  whenOver (onOver: () => void): void {
    this.#onOver = onOver
  }

  /** Call `onAccept` when the dialled host has taken the stream. */
  whenAccepted (onAccept: () => void): void {
    this.#onAccept = onAccept
  }

  abort (err: Error): void {
    if (!this.#over) {
      this.#wire.send({ type: 'reset' })
    }
    this.#fail(err)
  }

  /** Something has arrived from the other end. */
  receive (segment: Segment): void {
    if (this.#over) {
      return
    }
    switch (segment.type) {
      case 'accept':
        this.#onAccept?.()
        this.#onAccept = undefined // the dial is over: let go of it
        return
      case 'data':
        this.source.push(segment.bytes)
        return
      case 'close':
        this.#readEnded = true
        this.source.end()
        this.#endIfDone()
        return
      case 'reset':
        this.#fail(new StreamResetError('the other side reset the stream'))
        return
      case 'window':
        this.#writing.grant(segment.bytes)
      // no default
    }
  }

  onEnd (): void {
    this.#writeEnded = true
    this.#endIfDone()
  }

  onThrown (thrown: unknown): void {
    this.abort(asError(thrown))
  }

  #acknowledge (bytes: number): void {
    this.#taken += bytes
    if (this.#taken >= WINDOW_UPDATE && !this.#readEnded && !this.#over) {
      this.#wire.send({ type: 'window', bytes: this.#taken })
      this.#taken = 0
    }
  }

  #fail (err: Error): void {
    this.source.fail(err)
    this.#writing.fail(err)
    this.#end()
  }

  #endIfDone (): void {
    if (this.#readEnded && this.#writeEnded) {
      this.#end()
    }
  }

  #end (): void {
    if (!this.#over) {
      this.#over = true
      this.#onOver?.()
    }
  }
}

/** Both ends of a stream between two hosts. */
export function createStreams (medium: Medium, dialler: number, listener: number): [dialler: MemoryStream, listener: MemoryStream] {
  const there = new Wire(medium, dialler, listener)
  const back = new Wire(medium, listener, dialler)
  const ends: [MemoryStream, MemoryStream] = [new MemoryStream(there), new MemoryStream(back)]
  back.deliverTo(ends[0])
  there.deliverTo(ends[1])
  back.send({ type: 'accept' })
  return ends
}
