import { SourceWriter } from '../../iteration/source-writer.ts'
import { asError } from '../../rpc/errors.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Socket } from 'node:net'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList

/**
 * Writes to a socket no faster than it drains, then ends its write half.
 *
 * Writes of one turn of the event loop are corked into one system call, and into one
 * TLS record if they fit.
 */
export class SocketWriteHalf extends SourceWriter<Chunk> {
  readonly #connection: TcpConnection
  readonly #socket: Socket
  readonly #abort: (err: Error) => void
  #corked = false

  /**
   * @param connection - where to
   * @param abort - resets it, because what is to be written broke
   */
  constructor (connection: TcpConnection, abort: (err: Error) => void) {
    super()
    this.#connection = connection
    this.#socket = connection.socket
    this.#abort = abort
  }

  protected override take (chunk: Chunk): boolean {
    this.#cork()
    let hasRoom = true
    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      hasRoom = this.#socket.write(part)
    }
    if (!hasRoom) {
      this.#socket.once('drain', () => { this.resume() })
    }
    return hasRoom
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
