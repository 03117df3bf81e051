import { SourceWriter } from '../../iteration/source-writer.ts'
import { asError } from '../../rpc/errors.ts'
import { MAX_WRITE_BYTES } from './limits.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Socket } from 'node:net'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList

/**
 * Writes to a socket no faster than it drains, then ends its write half.
 *
 * Writes of one turn of the event loop are corked into one system call, and into one
 * TLS record if they fit. With TLS long ones go in pieces, the next when the one before is with the kernel: Node.js
 * encrypts a write as a whole, and a TLS socket keeps the memory that this took until it closes.
 */
export class SocketWriteHalf extends SourceWriter<Chunk> {
  readonly #connection: TcpConnection
  readonly #socket: Socket
  readonly #abort: (err: Error) => void
  /** Bytes that are written at once. */
  readonly #piece: number
  #corked = false
  /** What is left of a chunk that was too long for one turn. */
  readonly #rest: Uint8Array[] = []

  /**
   * @param connection - where to
   * @param abort - resets it, because what is to be written broke
   */
  constructor (connection: TcpConnection, abort: (err: Error) => void) {
    super()
    this.#connection = connection
    this.#socket = connection.socket
    this.#abort = abort
    this.#piece = connection.socket === connection.raw ? Infinity : MAX_WRITE_BYTES
  }

  protected override take (chunk: Chunk): boolean {
    this.#cork()
    let hasRoom = true
    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      if (this.#rest.length > 0 || part.byteLength > this.#piece) {
        this.#rest.push(part)
      } else {
        hasRoom = this.#socket.write(part)
      }
    }
    return this.#hasGone(hasRoom)
  }

  /** Writes as much of the rest as there is room for; false: there is none, for it or for more. */
  #hasGone (hasRoom: boolean): boolean {
    while (hasRoom && this.#rest.length > 0) {
      const [part] = this.#rest
      hasRoom = this.#socket.write(part.subarray(0, this.#piece))
      this.#rest.splice(0, 1, ...part.byteLength > this.#piece ? [part.subarray(this.#piece)] : [])
    }
    if (!hasRoom) {
      this.#socket.once('drain', this.#onDrain)
    }
    return hasRoom
  }

  readonly #onDrain = (): void => {
    this.#cork() // lest what is written overtake a reset: it would take the error, and we read a clean end
    if (this.#hasGone(true)) {
      this.resume()
    }
  }

  protected override async end (): Promise<void> {
    if (this.#socket.writableFinished) {
      return
    }
    if (this.#socket.writableLength > 0) {
      // until all is with the kernel, an abort must still be able to reset, which it cannot during a shutdown
      await new Promise<void>(resolve => { this.#socket.write(new Uint8Array(0), () => { resolve() }) })
    }
    await new Promise<void>(resolve => {
      this.#socket.once('finish', resolve)
      this.#connection.end()
    })
  }

  protected override abort (thrown: unknown): void {
    this.#abort(asError(thrown))
  }

  #cork (): void {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      // runs when every socket that can be read now has been, and its readers have had their say
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
  }
}
