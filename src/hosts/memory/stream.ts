import { StreamResetError } from '../../rpc/errors.ts'
import { ReadHalf } from './read-half.ts'
import { Wire } from './wire.ts'
import { WriteHalf } from './write-half.ts'
import type { Medium } from './medium.ts'
import type { Segment } from './wire.ts'
import type { Stream } from '../../rpc/connection.ts'
import type { Source } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

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
export class MemoryStream implements Stream {
  readonly source: ReadHalf
  readonly sink: (source: Source<Uint8Array | Uint8ArrayList>) => Promise<void>
  readonly #wire: Wire
  readonly #writing: WriteHalf
  #onOver: () => void = () => {}
  #onAccept: () => void = () => {}
  #taken = 0
  #readEnded = false
  #writeEnded = false
  #over = false

  /** @param wire - where it sends */
  constructor (wire: Wire) {
    this.#wire = wire
    this.source = new ReadHalf(bytes => { this.#acknowledge(bytes) })
    const writing = new WriteHalf(WINDOW, {
      write: bytes => { wire.write(bytes) },
      close: () => { this.#close() },
      abort: err => { this.abort(err) }
    })
    this.#writing = writing
    this.sink = source => writing.sink(source)
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
        this.#onAccept()
        this.#onAccept = () => {} // the dial is over: let go of it
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

  #close (): void {
    this.#writeEnded = true
    this.#wire.send({ type: 'close' })
    this.#endIfDone()
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
      this.#onOver()
    }
  }
}

/** Both ends of a stream between two hosts. */
export function createStreams (medium: Medium, dialler: number, listener: number): [dialler: MemoryStream, listener: MemoryStream] {
  const there = new Wire(medium, dialler, listener)
  const back = new Wire(medium, listener, dialler)
  const ends: [MemoryStream, MemoryStream] = [new MemoryStream(there), new MemoryStream(back)]
  back.deliverTo(segment => { ends[0].receive(segment) })
  there.deliverTo(segment => { ends[1].receive(segment) })
  back.send({ type: 'accept' })
  return ends
}
