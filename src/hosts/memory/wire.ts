import { Uint8ArrayList } from 'uint8arraylist'
import type { Medium } from './medium.ts'

/** Bytes: what is written at one instant travels together up to this size, that of the greatest IP packet. */
const MAX_MESSAGE_SIZE = 65_536

/** What travels along one direction of a stream. */
export type Segment =
  /** The dialled host has taken the stream. */
  | { readonly type: 'accept' }
  | { readonly type: 'data', readonly bytes: Uint8ArrayList }
  /** There will be no more data. */
  | { readonly type: 'close' }
  | { readonly type: 'reset' }
  /** The reader has taken so many bytes: as many more may be sent. */
  | { readonly type: 'window', readonly bytes: number }

/** Who is at the end of a wire. */
export interface Receiver {
  receive (segment: Segment): void
}

interface Underway {
  readonly segment: Segment
  /** When it was sent, and when it arrives unless it has to wait for one before it: milliseconds since the Unix epoch. */
  readonly sent: number
  readonly arrival: number
  readonly lost: boolean
}

/**
 * One direction of a stream: a queue in which nothing overtakes. After the first loss
 * nothing arrives any more, as on a connection that is dead without knowing it.
 * What is in it is bounded by the window of the stream.
 */
export class Wire {
  readonly #medium: Medium
  readonly #from: number
  readonly #to: number
  readonly #queue: Underway[] = []
  #receiver: Receiver | undefined
  #silent = false
  #moving = false

  constructor (medium: Medium, from: number, to: number) {
    this.#medium = medium
    this.#from = from
    this.#to = to
  }

  deliverTo (receiver: Receiver): void {
    this.#receiver = receiver
  }

  write (bytes: Uint8Array | Uint8ArrayList): void {
    this.#medium.counters.bytes += bytes.byteLength
    if (!this.#appendToLast(bytes)) {
      this.#medium.counters.messages++
      this.send({ type: 'data', bytes: new Uint8ArrayList(bytes) })
    }
  }

  send (segment: Segment): void {
    const medium = this.#medium
    if (medium.crashed.has(this.#from)) {
      return
    }
    const sent = medium.clock.now()
    const lost = segment.type !== 'window' && medium.loses()
    const arrival = sent + medium.latency(this.#from, this.#to)
    this.#queue.push({ segment, sent, arrival, lost })
    this.#move()
  }

  /** Bytes written one after the other at the same instant are one message. */
  #appendToLast (bytes: Uint8Array | Uint8ArrayList): boolean {
    const last = this.#queue.at(-1)
    if (last?.segment.type !== 'data' || last.sent !== this.#medium.clock.now() || last.segment.bytes.byteLength + bytes.byteLength > MAX_MESSAGE_SIZE) {
      return false
    }
    last.segment.bytes.append(bytes)
    return true
  }

  /** One timer a wire is enough: for the segment that arrives next. */
  #move (): void {
    const [next] = this.#queue
    if (this.#moving || next == null) {
      return
    }
    this.#moving = true
    this.#medium.carry(next.arrival - this.#medium.clock.now(), () => {
      this.#moving = false
      this.#arrive(next.arrival)
      this.#move()
    })
  }

  #arrive (time: number): void {
    for (let next = this.#queue.shift(); next != null; next = this.#queue.shift()) {
      this.#deliver(next)
      if (this.#queue.length === 0 || this.#queue[0].arrival > time) {
        return
      }
    }
  }

  #deliver ({ segment, lost }: Underway): void {
    this.#silent ||= lost || !this.#medium.reaches(this.#from, this.#to)
    this.#log(segment)
    if (!this.#silent) {
      this.#receiver?.receive(segment)
    }
  }

  /** An answer to a dial is logged only when it is lost, and a window update never: it is to a stream what an acknowledgement is to TCP. */
  #log (segment: Segment): void {
    const bytes = segment.type === 'data' ? segment.bytes.byteLength : 0
    if (segment.type !== 'window' && segment.type !== 'accept') {
      this.#medium.record(this.#silent ? 'lost' : segment.type, this.#from, this.#to, bytes)
    } else if (segment.type === 'accept' && this.#silent) {
      this.#medium.record('lost', this.#from, this.#to)
    }
  }
}
